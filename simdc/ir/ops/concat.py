"""Joining tensors along a dimension: data is copied in DRAM.

A position along the joined dimension is another in the result than in its operand, so that dimension does not lie
across the lanes: where channels are joined the image's width does, or the batch where there is no image.
"""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, prop_def, result_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import LoopNest, VectorProgram
from simdc.ir.base import TENSOR, LayerOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.fields import Value
from simdc.ir.gradient import Backward, give_input, rule_for
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import layer
from simdc.ir.movement import check_axis, dimension_names, lanes_loop
from simdc.ir.options import Axis, Freeze

from .expand import ExpandOp
from .pad import SliceOp, copy_along, index_along, names_along, resized

CHANNELS = IntegerAttr(1, i64)
MOST_INPUTS = 4096
"""Of a concatenation: each has a nest of its own in its program."""


@irdl_op_definition
class ConcatOp(LayerOp):
    """The inputs one after the other along `axis`, by default the channels; all other sizes are equal. One nest copies
    each input `x0`, `x1`, ... to its part `y0`, `y1`, ... of the result."""

    name = "simdc.concat"

    inputs = var_operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64), default_value=CHANNELS)
    result = result_def(TENSOR)

    def __init__(self, layer: str, *inputs: SSAValue, **fields: Value):
        super().__init__(layer, inputs, **fields)

    def result_shape(self) -> tuple[int, ...]:
        shapes, axis = [shape_of(value) for value in self.inputs], self.axis.value.data
        if len(shapes) > MOST_INPUTS:
            raise VerifyException(f"joins {len(shapes)} inputs; at most {MOST_INPUTS} are supported, join in steps")
        for shape in shapes:
            check_axis(shape, axis)
        if not shapes or len({resized(shape, axis, 0) for shape in shapes}) != 1:
            along = "the channels" if axis == 1 else f"dimension {axis}"
            raise VerifyException(f"inputs must agree in all but {along}, got {list(map(list, shapes))}")
        return resized(shapes[0], axis, sum(shape[axis] for shape in shapes))

    def kernel(self) -> VectorProgram:
        nests: list[LoopNest] = []
        first, axis = 0, self.axis.value.data
        own = dimension_names(shape_of(self.result))
        for number, value in enumerate(self.inputs):
            shape = shape_of(value)
            names = names_along(shape, axis, f"{own[axis]}{number}")
            source = operand(f"x{number}", value, index_along(names, axis))
            target = operand(f"y{number}", self.result, index_along(names, axis, first=first))
            nests.append(copy_along(source, target, shape, names, axis))
            first += shape[axis]
        return VectorProgram("concat", tuple(nests), lanes=lanes_loop(own, {axis}))


@rule_for(ConcatOp)
def concat_gradient(op: ConcatOp, back: Backward) -> None:
    first, axis = 0, op.axis.value.data
    for number, value in enumerate(op.inputs):
        count = shape_of(value)[axis]
        if back.needs(value):
            name = f"{op.layer.data}.grad_input{number}"
            give_input(back, value, SliceOp(name, back.upstream(op.result), axis=axis, first=first, count=count))
        first += count


@layer
def concat(net: ModuleBuilder, name: str, *inputs: SSAValue, axis: Axis = 1) -> SSAValue:
    """Joins tensors along a dimension, by default the channels."""
    return net.append(ConcatOp(name, *inputs, axis=axis), name)


@layer
def cls_token(net: ModuleBuilder, name: str, x: SSAValue, *, freeze: Freeze = False) -> SSAValue:
    """A learnt token before those of `[n, tokens, features]`, the same for every sequence of the batch."""
    shape = shape_of(x)
    if len(shape) != 3:
        raise LayerError(f"needs [n, tokens, features], its input has shape {list(shape)}")
    n, _, features = shape
    token = net.parameter(name, "token", (1, 1, features), frozen=freeze)
    if n > 1:
        token = net.append(ExpandOp(f"{name}.expand", token, shape=(n, 1, features)), f"{name}.expand")
    return net.append(ConcatOp(name, token, x, axis=1), name)
