"""The gradient of the rectifier."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction, VectorProgram
from simdc.ir.base import TENSOR, LayerOp, operand, shape_of
from simdc.ir.elements import element_index, element_program


@irdl_op_definition
class ReluGradOp(LayerOp):
    """`result = 0 where output = 0, else gradient`; the layer's own result tells where it was active."""

    name = "simdc.relu_grad"

    gradient = operand_def(TENSOR)
    output = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, gradient: SSAValue, output: SSAValue):
        super().__init__(
            operands=[gradient, output], result_types=[gradient.type], properties={"layer": StringAttr(layer)}
        )

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
