"""The rectifier and the residual join; the base of all ops on two tensors is in `broadcast`."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def

from simdc.cost.kernel import Instruction, VectorProgram
from simdc.ir.base import TENSOR, LayerOp, operand, shape_of
from simdc.ir.elements import element_index, element_loops, element_program, element_shape
from simdc.ir.layers import plain_layer

from .broadcast import BroadcastOp

__all__ = ["AddOp", "ReluOp", "element_index", "element_loops", "element_shape"]


@irdl_op_definition
class ReluOp(LayerOp):
    """`result = max(input, 0)`; the zero is an immediate."""

    name = "simdc.relu"

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue):
        super().__init__(operands=[input], result_types=[input.type], properties={"layer": StringAttr(layer)})

    def result_shape(self) -> tuple[int, ...]:
        return element_shape(self.input)

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.result)
        index = element_index(shape)
        x, y = operand("x", self.input, index), operand("y", self.result, index)
        return element_program("relu", shape, (x,), y, (Instruction("max", "y", ("x", 0.0)),))


@irdl_op_definition
class AddOp(BroadcastOp):
    """`result = lhs + rhs`: a residual join, where the shapes are equal."""

    name = "simdc.add"

    def instructions(self) -> tuple[Instruction, ...]:
        return (Instruction("add", "y", ("a", "b")),)


plain_layer("relu", ReluOp)
plain_layer("add", AddOp, inputs=2)
