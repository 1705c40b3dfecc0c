"""Another order of a tensor's dimensions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import VectorProgram
from simdc.ir.base import TENSOR, LayerOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.gradient import Backward, give_input, rule_for
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import image, layer
from simdc.ir.movement import channels_first, copy_nest, dimension_names
from simdc.ir.options import Axes, Positive

from .free import ReshapeOp


@irdl_op_definition
class TransposeOp(LayerOp):
    """Dimension d of the result is dimension `permutation[d]` of the input, which has six at most.

    Channel shuffle is a reshape to [n, g, c, h, w], this with [0, 2, 1, 3, 4], and a reshape back.

    Every element is copied. No dimension is cut or moved along itself, so any loop may lie across the lanes: the
    longest does, the last of those. That takes transfers which gather one of the tensors along a dimension whose
    elements are not neighbours in DRAM; the model prices bits, not bursts. Loops are named after the input's
    dimensions; the name `c` is for channels that stay channels.
    """

    name = "simdc.transpose"

    input = operand_def(TENSOR)
    permutation = prop_def(DenseArrayBase.constr(i64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        return _permuted(shape_of(self.input), self.permutation.get_values())

    def channel_axis(self, axis_of: Callable[[SSAValue], int | None]) -> int | None:
        axis = axis_of(self.input)
        return None if axis is None else self.permutation.get_values().index(axis)

    def kernel(self) -> VectorProgram:
        shape, permutation = shape_of(self.input), self.permutation.get_values()
        names = dimension_names(shape)
        if len(shape) > 4 or len(shape) < 2 or permutation[1] != 1:
            names = tuple("k" if name == "c" else name for name in names)
        bounds = dict(zip(names, shape, strict=True))
        lanes = max(reversed(names), key=lambda name: bounds[name])
        source = operand("x", self.input, names)
        target = operand("y", self.result, [names[axis] for axis in permutation])
        order = channels_first(names)
        nest = copy_nest([(name, bounds[name]) for name in order], target, source, lanes)
        return VectorProgram("transpose", (nest,), lanes=lanes)


def _permuted(shape: Sequence[int], permutation: Sequence[int]) -> tuple[int, ...]:
    dimension_names(shape)
    if sorted(permutation) != list(range(len(shape))):
        raise VerifyException(f"permutation must name each of 0 to {len(shape) - 1} once, got {list(permutation)}")
    return tuple(shape[axis] for axis in permutation)


@rule_for(TransposeOp)
def transpose_gradient(op: TransposeOp, back: Backward) -> None:
    permutation = op.permutation.get_values()
    inverse = [permutation.index(axis) for axis in range(len(permutation))]
    gradient = TransposeOp(f"{op.layer.data}.grad_input", back.upstream(op.result), permutation=inverse)
    give_input(back, op.input, gradient)


@layer
def transpose(net: ModuleBuilder, name: str, x: SSAValue, *, permutation: Axes) -> SSAValue:
    """Dimension d of the result is dimension `permutation[d]` of the input."""
    return net.append(TransposeOp(name, x, permutation=permutation), name)


@layer
def channel_shuffle(net: ModuleBuilder, name: str, x: SSAValue, *, groups: Positive) -> SSAValue:
    """Channels of all groups in turn: reshape, transpose, reshape."""
    n, channels, *size = image(x)
    if channels % groups:
        raise LayerError(f"{channels} channels cannot be shuffled in {groups} groups", "groups")
    apart = net.append(ReshapeOp(f"{name}.groups", x, shape=(n, groups, channels // groups, *size)), f"{name}.groups")
    shuffled = net.append(TransposeOp(name, apart, permutation=(0, 2, 1, 3, 4)), name)
    return net.append(ReshapeOp(f"{name}.channels", shuffled, shape=shape_of(x)), f"{name}.channels")
