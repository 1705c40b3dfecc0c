"""Normalization of groups of channels, each by its own statistics, and its gradient (Wu and He 2018)."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, f64, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_result_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction
from simdc.ir.base import TENSOR, FormedOp, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.form import Form
from simdc.ir.gradient import INPUT, Backward, give_weight, rule_for
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import layer
from simdc.ir.movement import dimension_names
from simdc.ir.options import Amount, Freeze, Positive
from simdc.ir.row_loops import RowLoops
from simdc.ir.row_norms import gradient_stages, moment_stage
from simdc.ir.rows import RowProgram, Stage, row_forms
from simdc.ir.statistics import NORMALIZE

from .reduce import ReduceSumOp


def _check(input: SSAValue, groups: int, *parameters: SSAValue) -> tuple[int, ...]:
    shape = shape_of(input)
    dimension_names(shape)
    if len(shape) < 2 or groups < 1 or shape[1] % groups:
        raise VerifyException(f"the channels of {list(shape)} do not make {groups} groups")
    for value in parameters:
        if shape_of(value) != shape[1:2]:
            raise VerifyException(f"input has shape {list(shape)}, a parameter {list(shape_of(value))}")
    return shape


class Grouped:
    """An input [n, c, ...] as [n, g, c / g, ...], with a row for each n and g: channels of a group, and what lies
    behind them."""

    # [2, 8, 5, 5] in 4 groups: 8 rows of 2 x 25 elements; of the row's two loops a scale moves with the first.

    def __init__(self, shape: tuple[int, ...], groups: int):
        n, channels, *behind = shape
        self.shape = (n, groups, channels // groups, *behind)
        self.channels = (1, groups, channels // groups, *(1 for _ in behind))
        self.loops = RowLoops(self.shape, range(2, len(self.shape)), [self.channels])


@irdl_op_definition
class GroupNormGradOp(FormedOp):
    """The gradient of group normalization with respect to its input, as that of layer normalization, a row being a
    group of channels. `product = gradient * normal` is stored where somebody asks for the gradient of the scale."""

    name = "simdc.group_norm_grad"

    input = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    scale = operand_def(TENSOR)
    groups = prop_def(IntegerAttr.constr(i64))
    epsilon = prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)
    product = opt_result_def(TENSOR)

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        shape = _check(self.input, self.groups.value.data, self.scale)
        if shape_of(self.gradient) != shape:
            raise VerifyException(f"input has shape {list(shape)}, the gradient {list(shape_of(self.gradient))}")
        return (shape,) * len(self.results)

    def forms(self) -> Mapping[str, Form]:
        return row_forms(self._plan)

    def _plan(self, bits: int) -> RowProgram:
        grouped = Grouped(shape_of(self.input), self.groups.value.data)
        loops, shape = grouped.loops, grouped.shape
        made = [Instruction("mul", "inner", ("gradient", "scale"))]
        results = [loops.operand("dx", self.result, shape)]
        if self.product is not None:
            made.insert(0, Instruction("mul", "product", ("gradient", "normal")))
            results.append(loops.operand("product", self.product, shape))
        inputs = (
            loops.operand("x", self.input, shape),
            loops.operand("gradient", self.gradient, shape),
            loops.operand("scale", self.scale, grouped.channels),
        )
        stages = gradient_stages(loops.length, self.epsilon.value.data, "inner", tuple(made), "dx")
        kept = (("normal", "dx"),)
        return RowProgram("group_norm_grad", loops, inputs, tuple(results), stages, bits, keeps=kept)


@irdl_op_definition
class GroupNormOp(FormedOp):
    """`result = (input - mean) * inv_std * scale + shift`: input [n, c, ...], scale and shift [c]; mean and
    `inv_std = 1 / sqrt(variance + epsilon)` are those of each image's group of channels, in training and inference."""

    name = "simdc.group_norm"

    input = operand_def(TENSOR)
    scale = operand_def(TENSOR)
    shift = operand_def(TENSOR)
    groups = prop_def(IntegerAttr.constr(i64))
    epsilon = prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        return _check(self.input, self.groups.value.data, self.scale, self.shift)

    def forms(self) -> Mapping[str, Form]:
        return row_forms(self._plan)

    def _plan(self, bits: int) -> RowProgram:
        grouped = Grouped(shape_of(self.input), self.groups.value.data)
        loops = grouped.loops
        parameters = (("scale", self.scale), ("shift", self.shift))
        inputs = (
            loops.operand("x", self.input, grouped.shape),
            *(loops.operand(name, value, grouped.channels) for name, value in parameters),
        )
        stages = (moment_stage(loops.length, self.epsilon.value.data), Stage(NORMALIZE))
        y = loops.operand("y", self.result, grouped.shape)
        return RowProgram("group_norm", loops, inputs, (y,), stages, bits)


@rule_for(GroupNormOp)
def group_norm_gradient(op: GroupNormOp, back: Backward) -> None:
    name, upstream = op.layer.data, back.upstream(op.result)
    product = upstream.type if back.needs(op.scale) else None
    fields = {"groups": op.groups, "epsilon": op.epsilon, "product": product}
    if back.needs(op.input) or product is not None:
        gradient = GroupNormGradOp(f"{name}.grad_input", op.input, upstream, op.scale, **fields)
        back.emit(gradient, INPUT)
        if back.needs(op.input):
            back.give(op.input, gradient.result)
        if gradient.product is not None:
            give_weight(back, op.scale, ReduceSumOp(f"{name}.grad_scale", gradient.product))
    if back.needs(op.shift):
        give_weight(back, op.shift, ReduceSumOp(f"{name}.grad_shift", upstream))


@layer
def group_norm(
    net: ModuleBuilder, name: str, x: SSAValue, *, groups: Positive, epsilon: Amount = 1e-5, freeze: Freeze = False
) -> SSAValue:
    """Normalizes groups of channels of each image."""
    shape = shape_of(x)
    if shape[1] % groups:
        raise LayerError(f"{shape[1]} channels do not make {groups} groups", "groups")
    scale = net.parameter(name, "scale", shape[1:2], frozen=freeze)
    shift = net.parameter(name, "shift", shape[1:2], frozen=freeze)
    return net.append(GroupNormOp(name, x, scale, shift, groups=groups, epsilon=epsilon), name)
