"""Softmax along one dimension, and its gradient."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, Operand, VectorProgram, affine
from simdc.ir.base import TENSOR, GradientOp, LayerOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layers import layer
from simdc.ir.movement import check_axis, dimension_names, lanes_loop
from simdc.ir.options import Axis

CHANNELS = IntegerAttr(1, i64)


def _axis_shape(value: SSAValue, axis: int) -> tuple[int, ...]:
    shape = shape_of(value)
    if not 2 <= len(shape) <= 4:
        raise VerifyException(f"expected two to four dimensions, got shape {list(shape)}")
    check_axis(shape, axis)
    return shape


@irdl_op_definition
class SoftmaxGradOp(GradientOp):
    """`result = output * (gradient - sum of gradient * output)`, the sum along `axis`; `output` is the softmax."""

    name = "simdc.softmax_grad"

    gradient = operand_def(TENSOR)
    output = operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64), default_value=CHANNELS)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        shape = _axis_shape(self.gradient, self.axis.value.data)
        if shape_of(self.output) != shape:
            raise VerifyException(f"output has shape {list(shape_of(self.output))}, the gradient {list(shape)}")
        return shape

    def kernel(self) -> VectorProgram:
        axis, names = self.axis.value.data, dimension_names(shape_of(self.gradient))
        gradient, p = operand("gradient", self.gradient, names), operand("y", self.output, names)
        loops, total = lines_along(p, axis, "total", self.accumulator_bits)
        every = tuple(loop.name for loop in loops)
        gather = (Instruction("mul", "product", ("gradient", "y")), Instruction("add", "total", ("total", "product")))
        finish = (Instruction("sub", "centered", ("gradient", "total")), Instruction("mul", "dx", ("y", "centered")))
        nests = (
            LoopNest(loops, (gradient, p), (total,), (CodeBlock(every, gather),), initial=(("total", 0.0),)),
            LoopNest(loops, (gradient, p, total), (operand("dx", self.result, names),), (CodeBlock(every, finish),)),
        )
        return VectorProgram("softmax_grad", nests, lanes_loop(names, {axis}))


@irdl_op_definition
class SoftmaxOp(LayerOp):
    """`result = exp(input - max) / sum of exp(input - max)`, maximum and sum along `axis`, by default the channels.

    Three passes over the data: maximum; exponentials and their sum; division. The dimension that is summed over does
    not lie across the lanes: in a matrix [n, c] the batch does. What one pass hands to the next goes through DRAM.
    """

    name = "simdc.softmax"
    GRADIENT: ClassVar = SoftmaxGradOp

    input = operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64), default_value=CHANNELS)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        return _axis_shape(self.input, self.axis.value.data)

    def kernel(self) -> VectorProgram:
        axis, names = self.axis.value.data, dimension_names(shape_of(self.input))
        x, y = operand("x", self.input, names), operand("y", self.result, names)
        nests = softmax_nests(x, y, self.accumulator_bits, axis)
        return VectorProgram("softmax", nests, lanes_loop(names, {axis}))


def lines_along(x: Operand, axis: int, name: str, bits: int) -> tuple[tuple[Loop, ...], Operand]:
    """Loops over `x`, that along `axis` innermost, and an operand with one element for each line along it."""
    names = dimension_names(x.shape)
    bounds = dict(zip(names, x.shape, strict=True))
    kept = tuple(each for each in names if each != names[axis])
    loops = tuple(Loop(each, bounds[each]) for each in (*kept, names[axis]))
    return loops, Operand(name, bits, tuple(bounds[each] for each in kept), tuple(affine(each) for each in kept))


def softmax_nests(x: Operand, y: Operand, bits: int, axis: int = 1) -> tuple[LoopNest, ...]:
    """Loop nests that make `y` of `x`, both indexed by the names of their dimensions; `bits` is the width of what they
    hand on."""
    loops, maximum = lines_along(x, axis, "maximum", bits)
    total = maximum._replace(name="total")
    names = tuple(loop.name for loop in loops)
    e = y._replace(name="e", bits=bits)
    find = (Instruction("max", "maximum", ("maximum", "x")),)
    exponentials = (
        Instruction("sub", "difference", ("x", "maximum")),
        Instruction("exp", "e", ("difference",)),
        Instruction("add", "total", ("total", "e")),
    )
    divide = (Instruction("div", "y", ("e", "total")),)
    return (
        LoopNest(loops, (x,), (maximum,), (CodeBlock(names, find),), initial=(("maximum", float("-inf")),)),
        LoopNest(loops, (x, maximum), (e, total), (CodeBlock(names, exponentials),), initial=(("total", 0.0),)),
        LoopNest(loops, (e, total), (y,), (CodeBlock(names, divide),)),
    )


@layer
def softmax(net: ModuleBuilder, name: str, x: SSAValue, *, axis: Axis = 1) -> SSAValue:
    """Exponentials divided by their sum along a dimension."""
    return net.append(SoftmaxOp(name, x, axis=axis), name)
