"""The rectifier and its gradient."""

from __future__ import annotations

from typing import ClassVar

from xdsl.irdl import irdl_op_definition, operand_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction, VectorProgram
from simdc.ir.base import TENSOR, GradientOp, LayerOp, operand, shape_of
from simdc.ir.elements import element_index, element_program, element_shape
from simdc.ir.layers import plain_layer


@irdl_op_definition
class ReluGradOp(GradientOp):
    """`result = 0 where output = 0, else gradient`; the layer's own result tells where it was active."""

    name = "simdc.relu_grad"

    gradient = operand_def(TENSOR)
    output = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        first, second = shape_of(self.gradient), shape_of(self.output)
        if first != second:
            raise VerifyException(f"the operands have shapes {list(first)} and {list(second)}")
        return first

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.result)
        index = element_index(shape)
        inputs = (operand("a", self.gradient, index), operand("b", self.output, index))
        code = (Instruction("conditional_move", "y", ("b", 0.0, 0.0, "a")),)
        return element_program("relu_grad", shape, inputs, operand("y", self.result, index), code)


@irdl_op_definition
class ReluOp(LayerOp):
    """`result = max(input, 0)`; the zero is an immediate."""

    name = "simdc.relu"
    GRADIENT: ClassVar = ReluGradOp

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        return element_shape(self.input)

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.result)
        index = element_index(shape)
        x, y = operand("x", self.input, index), operand("y", self.result, index)
        return element_program("relu", shape, (x,), y, (Instruction("max", "y", ("x", 0.0)),))


plain_layer("relu", ReluOp, "`max(x, 0)`.")
