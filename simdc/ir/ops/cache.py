"""Caches of keys and values: new rows are written behind the old ones, which stay where they are."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, LoopRoles, VectorProgram, affine
from simdc.ir.base import TENSOR, LayerOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.elements import SINGLE
from simdc.ir.gradient import Backward, give_input, rule_for
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import layer
from simdc.ir.movement import check_axis, dimension_names
from simdc.ir.options import Axis

from .pad import SliceOp, resized

TOKENS = IntegerAttr(2, i64)
ROLES = LoopRoles(channels=(), batch=("n",), image=())
"""A cache is stored as it is: no machine rounds its heads up."""


@irdl_op_definition
class CacheOp(LayerOp):
    """The identity, of keys or values [n, heads, tokens, features] that a decoder keeps. A run of one token at a time
    puts an append in its place (`simdc.cache_append`)."""

    name = "simdc.cache"
    UNIT: ClassVar = None
    ROLES: ClassVar = ("cache",)

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        shape = shape_of(self.input)
        if len(shape) != 4:
            raise VerifyException(f"keeps [n, heads, tokens, features], got shape {list(shape)}")
        return shape

    def kernel(self) -> None:
        return None


@irdl_op_definition
class CacheAppendOp(LayerOp):
    """`result` is `past` with the rows `new` behind it along `axis`: past [n, heads, L - 1, d], new [n, heads, 1, d].

    It lies where `past` does, in a buffer with room for more: only the new rows are loaded and stored. Whoever reads it
    reads all of it.
    """

    name = "simdc.cache_append"
    ROLES: ClassVar = ("cache", "cache")

    past = operand_def(TENSOR)
    new = operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64), default_value=TOKENS)
    result = result_def(TENSOR)

    @property
    def taken(self) -> SSAValue:
        return self.past

    def result_shape(self) -> tuple[int, ...]:
        past, new, axis = shape_of(self.past), shape_of(self.new), self.axis.value.data
        check_axis(past, axis)
        if len(new) != len(past) or resized(new, axis, 0) != resized(past, axis, 0):
            raise VerifyException(f"cannot append {list(new)} to {list(past)} along dimension {axis}")
        return resized(past, axis, past[axis] + new[axis])

    def kernel(self) -> VectorProgram:
        shape, axis = shape_of(self.new), self.axis.value.data
        names = dimension_names(shape)
        places = [affine(name, constant=shape_of(self.past)[axis] * (at == axis)) for at, name in enumerate(names)]
        kept = [at for at in range(len(shape)) if at != axis]
        # Across the lanes lies the longest dimension that keeps its place: d of a head.
        lanes = names[max(kept, key=lambda at: (shape[at], at))] if kept else SINGLE
        bounds = dict(zip(names, shape, strict=True)) | ({} if kept else {SINGLE: 1})
        block = CodeBlock(tuple(bounds), (Instruction("move", "y", ("new",)),))
        source, target = operand("new", self.new, names), operand("y", self.result, places)
        nest = LoopNest(tuple(Loop(*each) for each in bounds.items()), (source,), (target,), (block,))
        return VectorProgram("cache_append", (nest,), lanes, ROLES)


@rule_for(CacheAppendOp)
def cache_append_gradient(op: CacheAppendOp, back: Backward) -> None:
    """Each takes its part."""
    axis, first = op.axis.value.data, 0
    for value, suffix in ((op.past, "grad_past"), (op.new, "grad_new")):
        count = shape_of(value)[axis]
        if back.needs(value):
            name = f"{op.layer.data}.{suffix}"
            give_input(back, value, SliceOp(name, back.upstream(op.result), axis=axis, first=first, count=count))
        first += count


@rule_for(CacheOp)
def cache_gradient(op: CacheOp, back: Backward) -> None:
    back.give(op.input, back.upstream(op.result))


@layer
def cache(net: ModuleBuilder, name: str, x: SSAValue) -> SSAValue:
    """Keys or values `[n, heads, tokens, features]` that a decoder keeps: the identity, or an append."""
    if not net.run.past:
        return net.append(CacheOp(name, x), name)
    shape = shape_of(x)
    if len(shape) != 4:
        raise LayerError(f"keeps [n, heads, tokens, features], its input has shape {list(shape)}")
    past = net.input(f"{name}.past", (shape[1], net.run.past, shape[3]))
    return net.append(CacheAppendOp(name, past, x), name)


@layer
def cache_append(net: ModuleBuilder, name: str, x: SSAValue, y: SSAValue, *, axis: Axis = -2) -> SSAValue:
    """The rows `y` behind the cache `x`, of which only they are moved."""
    return net.append(CacheAppendOp(name, x, y, axis=axis), name)
