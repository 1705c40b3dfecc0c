"""An op with everything that belongs to it: `max(input, 0)^2`, the activation of Primer (So et al. 2021)."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Dialect, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def

from simdc.cost import Instruction, VectorProgram
from simdc.ir.base import TENSOR, LayerOp, operand, shape_of
from simdc.ir.elements import element_index, element_program, element_shape
from simdc.ir.gradient import Backward, give_input, rule_for
from simdc.ir.layers import plain_layer


@irdl_op_definition
class SquaredReluOp(LayerOp):
    """`result = max(input, 0)^2`."""

    name = "example.squared_relu"

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue):
        super().__init__(operands=[input], result_types=[input.type], properties={"layer": StringAttr(layer)})

    def result_shape(self) -> tuple[int, ...]:
        return element_shape(self.input)

    def kernel(self) -> VectorProgram:
        index = element_index(shape_of(self.result))
        x, y = operand("x", self.input, index), operand("y", self.result, index)
        code = (Instruction("max", "t", ("x", 0.0)), Instruction("mul", "y", ("t", "t")))
        return element_program("squared_relu", shape_of(self.result), (x,), y, code)


@irdl_op_definition
class SquaredReluGradOp(LayerOp):
    """`result = gradient * 2 * max(input, 0)`."""

    name = "example.squared_relu_grad"

    gradient = operand_def(TENSOR)
    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, gradient: SSAValue, input: SSAValue):
        super().__init__(operands=[gradient, input], result_types=[input.type], properties={"layer": StringAttr(layer)})

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


@rule_for(SquaredReluOp)
def gradient(op: SquaredReluOp, back: Backward) -> None:
    grad = SquaredReluGradOp(f"{op.layer.data}.grad_input", back.upstream(op.result), op.input)
    give_input(back, op.input, grad)


# What the network language, JSON graphs and Python call the op.
plain_layer("squared_relu", SquaredReluOp)

DIALECT = Dialect("example", [SquaredReluOp, SquaredReluGradOp])
