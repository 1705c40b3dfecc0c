"""Batch normalization in training: its statistics forward, and its two-part gradient (SimDIT Algorithm 1)."""

from __future__ import annotations

from math import prod

from xdsl.dialects.builtin import FloatAttr, StringAttr, f64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Block, Instruction, Operand, Phase, VectorProgram, affine
from simdc.ir.base import TENSOR, LayerOp, make_tensor_type, operand, shape_of, tensor_type

from .elementwise import element_index, element_loops

EPSILON = 1e-5


def _per_channel(value: SSAValue) -> tuple[int, ...]:
    shape = shape_of(value)
    if len(shape) < 2:
        raise VerifyException(f"expected [n, c, ...], got shape {list(shape)}")
    return shape[1:2]


@irdl_op_definition
class BatchNormStatisticsOp(LayerOp):
    """`mean[c]` and `inv_std[c] = 1 / sqrt(mean of squares - mean^2 + epsilon)` of input [n, c, ...], in one pass."""

    name = "simdc.batch_norm_statistics"

    input = operand_def(TENSOR)
    epsilon = prop_def(FloatAttr.constr(f64))
    mean = result_def(TENSOR)
    inv_std = result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue, epsilon: float = EPSILON):
        result = make_tensor_type(tensor_type(input).element_type, _per_channel(input))
        IRDLOperation.__init__(
            self,
            operands=[input],
            result_types=[result, result],
            properties={"layer": StringAttr(layer), "epsilon": FloatAttr(epsilon, f64)},
        )

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        return (_per_channel(self.input),) * 2

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.input)
        loops = element_loops(shape)
        count = float(prod(shape) // shape[1])
        bits = self.accumulator_bits
        accumulate = (
            Instruction("add", "sum", ("sum", "x")),
            Instruction("mul", "square", ("x", "x")),
            Instruction("add", "squares", ("squares", "square")),
        )
        finish = (
            Instruction("div", "mean", ("sum", count)),
            Instruction("mul", "mean_square", ("mean", "mean")),
            Instruction("div", "square_mean", ("squares", count)),
            Instruction("sub", "variance", ("square_mean", "mean_square")),
            Instruction("add", "shifted", ("variance", self.epsilon.value.data)),
            Instruction("inv_sqrt", "inv_std", ("shifted",)),
        )
        phase = Phase(
            loops,
            (operand("x", self.input, element_index(shape)),),
            (operand("mean", self.mean, ("c",)), operand("inv_std", self.inv_std, ("c",))),
            (Block(tuple(loop.name for loop in loops), accumulate), Block(("c",), finish)),
            scratch=tuple(Operand(name, bits, shape[1:2], (affine("c"),)) for name in ("sum", "squares")),
            initial=(("sum", 0.0), ("squares", 0.0)),
        )
        return VectorProgram("batch_norm_statistics", (phase,))


@irdl_op_definition
class BatchNormGradOp(LayerOp):
    """Gradients of batch normalization with the batch's own statistics, over N elements per channel.

    Part 1: `normal = (input - mean) * inv_std`, `scale_grad = sum(gradient * normal)`, `shift_grad = sum(gradient)`.
    Part 2: `input_grad = scale * inv_std / N * (N * gradient - shift_grad - normal * scale_grad)`.
    The normalized input goes through DRAM from one part to the other.
    """

    name = "simdc.batch_norm_grad"

    input = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    mean = operand_def(TENSOR)
    inv_std = operand_def(TENSOR)
    scale = operand_def(TENSOR)
    input_grad = result_def(TENSOR)
    scale_grad = result_def(TENSOR)
    shift_grad = result_def(TENSOR)

    def __init__(
        self, layer: str, input: SSAValue, gradient: SSAValue, mean: SSAValue, inv_std: SSAValue, scale: SSAValue
    ):
        IRDLOperation.__init__(
            self,
            operands=[input, gradient, mean, inv_std, scale],
            result_types=[gradient.type, scale.type, scale.type],
            properties={"layer": StringAttr(layer)},
        )

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        shape, channels = shape_of(self.input), _per_channel(self.input)
        if shape_of(self.gradient) != shape:
            raise VerifyException(f"input has shape {list(shape)}, the gradient {list(shape_of(self.gradient))}")
        for value in (self.mean, self.inv_std, self.scale):
            if shape_of(value) != channels:
                raise VerifyException(f"input has shape {list(shape)}, a parameter {list(shape_of(value))}")
        return (shape, channels, channels)

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.input)
        loops, index = element_loops(shape), element_index(shape)
        names = tuple(loop.name for loop in loops)
        count = float(prod(shape) // shape[1])
        bits = self.accumulator_bits
        gradient = operand("gradient", self.gradient, index)
        normal = operand("normal", self.input, index, bits)
        mean, inv_std, scale = (
            operand(name, value, ("c",))
            for name, value in (("mean", self.mean), ("inv_std", self.inv_std), ("scale", self.scale))
        )
        scale_grad = operand("scale_grad", self.scale_grad, ("c",))
        shift_grad = operand("shift_grad", self.shift_grad, ("c",))
        part_1 = (
            Instruction("sub", "centered", ("x", "mean")),
            Instruction("mul", "normal", ("centered", "inv_std")),
            Instruction("mul", "weighted", ("normal", "gradient")),
            Instruction("add", "scale_grad", ("scale_grad", "weighted")),
            Instruction("add", "shift_grad", ("shift_grad", "gradient")),
        )
        factor = (
            Instruction("mul", "spread", ("scale", "inv_std")),
            Instruction("div", "factor", ("spread", count)),
        )
        part_2 = (
            Instruction("mul", "all", ("gradient", count)),
            Instruction("mul", "along", ("normal", "scale_grad")),
            Instruction("sub", "rest", ("all", "along")),
            Instruction("sub", "balanced", ("rest", "shift_grad")),
            Instruction("mul", "y", ("balanced", "factor")),
        )
        phases = (
            Phase(
                loops,
                (operand("x", self.input, index), gradient, mean, inv_std),
                (normal, scale_grad, shift_grad),
                (Block(names, part_1),),
                initial=(("scale_grad", 0.0), ("shift_grad", 0.0)),
            ),
            Phase(
                loops,
                (gradient, normal, inv_std, scale, scale_grad, shift_grad),
                (operand("y", self.input_grad, index),),
                (Block(("c",), factor, at="start"), Block(names, part_2)),
                scratch=(Operand("factor", bits, shape[1:2], (affine("c"),)),),
            ),
        )
        return VectorProgram("batch_norm_grad", phases)
