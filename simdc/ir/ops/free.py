"""Ops that move and compute nothing on this machine. They stay in the graph and reports name them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Annotated, ClassVar

from xdsl.dialects.builtin import FloatAttr, f64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.ir.base import TENSOR, LayerOp, make_tensor_type, shape_of, tensor_type
from simdc.ir.builder import ModuleBuilder
from simdc.ir.gradient import Backward, give_input, rule_for
from simdc.ir.layers import layer, plain_layer
from simdc.ir.options import Real, Sizes


def viewed_axis(shape: Sequence[int], axis: int | None, viewed: Sequence[int]) -> int | None:
    """Where dimension `axis` of `shape` is whole in another shape of the same data: as long, with as many elements
    outside it."""
    # [2, 8, 1, 50] read as [2, 8, 50]: two times eight channels. Read as [2, 2, 4, 50] they are cut.
    if axis is None:
        return None
    outside = prod(shape[:axis])
    places = [at for at, size in enumerate(viewed) if size == shape[axis] and prod(viewed[:at]) == outside]
    return places[0] if places else None


@irdl_op_definition
class FlattenOp(LayerOp):
    """[n, c, h, w] read as [n, c*h*w]: another shape for the same data in DRAM."""

    name = "simdc.flatten"
    UNIT: ClassVar = None

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        n, *rest = shape_of(self.input)
        return (n, prod(rest))

    def channel_axis(self, axis_of: Callable[[SSAValue], int | None]) -> int | None:
        return viewed_axis(shape_of(self.input), axis_of(self.input), shape_of(self.result))

    def kernel(self) -> None:
        return None


@irdl_op_definition
class ReshapeOp(LayerOp):
    """The same data read with another shape of as many elements: squeeze and unsqueeze, and the gradient of flatten."""

    name = "simdc.reshape"
    UNIT: ClassVar = None

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue, *, shape: Sequence[int]):
        super().__init__(layer, input, result=make_tensor_type(tensor_type(input).element_type, tuple(shape)))

    def result_shape(self) -> tuple[int, ...]:
        shape, found = shape_of(self.result), shape_of(self.input)
        if prod(shape) != prod(found):
            raise VerifyException(f"cannot read {list(found)} as {list(shape)}")
        return shape

    def channel_axis(self, axis_of: Callable[[SSAValue], int | None]) -> int | None:
        return viewed_axis(shape_of(self.input), axis_of(self.input), shape_of(self.result))

    def kernel(self) -> None:
        return None


@irdl_op_definition
class DropoutOp(LayerOp):
    """The identity in inference. `rate` is the share of elements that training drops."""

    name = "simdc.dropout"
    UNIT: ClassVar = None

    input = operand_def(TENSOR)
    rate = prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        if not 0 <= self.rate.value.data < 1:
            raise VerifyException(f"rate must be at least 0 and below 1, got {self.rate.value.data:g}")
        return shape_of(self.input)

    def kernel(self) -> None:
        return None


@rule_for(FlattenOp, ReshapeOp)
def view_gradient(op: FlattenOp | ReshapeOp, back: Backward) -> None:
    gradient = ReshapeOp(f"{op.layer.data}.grad_input", back.upstream(op.result), shape=shape_of(op.input))
    give_input(back, op.input, gradient)


plain_layer("flatten", FlattenOp, "`[n, c, h, w]` read as `[n, c*h*w]`; moves nothing.")


@layer
def dropout(
    net: ModuleBuilder, name: str, x: SSAValue, *, rate: Annotated[Real, "at least 0, below 1"] = 0.5
) -> SSAValue:
    """Drops values while training."""
    return net.append(DropoutOp(name, x, rate=rate), name)


@layer
def reshape(net: ModuleBuilder, name: str, x: SSAValue, *, shape: Sizes) -> SSAValue:
    """Another shape for the same values; moves nothing."""
    return net.append(ReshapeOp(name, x, shape=(shape_of(x)[0], *shape)), name)
