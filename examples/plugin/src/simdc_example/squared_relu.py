"""An op with everything that belongs to it: `max(input, 0)^2`, the activation of Primer (So et al. 2021)."""

from __future__ import annotations

from typing import ClassVar

from xdsl.ir import Dialect
from xdsl.irdl import irdl_op_definition, operand_def, result_def

from simdc.cost import Instruction, VectorProgram
from simdc.ir.base import TENSOR, GradientOp, LayerOp, operand, shape_of
from simdc.ir.elements import element_index, element_program, element_shape
from simdc.ir.layers import plain_layer


@irdl_op_definition
class SquaredReluGradOp(GradientOp):
    """`result = gradient * 2 * max(input, 0)`."""

    name = "example.squared_relu_grad"

    gradient = operand_def(TENSOR)
    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        return element_shape(self.input)

    def kernel(self) -> VectorProgram:
        index = element_index(shape_of(self.result))
        inputs = (operand("gradient", self.gradient, index), operand("x", self.input, index))
        code = (
            Instruction("max", "t", ("x", 0.0)),
            Instruction("add", "u", ("t", "t")),
            Instruction("mul", "y", ("u", "gradient")),
        )
        y = operand("y", self.result, index)
        return element_program("squared_relu_grad", shape_of(self.result), inputs, y, code)


@irdl_op_definition
class SquaredReluOp(LayerOp):
    """`result = max(input, 0)^2`."""

    name = "example.squared_relu"
    GRADIENT: ClassVar = SquaredReluGradOp

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        return element_shape(self.input)

    def kernel(self) -> VectorProgram:
        index = element_index(shape_of(self.result))
        x, y = operand("x", self.input, index), operand("y", self.result, index)
        code = (Instruction("max", "t", ("x", 0.0)), Instruction("mul", "y", ("t", "t")))
        return element_program("squared_relu", shape_of(self.result), (x,), y, code)


# What the network language, JSON graphs and Python call the op.
plain_layer("squared_relu", SquaredReluOp, "`max(x, 0)^2`.")

DIALECT = Dialect("example", [SquaredReluOp, SquaredReluGradOp])
