"""Batch normalization; its statistics in training, and its two-part gradient (SimDIT Algorithm 1)."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import FloatAttr, f64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import CodeBlock, Instruction, LoopNest, VectorProgram
from simdc.ir.base import TENSOR, GradientOp, LayerOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.elements import element_index, element_loops, element_shape
from simdc.ir.gradient import Backward, give_each, rule_for
from simdc.ir.layers import layer
from simdc.ir.options import Freeze
from simdc.ir.statistics import NORMALIZE, Groups


@irdl_op_definition
class BatchNormOp(LayerOp):
    """`result = (input - mean) * inv_std * scale + shift`, one value of each per channel (dimension 1).

    The statistics are those gathered in training; `inv_std = 1 / sqrt(variance + epsilon)` is computed once, when the
    network is loaded, not for each image.
    """

    name = "simdc.batch_norm"

    input = operand_def(TENSOR)
    mean = operand_def(TENSOR)
    inv_std = operand_def(TENSOR)
    scale = operand_def(TENSOR)
    shift = operand_def(TENSOR)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        shape = element_shape(self.input)
        for value in (self.mean, self.inv_std, self.scale, self.shift):
            if len(shape) < 2 or shape_of(value) != (shape[1],):
                raise VerifyException(f"input has shape {list(shape)}, a parameter {list(shape_of(value))}")
        return shape

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.input)
        loops, index = element_loops(shape), element_index(shape)
        inputs = (
            operand("x", self.input, index),
            operand("mean", self.mean, ("c",)),
            operand("inv_std", self.inv_std, ("c",)),
            operand("scale", self.scale, ("c",)),
            operand("shift", self.shift, ("c",)),
        )
        block = CodeBlock(tuple(loop.name for loop in loops), NORMALIZE)
        return VectorProgram("batch_norm", (LoopNest(loops, inputs, (operand("y", self.result, index),), (block,)),))


def _per_channel(value: SSAValue, *parameters: SSAValue) -> tuple[int, ...]:
    shape = shape_of(value)
    if len(shape) < 2:
        raise VerifyException(f"expected [n, c, ...], got shape {list(shape)}")
    for parameter in parameters:
        if shape_of(parameter) != shape[1:2]:
            raise VerifyException(f"input has shape {list(shape)}, a parameter {list(shape_of(parameter))}")
    return shape[1:2]


def _channels(shape: Sequence[int]) -> Groups:
    return Groups(element_loops(tuple(shape)), ("c",), float(prod(shape) // shape[1]))


@irdl_op_definition
class BatchNormStatisticsOp(LayerOp):
    """`mean[c]` and `inv_std[c] = 1 / sqrt(mean of squares - mean^2 + epsilon)` of input [n, c, ...], in one pass."""

    name = "simdc.batch_norm_statistics"

    input = operand_def(TENSOR)
    epsilon = prop_def(FloatAttr.constr(f64))
    mean = result_def(TENSOR)
    inv_std = result_def(TENSOR)

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        return (_per_channel(self.input),) * 2

    def kernel(self) -> VectorProgram:
        shape, bits = shape_of(self.input), self.accumulator_bits
        x = operand("x", self.input, element_index(shape))
        mean, inv_std = operand("mean", self.mean, ("c",)), operand("inv_std", self.inv_std, ("c",))
        nest = _channels(shape).moments(x, mean, inv_std, bits, self.epsilon.value.data)
        return VectorProgram("batch_norm_statistics", (nest,))


@irdl_op_definition
class BatchNormGradOp(GradientOp):
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

    def alike(self) -> Sequence[SSAValue]:
        return (self.gradient, self.scale, self.scale)

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        shape, channels = shape_of(self.input), _per_channel(self.input, self.mean, self.inv_std, self.scale)
        if shape_of(self.gradient) != shape:
            raise VerifyException(f"input has shape {list(shape)}, the gradient {list(shape_of(self.gradient))}")
        return (shape, channels, channels)

    def kernel(self) -> VectorProgram:
        shape, bits = shape_of(self.input), self.accumulator_bits
        index, channels = element_index(shape), _channels(shape)
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
        sums = LoopNest(
            channels.loops,
            (operand("x", self.input, index), gradient, mean, inv_std),
            (normal, scale_grad, shift_grad),
            (CodeBlock(channels.every, part_1),),
            initial=(("scale_grad", 0.0), ("shift_grad", 0.0)),
        )
        y = operand("y", self.input_grad, index)
        part_2 = channels.input_gradient((gradient, normal, inv_std, scale), scale_grad, shift_grad, y, bits)
        return VectorProgram("batch_norm_grad", (sums, part_2))


@rule_for(BatchNormOp)
def batch_norm_gradient(op: BatchNormOp, back: Backward) -> None:
    gradient = BatchNormGradOp.of(f"{op.layer.data}.grad", op, back.upstream(op.result))
    give_each(back, (op.input, op.scale, op.shift), gradient)


@layer
def bn(net: ModuleBuilder, name: str, x: SSAValue, *, freeze: Freeze = False) -> SSAValue:
    """Batch normalization."""
    channels = shape_of(x)[1:2]
    mean = net.parameter(name, "mean", channels, statistic=True)
    inv_std = net.parameter(name, "inv_std", channels, statistic=True)
    scale = net.parameter(name, "scale", channels, frozen=freeze)
    shift = net.parameter(name, "shift", channels, frozen=freeze)
    return net.append(BatchNormOp(name, x, mean, inv_std, scale, shift), name)
