"""Runs one op by its kernel: what the cost models count, on the op's own arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.ir import SSAValue

from simdc.cost.kernel import Contraction, VectorProgram
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.ops.contraction import ContractionOp
from simdc.ir.ops.conv import ConvolutionInputGradOp, ConvolutionWeightGradOp
from simdc.ir.ops.conv_transpose import TransposedConvolutionOp
from simdc.ir.ops.matmul import MatMulOp
from simdc.named import NamedTuple

from .arrays import Array
from .at_place import BY_PLACE
from .boxes import BY_BOX
from .contraction import run_contraction
from .gather import BY_ROWS
from .nest import BY_NEST, laid_sides
from .program import run_program
from .recurrent import BY_GATES

OPERAND_NAMES: dict[str, tuple[str, ...]] = {
    "input": ("x",),
    "prediction": ("x", "p"),
    "lhs": ("a",),
    "rhs": ("b",),
    "gradient": ("gradient", "a"),
    "output": ("y", "b"),
}
"""What programs call an op's operands, where that is not the operand's own name."""
SPECIAL = BY_ROWS | BY_GATES | BY_NEST | BY_PLACE | BY_BOX
"""How to run kernels whose operands are not those of their op one by one."""
RESULT_NAMES = ("y", "dx")
"""What programs call a result that has not its own name."""


class KernelRun(NamedTuple):
    """The op's results as its kernel computes them, and the operations that ran (`mac` for a contraction)."""

    results: tuple[Array, ...]
    ops: dict[str, int]


def run_kernel(op: LayerOp, arguments: Sequence[Array]) -> KernelRun:
    """Run the kernel of `op`, which must have one, on the values of the op's operands."""
    kernel = op.kernel()
    if isinstance(kernel, Contraction):
        run = run_contraction(kernel, *contraction_operands(op, arguments))
        return KernelRun((run.psum.reshape(shape_of(op.results[0])),), {"mac": run.macs})
    assert isinstance(kernel, VectorProgram), f"{op.name} computes nothing by itself"
    if type(op) in SPECIAL:
        found, run = SPECIAL[type(op)](op, kernel, arguments)
        return KernelRun(found, run.ops)
    return _run_vector_program(op, kernel, arguments)


def contraction_operands(op: LayerOp, arguments: Sequence[Array]) -> tuple[Array, ...]:
    """Ifmap, weight and bias in the form that the kernel's access maps expect: the weight of an input gradient or a
    transposed convolution turned by half, zeros between the elements of what the layer spreads by its stride."""
    if isinstance(op, (ConvolutionInputGradOp, TransposedConvolutionOp)):
        x, weight, *bias = arguments
        return dilated(x, op.stride.get_values()), np.flip(weight, tuple(range(2, weight.ndim))), *bias
    if isinstance(op, ConvolutionWeightGradOp):
        x, gradient = arguments
        return x, dilated(gradient, op.stride.get_values())
    if isinstance(op, ContractionOp):
        arguments = laid_sides(op, arguments)
    if isinstance(op, (MatMulOp, ContractionOp)) and op.stationary == "lhs":
        lhs, rhs, *start = arguments
        return rhs, lhs, *start
    return tuple(arguments)


def dilated(gradient: Array, stride: Sequence[int]) -> Array:
    """[n, c, oh, ow] with stride - 1 zeros between neighbours: [n, c, (oh - 1)*s + 1, (ow - 1)*s + 1]."""
    n, channels, *positions = gradient.shape
    sizes = [(length - 1) * step + 1 for length, step in zip(positions, stride, strict=True)]
    spread: Array = np.zeros((n, channels, *sizes))
    spread[:, :, *(slice(None, None, step) for step in stride)] = gradient
    return spread


def _run_vector_program(op: LayerOp, program: VectorProgram, arguments: Sequence[Array]) -> KernelRun:
    definition = op.get_irdl_definition()
    given = [name for field, _ in definition.operands for name in _operand_names(op, field)]
    made = [field for field, _ in definition.results if getattr(op, field) is not None]
    written = {operand.name for nest in program.nests for operand in nest.outputs}
    shapes = {operand.name: operand.shape for nest in program.nests for operand in nest.inputs}
    inputs: dict[str, Array] = {}
    for field, value in zip(given, arguments, strict=True):
        names = [name for name in (field, *OPERAND_NAMES.get(field, ())) if name in shapes]
        # The narrow weight beside a master is written only. What is read in parts is x, x_high, ...
        parts = [part for name in names[:1] for part in shapes if part == name or part.startswith(f"{name}_")]
        inputs |= {part: value.reshape(shapes[part]) for part in parts}
    run = run_program(program, inputs)
    results = (_result(field, written, run.arrays).reshape(shape_of(getattr(op, field))) for field in made)
    return KernelRun(tuple(results), run.ops)


def _operand_names(op: LayerOp, field: str) -> list[str]:
    """The operand's name, x0, x1, ... for one that stands for several, nothing for one that is absent."""
    value = getattr(op, field)
    if isinstance(value, SSAValue):
        return [field]
    return [] if value is None else [f"x{number}" for number in range(len(value))]


def _result(field: str, written: set[str], arrays: dict[str, Array]) -> Array:
    """A result under its own name or the program's, or put together from its parts, each of which wrote some of it and
    left the rest undefined: y0, y1, ... or, where there are several results, values_0, values_1, ..."""
    name = next((name for name in (field, *RESULT_NAMES) if name in written), None)
    if name is not None:
        return arrays[name]
    own = [part for part in written if part.startswith(f"{field}_")]
    parts = np.stack([arrays[part] for part in own or [part for part in written if part.startswith("y")]])
    writers = np.count_nonzero(~np.isnan(parts), axis=0)
    whole: Array = np.where(writers == 1, np.nansum(parts, axis=0), np.nan)
    return whole
