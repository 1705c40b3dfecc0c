"""Gradients and helpers that go element by element, and the sum that a bias gradient is."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Block, Instruction, Loop, Phase, VectorProgram

from .base import TENSOR, LayerOp, make_tensor_type, operand, shape_of, tensor_type
from .elementwise import element_index, element_loops


class BinaryOp(LayerOp):
    """Two operands and a result of one shape, one instruction per element."""

    def __init__(self, layer: str, first: SSAValue, second: SSAValue):
        super().__init__(operands=[first, second], result_types=[first.type], properties={"layer": StringAttr(layer)})

    def result_shape(self) -> tuple[int, ...]:
        first, second = (shape_of(value) for value in self.operands)
        if first != second:
            raise VerifyException(f"the operands have shapes {list(first)} and {list(second)}")
        return first

    def binary_program(self, kind: str, opcode: str, sources: tuple[str | float, ...]) -> VectorProgram:
        """`y = opcode(sources)`, where `a` and `b` name the operands."""
        shape = shape_of(self.results[0])
        loops, index = element_loops(shape), element_index(shape)
        block = Block(tuple(loop.name for loop in loops), (Instruction(opcode, "y", sources),))
        inputs = (operand("a", self.operands[0], index), operand("b", self.operands[1], index))
        return VectorProgram(kind, (Phase(loops, inputs, (operand("y", self.results[0], index),), (block,)),))


@irdl_op_definition
class ReluGradOp(BinaryOp):
    """`result = 0 where output = 0, else gradient`; the layer's own result tells where it was active."""

    name = "simdc.relu_grad"

    gradient = operand_def(TENSOR)
    output = operand_def(TENSOR)
    result = result_def(TENSOR)

    def kernel(self) -> VectorProgram:
        return self.binary_program("relu_grad", "conditional_move", ("b", 0.0, 0.0, "a"))


@irdl_op_definition
class MultiplyOp(BinaryOp):
    """`result = lhs * rhs`: dropout in training, where `rhs` is its mask."""

    name = "simdc.multiply"

    lhs = operand_def(TENSOR)
    rhs = operand_def(TENSOR)
    result = result_def(TENSOR)

    def kernel(self) -> VectorProgram:
        return self.binary_program("multiply", "mul", ("a", "b"))


@irdl_op_definition
class ReduceSumOp(LayerOp):
    """`result[c] = sum of input[n, c, ...] over all but the channels`: the gradient of a bias."""

    name = "simdc.reduce_sum"

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue):
        result = make_tensor_type(tensor_type(input).element_type, shape_of(input)[1:2])
        super().__init__(operands=[input], result_types=[result], properties={"layer": StringAttr(layer)})

    def result_shape(self) -> tuple[int, ...]:
        if len(shape_of(self.input)) < 2:
            raise VerifyException(f"expected [n, c, ...], got shape {list(shape_of(self.input))}")
        return shape_of(self.input)[1:2]

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.input)
        loops: tuple[Loop, ...] = element_loops(shape)
        block = Block(tuple(loop.name for loop in loops), (Instruction("add", "y", ("y", "x")),))
        phase = Phase(
            loops,
            (operand("x", self.input, element_index(shape)),),
            (operand("y", self.result, ("c",)),),
            (block,),
            initial=(("y", 0.0),),
        )
        return VectorProgram("reduce_sum", (phase,))
