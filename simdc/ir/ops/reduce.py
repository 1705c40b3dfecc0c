"""Sums and means over any dimensions, and how their gradients go back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import ClassVar, Self

from xdsl.dialects.builtin import DenseArrayBase, UnitAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, CodeBlock, Instruction, Loop, LoopNest, VectorProgram, affine
from simdc.ir.base import TENSOR, GradientOp, LayerOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.elements import SINGLE
from simdc.ir.fields import Value
from simdc.ir.gradient import Backward, give_weight
from simdc.ir.layers import layer
from simdc.ir.movement import channels_first, dimension_names, lanes_loop
from simdc.ir.options import Axes, Flag


class Reduction:
    """The loops of an op over `axes` of a tensor of `shape`, these innermost. What is summed over does not lie across
    the lanes: where that is everything, one lane does all the work."""

    def __init__(self, shape: tuple[int, ...], axes: Sequence[int]):
        self.names = dimension_names(shape)
        self.kept = tuple(name for axis, name in enumerate(self.names) if axis not in axes)
        self.lanes = lanes_loop(self.names, axes)
        self.count = prod(shape[axis] for axis in axes)
        order = [*channels_first(self.kept), *(name for name in self.names if name not in self.kept)]
        if self.lanes == SINGLE:
            order.insert(0, SINGLE)
        bounds = {SINGLE: 1, **dict(zip(self.names, shape, strict=True))}
        self.loops = tuple(Loop(name, bounds[name]) for name in order)
        self.ends = tuple(name for name in order if name == SINGLE or name in self.kept)
        """The loops of what is left, for a block that runs once for each sum."""

    @property
    def every(self) -> tuple[str, ...]:
        return tuple(loop.name for loop in self.loops)

    def index_of(self, shape: Sequence[int]) -> tuple[Affine, ...]:
        """How the loops index a tensor that has lost the axes, or keeps them with size one."""
        if not self.kept:
            return (*(affine() for _ in shape[1:]), affine(SINGLE))
        if len(shape) == len(self.names):
            return tuple(affine(name) if name in self.kept else affine() for name in self.names)
        return tuple(affine(name) for name in self.kept)


class ReductionOp(LayerOp):
    """Sums over `axes`; with `keepdims` they stay as dimensions of size one."""

    input = operand_def(TENSOR)
    axes = opt_prop_def(DenseArrayBase.constr(i64))
    keepdims = opt_prop_def(UnitAttr)
    result = result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue, *, axes: Sequence[int] | None = None, **fields: Value):
        super().__init__(layer, input, axes=None if axes is None else sorted(axes), **fields)

    @property
    def summed(self) -> tuple[int, ...]:
        """The axes; all but the channels where none are given."""
        return _all_but_channels(shape_of(self.input)) if self.axes is None else tuple(self.axes.get_values())

    def channel_axis(self, axis_of: Callable[[SSAValue], int | None]) -> int | None:
        axis, gone = axis_of(self.input), set(self.summed)
        if axis is None or axis in gone:
            return None
        kept = len(shape_of(self.results[0])) == len(shape_of(self.input))
        return axis if kept else axis - sum(each < axis for each in gone)

    def result_shape(self) -> tuple[int, ...]:
        return reduced(shape_of(self.input), self.summed, keepdims=self.keepdims is not None)


@irdl_op_definition
class ReduceGradOp(GradientOp):
    """The gradient of a sum or, where `mean` is set, of a mean over `axes`: each of the elements that went into one
    receives its gradient, or a share of it. `shape` is that of the forward input."""

    name = "simdc.reduce_grad"

    gradient = operand_def(TENSOR)
    shape = prop_def(DenseArrayBase.constr(i64))
    axes = prop_def(DenseArrayBase.constr(i64))
    mean = opt_prop_def(UnitAttr)
    result = result_def(TENSOR)

    @classmethod
    def of(cls, layer: str, forward: LayerOp, gradient: SSAValue, **fields: Value) -> Self:
        assert isinstance(forward, ReductionOp)
        mean, shape = isinstance(forward, ReduceMeanOp), shape_of(forward.input)
        return super().of(layer, forward, gradient, shape=shape, axes=forward.summed, mean=mean, **fields)

    def result_shape(self) -> tuple[int, ...]:
        shape, axes = self.shape.get_values(), self.axes.get_values()
        found = shape_of(self.gradient)
        if found not in (reduced(shape, axes, keepdims=True), reduced(shape, axes, keepdims=False)):
            raise VerifyException(
                f"the gradient has shape {list(found)}, not that of {list(shape)} without {list(axes)}"
            )
        return tuple(shape)

    def kernel(self) -> VectorProgram:
        reduction = Reduction(shape_of(self.result), self.axes.get_values())
        index = reduction.index_of(shape_of(self.gradient))
        divide = Instruction("div", "share", ("gradient", float(reduction.count)))
        share = operand("share", self.gradient, index, self.accumulator_bits)
        begin = () if self.mean is None else (CodeBlock(reduction.ends, (divide,), at="start"),)
        source = "gradient" if self.mean is None else "share"
        nest = LoopNest(
            reduction.loops,
            (operand("gradient", self.gradient, index),),
            (operand("dx", self.result, reduction.names),),
            (*begin, CodeBlock(reduction.every, (Instruction("move", "dx", (source,)),))),
            scratch=(share,) if begin else (),
        )
        return VectorProgram("reduce_grad", (nest,), reduction.lanes)


@irdl_op_definition
class ReduceSumOp(ReductionOp):
    """`result = sum of input over axes`; without any `result[c] = sum of input[n, c, ...]`: the gradient of a bias, the
    one sum that the released SimDIT knows."""

    name = "simdc.reduce_sum"
    GRADIENT: ClassVar = ReduceGradOp

    def kernel(self) -> VectorProgram:
        reduction = Reduction(shape_of(self.input), self.summed)
        nest = LoopNest(
            reduction.loops,
            (operand("x", self.input, reduction.names),),
            (operand("y", self.result, reduction.index_of(shape_of(self.result))),),
            (CodeBlock(reduction.every, (Instruction("add", "y", ("y", "x")),)),),
            initial=(("y", 0.0),),
        )
        return VectorProgram("reduce_sum" if self.axes is None else "sum", (nest,), reduction.lanes)


def give_bias(back: Backward, bias: SSAValue | None, name: str, gradient: SSAValue, axis: int = 1) -> None:
    """Hand over the gradient of a bias per channel, if there is one that is asked for: the sum over all else. Channels
    are dimension `axis`."""
    if bias is not None and back.needs(bias):
        others = None if axis == 1 else [other for other in range(len(shape_of(gradient))) if other != axis]
        give_weight(back, bias, ReduceSumOp(name, gradient, axes=others))


@irdl_op_definition
class ReduceMeanOp(ReductionOp):
    """`result = mean of input over axes`."""

    name = "simdc.reduce_mean"
    GRADIENT: ClassVar = ReduceGradOp

    def kernel(self) -> VectorProgram:
        reduction = Reduction(shape_of(self.input), self.summed)
        index = reduction.index_of(shape_of(self.result))
        divide = (Instruction("div", "y", ("sum", float(reduction.count))),)
        nest = LoopNest(
            reduction.loops,
            (operand("x", self.input, reduction.names),),
            (operand("y", self.result, index),),
            (CodeBlock(reduction.every, (Instruction("add", "sum", ("sum", "x")),)), CodeBlock(reduction.ends, divide)),
            scratch=(operand("sum", self.result, index, self.accumulator_bits),),
            initial=(("sum", 0.0),),
        )
        return VectorProgram("reduce_mean", (nest,), reduction.lanes)


def reduced(shape: Sequence[int], axes: Sequence[int], *, keepdims: bool) -> tuple[int, ...]:
    """`shape` without `axes`, or with size one there. Raises VerifyException."""
    dimension_names(shape)
    if not axes or len(set(axes)) != len(axes) or not all(0 <= axis < len(shape) for axis in axes):
        raise VerifyException(f"axes must be some of the dimensions 0 to {len(shape) - 1}, each once, got {list(axes)}")
    if keepdims:
        return tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    left = tuple(size for axis, size in enumerate(shape) if axis not in axes)
    if not left:
        raise VerifyException("a result without dimensions is not supported; set keepdims")
    return left


def _all_but_channels(shape: Sequence[int]) -> tuple[int, ...]:
    if len(shape) < 2:
        raise VerifyException(f"expected [n, c, ...], got shape {list(shape)}")
    return (0, *range(2, len(shape)))


def reduction_layer(name: str, op: type[ReductionOp], text: str) -> None:
    """Enter a layer that goes over dimensions."""

    def build(net: ModuleBuilder, name: str, x: SSAValue, *, axes: Axes, keepdims: Flag = False) -> SSAValue:
        return net.append(op(name, x, axes=axes, keepdims=keepdims), name)

    build.__name__, build.__doc__ = name, text
    layer(build)


reduction_layer("reduce_mean", ReduceMeanOp, "The mean over dimensions.")
reduction_layer("reduce_sum", ReduceSumOp, "The sum over dimensions.")
