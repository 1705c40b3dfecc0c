"""Element-wise ops: one vector instruction or a few per element, no reuse."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Block, Instruction, Loop, Phase, VectorProgram

from .base import TENSOR, LayerOp, operand, shape_of


def element_loops(shape: tuple[int, ...]) -> tuple[Loop, ...]:
    """Loops over [n, c], [n, c, h] or [n, c, h, w] (or [c]) in default order: channels outermost."""
    names = {1: ("c",), 2: ("n", "c"), 3: ("n", "c", "h"), 4: ("n", "c", "h", "w")}.get(len(shape))
    if names is None:
        raise VerifyException(f"expected one to four dimensions, got shape {list(shape)}")
    bounds = dict(zip(names, shape, strict=True))
    return tuple(Loop(name, bounds[name]) for name in ("c", "n", "h", "w") if name in bounds)


def element_shape(value: SSAValue) -> tuple[int, ...]:
    """The shape of a tensor that `element_loops` can run over. Raises VerifyException."""
    shape = shape_of(value)
    element_loops(shape)
    return shape


def element_index(shape: tuple[int, ...]) -> tuple[str, ...]:
    """The loops of `element_loops` in the order of the tensor's dimensions."""
    return ("n", "c", "h", "w")[: len(shape)] if len(shape) > 1 else ("c",)


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
        loops, index = element_loops(shape), element_index(shape)
        block = Block(tuple(loop.name for loop in loops), (Instruction("max", "y", ("x", 0.0)),))
        phase = Phase(loops, (operand("x", self.input, index),), (operand("y", self.result, index),), (block,))
        return VectorProgram("relu", (phase,))


@irdl_op_definition
class AddOp(LayerOp):
    """`result = lhs + rhs`, equal shapes: a residual join."""

    name = "simdc.add"

    lhs = operand_def(TENSOR)
    rhs = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, lhs: SSAValue, rhs: SSAValue):
        super().__init__(operands=[lhs, rhs], result_types=[lhs.type], properties={"layer": StringAttr(layer)})

    def result_shape(self) -> tuple[int, ...]:
        if shape_of(self.lhs) != shape_of(self.rhs):
            raise VerifyException(f"cannot add shapes {list(shape_of(self.lhs))} and {list(shape_of(self.rhs))}")
        return element_shape(self.lhs)

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.result)
        loops, index = element_loops(shape), element_index(shape)
        block = Block(tuple(loop.name for loop in loops), (Instruction("add", "y", ("a", "b")),))
        inputs = (operand("a", self.lhs, index), operand("b", self.rhs, index))
        return VectorProgram("add", (Phase(loops, inputs, (operand("y", self.result, index),), (block,)),))
