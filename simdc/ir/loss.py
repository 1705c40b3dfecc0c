"""The loss of a training step: softmax cross entropy against target probabilities."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Block, Instruction, Loop, Phase, VectorProgram

from .base import TENSOR, LayerOp, make_tensor_type, operand, shape_of, tensor_type
from .elementwise import element_index, element_loops
from .softmax import softmax_phases


def _check_target(logits: SSAValue, target: SSAValue) -> tuple[int, int]:
    shape = shape_of(logits)
    if len(shape) != 2 or shape_of(target) != shape:
        raise VerifyException(f"expected matrices [n, c], got {list(shape)} and {list(shape_of(target))}")
    return shape[0], shape[1]


@irdl_op_definition
class SoftmaxCrossEntropyOp(LayerOp):
    """`probabilities = softmax(logits)` and `loss[n] = -sum over c of target * log(probabilities)`; all but `loss` are
    [n, c], and the gradient needs the probabilities."""

    name = "simdc.softmax_cross_entropy"

    logits = operand_def(TENSOR)
    target = operand_def(TENSOR)
    probabilities = result_def(TENSOR)
    loss = result_def(TENSOR)

    def __init__(self, layer: str, logits: SSAValue, target: SSAValue):
        loss = make_tensor_type(tensor_type(logits).element_type, shape_of(logits)[:1])
        super().__init__(
            operands=[logits, target], result_types=[logits.type, loss], properties={"layer": StringAttr(layer)}
        )

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        n, channels = _check_target(self.logits, self.target)
        return ((n, channels), (n,))

    def kernel(self) -> VectorProgram:
        n, channels = shape_of(self.logits)
        names = ("n", "c")
        x, y = operand("x", self.logits, names), operand("y", self.probabilities, names)
        loss = (
            Instruction("log", "log", ("y",)),
            Instruction("mul", "part", ("log", "target")),
            Instruction("sub", "loss", ("loss", "part")),
        )
        last = Phase(
            (Loop("n", n), Loop("c", channels)),
            (y, operand("target", self.target, names)),
            (operand("loss", self.loss, ("n",)),),
            (Block(names, loss),),
            initial=(("loss", 0.0),),
        )
        return VectorProgram("softmax_cross_entropy", (*softmax_phases(x, y, self.accumulator_bits), last), lanes="n")


@irdl_op_definition
class SoftmaxCrossEntropyGradOp(LayerOp):
    """`result = (probabilities - target) / N`: the gradient of the batch's mean loss with respect to the logits."""

    name = "simdc.softmax_cross_entropy_grad"

    probabilities = operand_def(TENSOR)
    target = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, probabilities: SSAValue, target: SSAValue):
        super().__init__(
            operands=[probabilities, target],
            result_types=[probabilities.type],
            properties={"layer": StringAttr(layer)},
        )

    def result_shape(self) -> tuple[int, ...]:
        return _check_target(self.probabilities, self.target)

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.probabilities)
        loops, index = element_loops(shape), element_index(shape)
        code = (
            Instruction("sub", "difference", ("p", "target")),
            Instruction("mul", "y", ("difference", 1.0 / shape[0])),
        )
        inputs = (operand("p", self.probabilities, index), operand("target", self.target, index))
        block = Block(tuple(loop.name for loop in loops), code)
        phase = Phase(loops, inputs, (operand("y", self.result, index),), (block,))
        return VectorProgram("softmax_cross_entropy_grad", (phase,))
