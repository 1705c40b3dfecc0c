"""Contractions and programs from another compiler's IR, which are what their kernels say."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.cost.kernel import Contraction, VectorProgram
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.ops.contraction import ContractionOp
from simdc.ir.ops.program import ProgramOp

from .arrays import Array, Arrays
from .contraction import run_contraction
from .program import ProgramRun, run_program


def _run(op: LayerOp, program: VectorProgram, arguments: Sequence[Array]) -> tuple[Arrays, ProgramRun]:
    """Operands are x0, x1, ..., results y0, y1, ..."""
    loaded = {operand.name: operand.shape for nest in program.nests for operand in nest.inputs}
    given = {f"x{number}": value for number, value in enumerate(arguments)}
    run = run_program(program, {name: given[name].reshape(shape) for name, shape in loaded.items()})
    results = (run.arrays[f"y{number}"].reshape(shape_of(result)) for number, result in enumerate(op.results))
    return tuple(results), run


BY_NEST = {ProgramOp: _run, ContractionOp: _run}
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
        return (run_contraction(kernel, *args).psum.reshape(shape_of(op.result)),)
