"""Tensors whose elements stand in the opposite order along some dimensions."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import VectorProgram
from simdc.ir.base import TENSOR, LayerOp, operand, shape_of
from simdc.ir.gradient import Backward, give_input, rule_for
from simdc.ir.movement import channels_first, copy_nest, dimension_names, lanes_loop


@irdl_op_definition
class ReverseOp(LayerOp):
    """`result[i, j] = input[rows - 1 - i, j]` for axes [0]. The kernel's `x` is the input from its end on: a copy whose
    addresses run backwards."""

    name = "simdc.reverse"

    input = operand_def(TENSOR)
    axes = prop_def(DenseArrayBase.constr(i64))
    result = result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue, *, axes: Sequence[int]):
        super().__init__(layer, input, axes=tuple(axes))

    def result_shape(self) -> tuple[int, ...]:
        shape, axes = shape_of(self.input), self.axes.get_values()
        dimension_names(shape)
        if not axes or len(set(axes)) != len(axes) or any(not 0 <= axis < len(shape) for axis in axes):
            raise VerifyException(f"axes are dimensions 0 to {len(shape) - 1}, each once, got {list(axes)}")
        return shape

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.input)
        names = dimension_names(shape)
        bounds = dict(zip(names, shape, strict=True))
        x, y = operand("x", self.input, names), operand("y", self.result, names)
        lanes = lanes_loop(names, self.axes.get_values())
        nest = copy_nest([(name, bounds[name]) for name in channels_first(names)], y, x, lanes)
        return VectorProgram("reverse", (nest,), lanes)


@rule_for(ReverseOp)
def reverse_gradient(op: ReverseOp, back: Backward) -> None:
    """Turned back."""
    axes = op.axes.get_values()
    give_input(back, op.input, ReverseOp(f"{op.layer.data}.grad_input", back.upstream(op.result), axes=axes))
