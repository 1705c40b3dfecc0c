"""Largest and smallest numbers, products and the places of extremes along dimensions, and how gradients go back."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import ClassVar, Self

from xdsl.dialects.builtin import DenseArrayBase, UnitAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import CodeBlock, Instruction, LoopNest, VectorProgram
from simdc.ir.base import TENSOR, GradientOp, LayerOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.fields import Value
from simdc.ir.gradient import INPUT, Backward, give_input, rule_for
from simdc.ir.layers import layer
from simdc.ir.options import Axis, Flag

from .broadcast import DivideOp, MultiplyOp
from .free import ReshapeOp
from .reduce import Reduction, ReductionOp, reduced, reduction_layer


class FoldOp(ReductionOp):
    """One instruction gathers all elements along the axes, from a number on that changes nothing."""

    OPCODE: ClassVar[str] = "max"
    NEUTRAL: ClassVar[float] = -inf

    def kernel(self) -> VectorProgram:
        reduction = Reduction(shape_of(self.input), self.summed)
        nest = LoopNest(
            reduction.loops,
            (operand("x", self.input, reduction.names),),
            (operand("y", self.result, reduction.index_of(shape_of(self.result))),),
            (CodeBlock(reduction.every, (Instruction(self.OPCODE, "y", ("y", "x")),)),),
            initial=(("y", self.NEUTRAL),),
        )
        return VectorProgram(self.name.removeprefix("simdc."), (nest,), reduction.lanes)


@irdl_op_definition
class ReduceExtremeGradOp(GradientOp):
    """The gradient of a maximum or minimum over `axes`: it goes to the first element that equals the `output`, as in a
    max pool."""

    name = "simdc.reduce_extreme_grad"

    gradient = operand_def(TENSOR)
    input = operand_def(TENSOR)
    output = operand_def(TENSOR)
    axes = prop_def(DenseArrayBase.constr(i64))
    result = result_def(TENSOR)

    @classmethod
    def of(cls, layer: str, forward: LayerOp, gradient: SSAValue, **fields: Value) -> Self:
        assert isinstance(forward, ReductionOp)
        return super().of(layer, forward, gradient, axes=forward.summed, **fields)

    def result_shape(self) -> tuple[int, ...]:
        shape, axes = shape_of(self.input), self.axes.get_values()
        for value in (self.gradient, self.output):
            if shape_of(value) not in (reduced(shape, axes, keepdims=keep) for keep in (True, False)):
                left = f"{list(shape)} without {list(axes)}"
                raise VerifyException(f"an operand has shape {list(shape_of(value))}, not that of {left}")
        return shape

    def kernel(self) -> VectorProgram:
        reduction = Reduction(shape_of(self.input), self.axes.get_values())
        index = reduction.index_of(shape_of(self.gradient))
        # `left` is what has not been handed out yet: the first element that is the extreme takes it all.
        begin = CodeBlock(reduction.ends, (Instruction("move", "left", ("gradient",)),), at="start")
        code = (
            Instruction("conditional_move", "part", ("x", "y", "left", 0.0)),
            Instruction("sub", "left", ("left", "part")),
            Instruction("move", "dx", ("part",)),
        )
        nest = LoopNest(
            reduction.loops,
            (
                operand("gradient", self.gradient, index),
                operand("x", self.input, reduction.names),
                operand("y", self.output, reduction.index_of(shape_of(self.output))),
            ),
            (operand("dx", self.result, reduction.names),),
            (begin, CodeBlock(reduction.every, code)),
            scratch=(operand("left", self.gradient, index, self.accumulator_bits),),
        )
        return VectorProgram("reduce_extreme_grad", (nest,), reduction.lanes)


@irdl_op_definition
class ReduceMaxOp(FoldOp):
    """`result = largest of input over axes`."""

    name = "simdc.reduce_max"
    GRADIENT: ClassVar = ReduceExtremeGradOp


@irdl_op_definition
class ReduceMinOp(FoldOp):
    """`result = smallest of input over axes`."""

    name = "simdc.reduce_min"
    GRADIENT: ClassVar = ReduceExtremeGradOp
    OPCODE: ClassVar = "min"
    NEUTRAL: ClassVar = inf


@irdl_op_definition
class ReduceProductOp(FoldOp):
    """`result = product of input over axes`; its gradient divides by the input, which must not be zero there."""

    name = "simdc.reduce_product"
    OPCODE: ClassVar = "mul"
    NEUTRAL: ClassVar = 1.0


class PlaceOp(ReductionOp):
    """The number of the position, from 0, along one axis, at which the extreme stands: the first such place, or with
    `last` the last."""

    OPCODE: ClassVar[str] = "max"
    NEUTRAL: ClassVar[float] = -inf

    last = opt_prop_def(UnitAttr)

    def __init__(self, layer: str, input: SSAValue, *, axis: int, **fields: Value):
        super().__init__(layer, input, axes=(axis,), **fields)

    def result_shape(self) -> tuple[int, ...]:
        if len(self.summed) != 1:
            raise VerifyException(f"takes one axis, got {list(self.summed)}")
        return super().result_shape()

    def kernel(self) -> VectorProgram:
        reduction = Reduction(shape_of(self.input), self.summed)
        index = reduction.index_of(shape_of(self.result))
        # The place changes where the extreme does; to find the last one, wherever the element equals it.
        keep: Sequence[str] = ("best", "found", "place") if self.last is None else ("x", "place", "found")
        code = (
            Instruction(self.OPCODE, "better", ("best", "x")),
            Instruction("conditional_move", "found", ("better", *keep)),
            Instruction("move", "best", ("better",)),
            Instruction("add", "place", ("place", 1.0)),
        )
        scratch = tuple(operand(name, self.result, index, self.accumulator_bits) for name in ("best", "found", "place"))
        nest = LoopNest(
            reduction.loops,
            (operand("x", self.input, reduction.names),),
            (operand("y", self.result, index),),
            (CodeBlock(reduction.every, code), CodeBlock(reduction.ends, (Instruction("move", "y", ("found",)),))),
            scratch,
            initial=(("best", self.NEUTRAL), ("found", 0.0), ("place", 0.0)),
        )
        return VectorProgram(self.name.removeprefix("simdc."), (nest,), reduction.lanes)


@irdl_op_definition
class ArgMaxOp(PlaceOp):
    """`result = number of the position of the largest element along the axis`: the first, or with `last` the last."""

    name = "simdc.arg_max"


@irdl_op_definition
class ArgMinOp(PlaceOp):
    """`result = number of the position of the smallest element along the axis`: the first, or with `last` the last."""

    name = "simdc.arg_min"
    OPCODE: ClassVar = "min"
    NEUTRAL: ClassVar = inf


@rule_for(ReduceProductOp)
def product_gradient(op: ReduceProductOp, back: Backward) -> None:
    """Each factor receives `gradient * product / factor`."""
    name = op.layer.data
    whole = back.emit(MultiplyOp(f"{name}.grad_product", back.upstream(op.result), op.result), INPUT).results[0]
    kept = reduced(shape_of(op.input), op.summed, keepdims=True)
    if shape_of(whole) != kept:
        whole = back.emit(ReshapeOp(f"{name}.grad_apart", whole, shape=kept), INPUT).results[0]
    give_input(back, op.input, DivideOp(f"{name}.grad_input", whole, op.input))


@rule_for(ArgMaxOp, ArgMinOp)
def place_gradient(op: PlaceOp, back: Backward) -> None:
    """A place is constant wherever it has a slope: no gradient passes, as in other frameworks."""


def _place_layer(name: str, op: type[PlaceOp], text: str) -> None:
    """Enter a layer that finds a place along a dimension."""

    def build(net: ModuleBuilder, name: str, x: SSAValue, *, axis: Axis = 1, keepdims: Flag = False) -> SSAValue:
        return net.append(op(name, x, axis=axis, keepdims=keepdims), name)

    build.__name__, build.__doc__ = name, text
    layer(build)


reduction_layer("reduce_max", ReduceMaxOp, "The largest over dimensions.")
reduction_layer("reduce_min", ReduceMinOp, "The smallest over dimensions.")
reduction_layer("reduce_product", ReduceProductOp, "The product over dimensions.")
_place_layer("argmax", ArgMaxOp, "The number of the first largest position; without gradient.")
_place_layer("argmin", ArgMinOp, "The number of the first smallest position; without gradient.")
