"""Normalization of each channel of each image by its own statistics, and its gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from xdsl.dialects.builtin import FloatAttr, f64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, CodeBlock, Instruction, Loop, LoopNest, Operand, VectorProgram, affine
from simdc.ir.base import TENSOR, FormedOp, GradientOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.form import Form
from simdc.ir.gradient import Backward, give_each, rule_for
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import layer
from simdc.ir.movement import dimension_names
from simdc.ir.options import Amount, Freeze
from simdc.ir.row_loops import RowLoops
from simdc.ir.row_norms import gradient_stages, moment_stage
from simdc.ir.rows import RowProgram, Stage, row_forms
from simdc.ir.statistics import NORMALIZE, Groups

PLANE = (affine("n"), affine("c"))


def _check(input: SSAValue, *parameters: SSAValue) -> tuple[int, ...]:
    shape = shape_of(input)
    if not 3 <= len(shape) <= 4:
        raise VerifyException(f"expected [n, c, h] or [n, c, h, w], got shape {list(shape)}")
    for value in parameters:
        if shape_of(value) != shape[1:2]:
            raise VerifyException(f"input has shape {list(shape)}, a parameter {list(shape_of(value))}")
    return shape


def _planes(shape: tuple[int, ...]) -> Groups:
    """Channels and images outside, so that each plane's statistics are complete before the next."""
    bounds = dict(zip(dimension_names(shape), shape, strict=True))
    loops = tuple(Loop(name, bounds[name]) for name in ("c", "n", "h", "w") if name in bounds)
    return Groups(loops, ("c", "n"), float(prod(shape[2:])))


def _statistics(x: Operand, bits: int, epsilon: float) -> LoopNest:
    """`mean` and `inv_std` of each plane."""
    mean, inv_std = (Operand(name, bits, x.shape[:2], PLANE) for name in ("mean", "inv_std"))
    return _planes(x.shape).moments(x, mean, inv_std, bits, epsilon)


def _of_channels(input: SSAValue) -> tuple[int, ...]:
    """The shape of scale and shift with all dimensions."""
    shape = shape_of(input)
    return (1, shape[1], *(1,) * (len(shape) - 2))


def _merged(input: SSAValue, results: Sequence[tuple[int, ...]]) -> tuple[RowLoops, tuple[int, ...]]:
    shape, plane = shape_of(input), _of_channels(input)
    return RowLoops(shape, range(2, len(shape)), [plane], results), plane


@irdl_op_definition
class InstanceNormOp(FormedOp):
    """`result = (input - mean) * inv_std * scale + shift`: input [n, c, h] or [n, c, h, w], scale and shift [c]; mean
    and `inv_std = 1 / sqrt(variance + epsilon)` are those of each [n, c] over the rest, in training and inference.

    The first stage gathers the statistics, the second normalizes. In the form `streamed` both read the input from DRAM,
    and the statistics go through DRAM, too; in the others `scale` and `shift` become one factor and offset a plane.
    """

    name = "simdc.instance_norm"

    input = operand_def(TENSOR)
    scale = operand_def(TENSOR)
    shift = operand_def(TENSOR)
    epsilon = prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        return _check(self.input, self.scale, self.shift)

    def forms(self) -> Mapping[str, Form]:
        return row_forms(self._plan, self._streamed)

    def _plan(self, bits: int) -> RowProgram:
        loops, plane = _merged(self.input, ())
        names = (("scale", self.scale), ("shift", self.shift))
        inputs = (loops.operand("x", self.input), *(loops.beside(name, value, plane) for name, value in names))
        once = (
            Instruction("mul", "factor", ("inv_std", "scale")),
            Instruction("mul", "moved", ("mean", "factor")),
            Instruction("sub", "offset", ("shift", "moved")),
        )
        stages = (
            moment_stage(loops.length, self.epsilon.value.data, *once),
            Stage((Instruction("mac", "y", ("offset", "x", "factor")),)),
        )
        return RowProgram("instance_norm", loops, inputs, (loops.operand("y", self.result),), stages, bits)

    def _streamed(self, bits: int) -> VectorProgram:
        shape = shape_of(self.input)
        index = dimension_names(shape)
        planes, x = _planes(shape), operand("x", self.input, index)
        statistics = _statistics(x, bits, self.epsilon.value.data)
        inputs = (x, *statistics.outputs, operand("scale", self.scale, ("c",)), operand("shift", self.shift, ("c",)))
        block = CodeBlock(planes.every, NORMALIZE)
        normalize = LoopNest(planes.loops, inputs, (operand("y", self.result, index),), (block,))
        return VectorProgram("instance_norm", (statistics, normalize))


@irdl_op_definition
class InstanceNormGradOp(FormedOp, GradientOp):
    """Gradients of instance normalization over planes of N elements.

    The statistics are gathered again. Then, per plane, `weighted = sum(gradient * normal)` and `total = sum(gradient)`,
    where `normal = (input - mean) * inv_std`; `scale_grad` and `shift_grad` are their sums over the images. Last
    `input_grad = scale * inv_std / N * (N * gradient - total - normal * weighted)`.
    """

    name = "simdc.instance_norm_grad"

    input = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    scale = operand_def(TENSOR)
    epsilon = prop_def(FloatAttr.constr(f64))
    input_grad = result_def(TENSOR)
    scale_grad = result_def(TENSOR)
    shift_grad = result_def(TENSOR)

    def alike(self) -> Sequence[SSAValue]:
        return (self.input, self.scale, self.scale)

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        shape = _check(self.input, self.scale)
        if shape_of(self.gradient) != shape:
            raise VerifyException(f"input has shape {list(shape)}, the gradient {list(shape_of(self.gradient))}")
        return (shape, shape[1:2], shape[1:2])

    def forms(self) -> Mapping[str, Form]:
        return row_forms(self._plan, self._streamed)

    def _plan(self, bits: int) -> RowProgram:
        plane = _of_channels(self.input)
        loops, _ = _merged(self.input, (plane,))
        inputs = (
            loops.operand("x", self.input),
            loops.operand("gradient", self.gradient),
            loops.beside("scale", self.scale, plane),
        )
        grads = (("scale_grad", self.scale_grad), ("shift_grad", self.shift_grad))
        results = (
            loops.operand("y", self.input_grad),
            *(loops.beside(name, value, plane) for name, value in grads),
        )
        epsilon = self.epsilon.value.data
        first, gather, finish = gradient_stages(loops.length, epsilon, "gradient", (), "y", factor="spread")
        add_up = (
            Instruction("mul", "spread", ("scale", "inv_std")),
            Instruction("add", "scale_grad", ("scale_grad", "weighted")),
            Instruction("add", "shift_grad", ("shift_grad", "total")),
        )
        gather = gather._replace(finish=(*add_up, *gather.finish))
        stages = (first, gather, finish)
        starts = (("scale_grad", 0.0), ("shift_grad", 0.0))
        kept = (("normal", "y"),)
        return RowProgram("instance_norm_grad", loops, inputs, results, stages, bits, starts, kept)

    def _streamed(self, bits: int) -> VectorProgram:
        shape = shape_of(self.input)
        index: tuple[str | Affine, ...] = dimension_names(shape)
        planes = _planes(shape)
        x, gradient = operand("x", self.input, index), operand("gradient", self.gradient, index)
        normal, scale = operand("normal", self.input, index, bits), operand("scale", self.scale, ("c",))
        statistics = _statistics(x, bits, self.epsilon.value.data)
        _, inv_std = statistics.outputs
        weighted, total = (Operand(name, bits, shape[:2], PLANE) for name in ("weighted", "total"))
        grads = (operand("scale_grad", self.scale_grad, ("c",)), operand("shift_grad", self.shift_grad, ("c",)))
        gather = (
            Instruction("sub", "centered", ("x", "mean")),
            Instruction("mul", "normal", ("centered", "inv_std")),
            Instruction("mul", "product", ("normal", "gradient")),
            Instruction("add", "weighted", ("weighted", "product")),
            Instruction("add", "total", ("total", "gradient")),
        )
        add_up = (
            Instruction("add", "scale_grad", ("scale_grad", "weighted")),
            Instruction("add", "shift_grad", ("shift_grad", "total")),
        )
        sums = LoopNest(
            planes.loops,
            (x, gradient, *statistics.outputs),
            (normal, weighted, total, *grads),
            (CodeBlock(planes.every, gather), CodeBlock(planes.ends, add_up)),
            initial=(("weighted", 0.0), ("total", 0.0), ("scale_grad", 0.0), ("shift_grad", 0.0)),
        )
        y = operand("y", self.input_grad, index)
        finish = planes.input_gradient((gradient, normal, inv_std, scale), weighted, total, y, bits)
        return VectorProgram("instance_norm_grad", (statistics, sums, finish))


@rule_for(InstanceNormOp)
def instance_norm_gradient(op: InstanceNormOp, back: Backward) -> None:
    gradient = InstanceNormGradOp.of(f"{op.layer.data}.grad", op, back.upstream(op.result))
    give_each(back, (op.input, op.scale, op.shift), gradient)


@layer
def instance_norm(
    net: ModuleBuilder, name: str, x: SSAValue, *, epsilon: Amount = 1e-5, freeze: Freeze = False
) -> SSAValue:
    """Normalizes each channel of each image."""
    shape = shape_of(x)
    if len(shape) < 3:
        raise LayerError(f"needs [n, c, h] or [n, c, h, w], its input has shape {list(shape)}")
    scale = net.parameter(name, "scale", shape[1:2], frozen=freeze)
    shift = net.parameter(name, "shift", shape[1:2], frozen=freeze)
    return net.append(InstanceNormOp(name, x, scale, shift, epsilon=epsilon), name)
