"""Leaky relu with a slope that is learnt, and its two gradients."""

from __future__ import annotations

from typing import ClassVar

from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction, Operand, VectorProgram
from simdc.ir.base import TENSOR, GradientOp, LayerOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.elements import broadcast_index, broadcast_operand, element_program, element_shape
from simdc.ir.gradient import Backward, give_input, give_operand, rule_for
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import layer
from simdc.ir.options import Freeze


def slope_operand(name: str, slope: SSAValue, shape: tuple[int, ...]) -> Operand:
    """How the loops over `shape` index a slope: [c] goes along dimension 1, every other shape is broadcast."""
    own = shape_of(slope)
    if len(shape) > 1 and own == shape[1:2]:
        return operand(name, slope, ("c",))
    return operand(name, slope, broadcast_index(own, shape))


@irdl_op_definition
class PReluOp(LayerOp):
    """`result = input` where it is positive, else `slope * input`. `slope` is [c], or broadcasts to the input."""

    name = "simdc.prelu"

    input = operand_def(TENSOR)
    slope = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        shape = element_shape(self.input)
        slope_operand("slope", self.slope, shape)
        return shape

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.result)
        inputs = (broadcast_operand("x", self.input, shape), slope_operand("slope", self.slope, shape))
        code = (
            Instruction("mul", "scaled", ("x", "slope")),
            Instruction("max", "high", ("x", 0.0)),
            Instruction("conditional_move", "y", ("high", 0.0, "scaled", "x")),
        )
        return element_program("prelu", shape, inputs, broadcast_operand("y", self.result, shape), code)


@irdl_op_definition
class PReluGradOp(GradientOp):
    """`result = gradient` where the input is positive, else `slope * gradient`."""

    name = "simdc.prelu_grad"

    gradient = operand_def(TENSOR)
    input = operand_def(TENSOR)
    slope = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        shape = same_shape(self.gradient, self.input)
        slope_operand("slope", self.slope, shape)
        return shape

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.gradient)
        inputs = (
            broadcast_operand("gradient", self.gradient, shape),
            broadcast_operand("x", self.input, shape),
            slope_operand("slope", self.slope, shape),
        )
        code = (
            Instruction("mul", "scaled", ("gradient", "slope")),
            Instruction("max", "high", ("x", 0.0)),
            Instruction("conditional_move", "dx", ("high", 0.0, "scaled", "gradient")),
        )
        return element_program("prelu_grad", shape, inputs, broadcast_operand("dx", self.result, shape), code)


@irdl_op_definition
class PReluSlopeGradOp(GradientOp):
    """`result = sum of gradient * min(input, 0)` over all that share a slope."""

    name = "simdc.prelu_slope_grad"
    OF: ClassVar = "slope"

    gradient = operand_def(TENSOR)
    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        slope_operand("dx", self.result, same_shape(self.gradient, self.input))
        return shape_of(self.result)

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.gradient)
        inputs = (broadcast_operand("gradient", self.gradient, shape), broadcast_operand("x", self.input, shape))
        code = (Instruction("min", "low", ("x", 0.0)), Instruction("mul", "dx", ("gradient", "low")))
        return element_program("prelu_slope_grad", shape, inputs, slope_operand("dx", self.result, shape), code)


def same_shape(gradient: SSAValue, input: SSAValue) -> tuple[int, ...]:
    """The shape of both. Raises VerifyException if they differ."""
    first, second = element_shape(gradient), shape_of(input)
    if first != second:
        raise VerifyException(f"the operands have shapes {list(first)} and {list(second)}")
    return first


@rule_for(PReluOp)
def prelu_gradient(op: PReluOp, back: Backward) -> None:
    name, upstream = op.layer.data, back.upstream(op.result)
    if back.needs(op.input):
        give_input(back, op.input, PReluGradOp.of(f"{name}.grad_input", op, upstream))
    if back.needs(op.slope):
        give_operand(back, op.slope, PReluSlopeGradOp.of(f"{name}.grad_slope", op, upstream))


@layer
def prelu(net: ModuleBuilder, name: str, x: SSAValue, *, freeze: Freeze = False) -> SSAValue:
    """`x` above zero, a slope that each channel learns times `x` below."""
    if len(shape_of(x)) < 2:
        raise LayerError(f"has a slope for each channel, its input has shape {list(shape_of(x))}")
    slope = net.parameter(name, "slope", shape_of(x)[1:2], frozen=freeze)
    return net.append(PReluOp(name, x, slope), name)
