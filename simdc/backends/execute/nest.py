"""Contractions and programs from another compiler's IR, which are what their kernels say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.cost.kernel import Contraction, VectorProgram
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.nest_text import parse_nest
from simdc.ir.ops.contraction import ContractionOp
from simdc.ir.ops.program import ProgramOp

from .arrays import Array, Arrays
from .contraction import run_contraction
from .gather import RowRun
from .program import ProgramRun, run_program


def _run(op: LayerOp, program: VectorProgram, arguments: Sequence[Array]) -> tuple[Arrays, ProgramRun]:
    """Operands are x0, x1, ..., results y0, y1, ..."""
    loaded = {operand.name: operand.shape for nest in program.nests for operand in nest.inputs}
    given = {f"x{number}": value for number, value in enumerate(arguments)}
    run = run_program(program, {name: given[name].reshape(shape) for name, shape in loaded.items()})
    results = (run.arrays[f"y{number}"].reshape(shape_of(result)) for number, result in enumerate(op.results))
    return tuple(results), run


def laid_sides(op: ContractionOp, arguments: Sequence[Array]) -> tuple[Array, ...]:
    """The sides as the kernel's access maps expect them: zeros between elements that lie apart, and what is read
    backwards turned round."""
    lhs, rhs, *start = arguments
    shape, steps = parse_nest(op.nest.data).inputs[0].shape, op.distances
    spread: Array = np.zeros(shape)
    spread[tuple(slice(None, None, step) for step in steps)] = lhs.reshape(
        [(size - 1) // step + 1 for size, step in zip(shape, steps, strict=True)]
    )
    return spread, np.flip(rhs, op.backwards), *start


def _run_sum(op: ContractionOp, program: VectorProgram, arguments: Sequence[Array]) -> tuple[Arrays, ProgramRun]:
    return _run(op, program, laid_sides(op, arguments))


BY_NEST: dict[type[LayerOp], RowRun] = {ProgramOp: _run, ContractionOp: _run_sum}
"""How to run vector programs of these ops."""


@register_impls
class NestFunctions(InterpreterFunctions):
    @impl(ProgramOp)
    def program(self, interpreter: Interpreter, op: ProgramOp, args: Arrays) -> Arrays:
        return _run(op, op.kernel(), args)[0]

    @impl(ContractionOp)
    def contraction(self, interpreter: Interpreter, op: ContractionOp, args: Arrays) -> Arrays:
        kernel = op.forms()["rhs_stationary"].kernel(op.accumulator_bits)
        assert isinstance(kernel, Contraction)
        return (run_contraction(kernel, *laid_sides(op, args)).psum.reshape(shape_of(op.result)),)
