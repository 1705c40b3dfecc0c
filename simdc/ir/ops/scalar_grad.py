"""Gradients of functions of a tensor and a number, where they are not that function itself or nothing at all."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.builtin import FloatAttr, StringAttr, f64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction, VectorProgram
from simdc.ir.base import TENSOR, LayerOp, shape_of
from simdc.ir.elements import broadcast_operand, element_program, element_shape

from .scalar import Code, ScalarOp, check_function, power


def _quotient(value: float) -> Code:
    """`value / x` falls by `value / x^2`."""
    return (
        Instruction("mul", "square", ("x", "x")),
        Instruction("mul", "product", ("gradient", -value)),
        Instruction("div", "dx", ("product", "square")),
    )


def _power(value: float) -> Code:
    return (
        *power("x", value - 1.0, "lower"),
        Instruction("mul", "product", ("gradient", value)),
        Instruction("mul", "dx", ("product", "lower")),
    )


def _taken(opcode: str) -> Callable[[float], Code]:
    """The gradient passes where the tensor was taken, equal numbers included."""

    def code(value: float) -> Code:
        return (
            Instruction(opcode, "taken", ("x", value)),
            Instruction("conditional_move", "dx", ("taken", "x", "gradient", 0.0)),
        )

    return code


SLOPES: dict[str, Callable[[float], Code]] = {
    "rdiv": _quotient,
    "pow": _power,
    "max": _taken("max"),
    "min": _taken("min"),
}
"""Code from `gradient` and `x` to `dx`."""


@irdl_op_definition
class ScalarGradOp(LayerOp):
    """`result = gradient * slope of function(input, value)`: rdiv, pow, max, min."""

    name = "simdc.scalar_grad"

    gradient = operand_def(TENSOR)
    input = operand_def(TENSOR)
    function = prop_def(StringAttr)
    value = prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)

    def __init__(self, layer: str, forward: ScalarOp, gradient: SSAValue):
        IRDLOperation.__init__(
            self,
            operands=[gradient, forward.input],
            result_types=[forward.input.type],
            properties={"layer": StringAttr(layer), "function": forward.function, "value": forward.value},
        )

    def result_shape(self) -> tuple[int, ...]:
        check_function(self.function.data, self.value.value.data, SLOPES)
        first, second = element_shape(self.gradient), shape_of(self.input)
        if first != second:
            raise VerifyException(f"the operands have shapes {list(first)} and {list(second)}")
        return first

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.result)
        inputs = (broadcast_operand("gradient", self.gradient, shape), broadcast_operand("x", self.input, shape))
        dx = broadcast_operand("dx", self.result, shape)
        code = SLOPES[self.function.data](self.value.value.data)
        return element_program(f"scalar_{self.function.data}_grad", shape, inputs, dx, code)
