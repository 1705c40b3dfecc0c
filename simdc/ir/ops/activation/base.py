"""What an activation is: a curve, an op that follows it, and an op that is its gradient.

class Square(Curve):
    def forward(self) -> Code:
        return (Instruction("mul", "y", ("x", "x")),)

    def backward(self) -> Code:
        return (Instruction("mul", "slope", ("x", 2.0)), Instruction("mul", "dx", ("slope", "gradient")))

@irdl_op_definition
class SquareGradOp(Square, InputGradOp):
    name = "simdc.square_grad"

@irdl_op_definition
class SquareOp(Square, ActivationOp):
    name = "simdc.square"
    GRADIENT: ClassVar = SquareGradOp
"""

from __future__ import annotations

from abc import abstractmethod
from math import isfinite

from xdsl.dialects.builtin import FloatAttr, f64
from xdsl.ir import SSAValue
from xdsl.irdl import operand_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction, VectorProgram
from simdc.ir.base import TENSOR, GradientOp, LayerOp, shape_of
from simdc.ir.elements import broadcast_operand, element_program, element_shape

Code = tuple[Instruction, ...]
REAL = FloatAttr.constr(f64)


class Curve(LayerOp):
    """What an activation and its gradient share: attributes; `forward`, code from `x` to `y`; and `backward`, code from
    `gradient`, with `x` or with `y`, to `dx`."""

    def check_attributes(self) -> None:
        """Raise VerifyException for a number that is not finite; an op with further rules adds them."""
        for name, value in self.properties.items():
            if isinstance(value, FloatAttr) and not isfinite(value.value.data):
                raise VerifyException(f"{name} must be finite, got {value.value.data}")


class ActivationOp(Curve):
    """`result = curve(input)`, one to four dimensions."""

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    @abstractmethod
    def forward(self) -> Code:
        """Code from `x` to `y`."""

    def result_shape(self) -> tuple[int, ...]:
        self.check_attributes()
        return element_shape(self.input)

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.result)
        x, y = broadcast_operand("x", self.input, shape), broadcast_operand("y", self.result, shape)
        return element_program(self.name.removeprefix("simdc."), shape, (x,), y, self.forward())


class ActivationGradOp(Curve, GradientOp):
    """`result = gradient * slope of the curve`."""

    gradient = operand_def(TENSOR)
    result = result_def(TENSOR)

    @abstractmethod
    def backward(self) -> Code:
        """Code from `gradient`, with `x` or with `y`, to `dx`."""

    def result_shape(self) -> tuple[int, ...]:
        self.check_attributes()
        first, second = (shape_of(value) for value in self.operands)
        if first != second:
            raise VerifyException(f"the operands have shapes {list(first)} and {list(second)}")
        return element_shape(self.gradient)

    def gradient_program(self, name: str, read: SSAValue) -> VectorProgram:
        """The program of `backward` where it calls what it reads `name`."""
        shape = shape_of(self.result)
        inputs = (broadcast_operand("gradient", self.gradient, shape), broadcast_operand(name, read, shape))
        dx = broadcast_operand("dx", self.result, shape)
        return element_program(self.name.removeprefix("simdc."), shape, inputs, dx, self.backward())


class InputGradOp(ActivationGradOp):
    """A gradient that the activation's input tells: `x`."""

    # Again, since the operands of a class come before those of its base.
    gradient = operand_def(TENSOR)
    input = operand_def(TENSOR)

    def kernel(self) -> VectorProgram:
        return self.gradient_program("x", self.input)


class OutputGradOp(ActivationGradOp):
    """A gradient that the activation's own result tells: `y`."""

    gradient = operand_def(TENSOR)
    output = operand_def(TENSOR)

    def kernel(self) -> VectorProgram:
        return self.gradient_program("y", self.output)
