"""Normalization of each row by its own statistics, and its gradient (Ba et al. 2016)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, f64, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, opt_result_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, CodeBlock, Instruction, LoopNest, Operand, VectorProgram
from simdc.ir.base import TENSOR, FormedOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.form import Form
from simdc.ir.gradient import INPUT, Backward, give_weight, rule_for
from simdc.ir.layers import layer
from simdc.ir.options import Amount, Axis, Flag, Freeze
from simdc.ir.row_loops import RowLoops
from simdc.ir.row_norms import gradient_stages, moment_stage, rows_shape
from simdc.ir.rows import RowProgram, Stage, row_forms
from simdc.ir.statistics import NORMALIZE, Groups

from .reduce import ReduceSumOp, Reduction


class Rows:
    """The rows of a tensor: dimensions from `axis` on are one row's elements, those before number the rows. Rows lie
    across the lanes: [8, 16, 768] from axis 2 on are 128 rows, lanes along the 16."""

    def __init__(self, shape: tuple[int, ...], axis: int):
        self._loops = loops = Reduction(shape, range(axis, len(shape)))
        self._shape = shape[:axis]
        self.index: tuple[str | Affine, ...] = loops.names
        self.inside = loops.names[axis:]
        self.lanes = loops.lanes
        self.groups = Groups(loops.loops, loops.ends, float(loops.count))

    def value(self, name: str, bits: int) -> Operand:
        """An operand with one element for each row."""
        return Operand(name, bits, self._shape, self._loops.index_of(self._shape))

    def statistics(self, x: Operand, bits: int, epsilon: float) -> LoopNest:
        return self.groups.moments(x, self.value("mean", bits), self.value("inv_std", bits), bits, epsilon)


def _merged(input: SSAValue, axis: int) -> tuple[RowLoops, tuple[int, ...]]:
    """The rows with dimensions side by side as one, and the shape of scale and shift with all dimensions."""
    shape = shape_of(input)
    return RowLoops(shape, range(axis, len(shape))), (*(1,) * axis, *shape[axis:])


def _normalized(shift: SSAValue | None) -> tuple[Instruction, ...]:
    return NORMALIZE if shift is not None else (*NORMALIZE[:2], NORMALIZE[2]._replace(dest="y"))


@irdl_op_definition
class LayerNormGradOp(FormedOp):
    """The gradient of layer normalization with respect to its input, over rows of N elements.

    The statistics are gathered again. Then, per row, with `normal = (input - mean) * inv_std` and
    `inner = gradient * scale`: `weighted = sum(inner * normal)` and `total = sum(inner)`. Last
    `result = inv_std / N * (N * inner - total - normal * weighted)`. Where somebody asks for the gradient of the scale,
    `product = gradient * normal` is stored: its sum over the rows crosses the lanes, which a program cannot.
    """

    name = "simdc.layer_norm_grad"

    input = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    scale = operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64))
    epsilon = prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)
    product = opt_result_def(TENSOR)

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        shape = rows_shape(self.axis.value.data, self.input, self.scale)
        if shape_of(self.gradient) != shape:
            raise VerifyException(f"input has shape {list(shape)}, the gradient {list(shape_of(self.gradient))}")
        return (shape,) * len(self.results)

    def forms(self) -> Mapping[str, Form]:
        return row_forms(self._plan, self._streamed)

    def _plan(self, bits: int) -> RowProgram:
        loops, inside = _merged(self.input, self.axis.value.data)
        made = [Instruction("mul", "inner", ("gradient", "scale"))]
        if self.product is not None:
            made.insert(0, Instruction("mul", "product", ("gradient", "normal")))
        inputs = (
            loops.operand("x", self.input),
            loops.operand("gradient", self.gradient),
            loops.operand("scale", self.scale, inside),
        )
        results = [loops.operand("dx", self.result)]
        if self.product is not None:
            results.append(loops.operand("product", self.product))
        stages = gradient_stages(loops.length, self.epsilon.value.data, "inner", tuple(made), "dx")
        kept = (("normal", "dx"),)
        return RowProgram("layer_norm_grad", loops, inputs, tuple(results), stages, bits, keeps=kept)

    def _streamed(self, bits: int) -> VectorProgram:
        rows = Rows(shape_of(self.input), self.axis.value.data)
        x, gradient = operand("x", self.input, rows.index), operand("gradient", self.gradient, rows.index)
        scale, normal = operand("scale", self.scale, rows.inside), operand("normal", self.input, rows.index, bits)
        statistics = rows.statistics(x, bits, self.epsilon.value.data)
        mean, inv_std = statistics.outputs
        weighted, total = rows.value("weighted", bits), rows.value("total", bits)
        gather = [
            Instruction("sub", "centered", ("x", "mean")),
            Instruction("mul", "normal", ("centered", "inv_std")),
            Instruction("mul", "inner", ("gradient", "scale")),
            Instruction("mul", "along", ("inner", "normal")),
            Instruction("add", "weighted", ("weighted", "along")),
            Instruction("add", "total", ("total", "inner")),
        ]
        results = [normal, weighted, total]
        if self.product is not None:
            gather.insert(2, Instruction("mul", "product", ("gradient", "normal")))
            results.append(operand("product", self.product, rows.index))
        sums = LoopNest(
            rows.groups.loops,
            (x, gradient, scale, mean, inv_std),
            tuple(results),
            (CodeBlock(rows.groups.every, tuple(gather)),),
            initial=(("weighted", 0.0), ("total", 0.0)),
        )
        begin = Instruction("div", "factor", ("inv_std", rows.groups.size))
        balance = (
            Instruction("mul", "inner", ("gradient", "scale")),
            Instruction("mul", "all", ("inner", rows.groups.size)),
            Instruction("mul", "along", ("normal", "weighted")),
            Instruction("sub", "rest", ("all", "along")),
            Instruction("sub", "balanced", ("rest", "total")),
            Instruction("mul", "dx", ("balanced", "factor")),
        )
        finish = LoopNest(
            rows.groups.loops,
            (gradient, scale, normal, inv_std, weighted, total),
            (operand("dx", self.result, rows.index),),
            (CodeBlock(rows.groups.ends, (begin,), at="start"), CodeBlock(rows.groups.every, balance)),
            scratch=(rows.value("factor", bits),),
        )
        return VectorProgram("layer_norm_grad", (statistics, sums, finish), rows.lanes)


@irdl_op_definition
class LayerNormOp(FormedOp):
    """`result = (input - mean) * inv_std * scale + shift`, row by row.

    A row are the dimensions from `axis` on: the shape of scale and shift. Mean and
    `inv_std = 1 / sqrt(variance + epsilon)` are those of each row, in training and inference.

    The first stage gathers the statistics, the second normalizes. In the form `streamed` both read the input from DRAM,
    and the statistics go through DRAM, too.
    """

    name = "simdc.layer_norm"

    input = operand_def(TENSOR)
    scale = operand_def(TENSOR)
    shift = opt_operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64))
    epsilon = prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        return rows_shape(self.axis.value.data, self.input, self.scale, self.shift)

    def forms(self) -> Mapping[str, Form]:
        return row_forms(self._plan, self._streamed)

    def _plan(self, bits: int) -> RowProgram:
        loops, inside = _merged(self.input, self.axis.value.data)
        inputs = [loops.operand("x", self.input), loops.operand("scale", self.scale, inside)]
        if self.shift is not None:
            inputs.append(loops.operand("shift", self.shift, inside))
        stages = (moment_stage(loops.length, self.epsilon.value.data), Stage(_normalized(self.shift)))
        return RowProgram("layer_norm", loops, tuple(inputs), (loops.operand("y", self.result),), stages, bits)

    def _streamed(self, bits: int) -> VectorProgram:
        rows = Rows(shape_of(self.input), self.axis.value.data)
        x, y = operand("x", self.input, rows.index), operand("y", self.result, rows.index)
        statistics = rows.statistics(x, bits, self.epsilon.value.data)
        inputs: Sequence[Operand] = (x, *statistics.outputs, operand("scale", self.scale, rows.inside))
        if self.shift is not None:
            inputs = (*inputs, operand("shift", self.shift, rows.inside))
        normalize = LoopNest(
            rows.groups.loops, tuple(inputs), (y,), (CodeBlock(rows.groups.every, _normalized(self.shift)),)
        )
        return VectorProgram("layer_norm", (statistics, normalize), rows.lanes)


@rule_for(LayerNormOp)
def layer_norm_gradient(op: LayerNormOp, back: Backward) -> None:
    name, upstream, axis = op.layer.data, back.upstream(op.result), op.axis.value.data
    product = upstream.type if back.needs(op.scale) else None
    fields = {"axis": axis, "epsilon": op.epsilon, "product": product}
    if back.needs(op.input) or product is not None:
        gradient = LayerNormGradOp(f"{name}.grad_input", op.input, upstream, op.scale, **fields)
        back.emit(gradient, INPUT)
        if back.needs(op.input):
            back.give(op.input, gradient.result)
        if gradient.product is not None:
            give_weight(back, op.scale, ReduceSumOp(f"{name}.grad_scale", gradient.product, axes=range(axis)))
    if op.shift is not None and back.needs(op.shift):
        give_weight(back, op.shift, ReduceSumOp(f"{name}.grad_shift", upstream, axes=range(axis)))


@layer
def layer_norm(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    axis: Axis = -1,
    epsilon: Amount = 1e-5,
    bias: Flag = True,
    freeze: Freeze = False,
) -> SSAValue:
    """Normalizes each row: the dimensions from `axis` on."""
    scale = net.parameter(name, "scale", shape_of(x)[axis:], frozen=freeze)
    shift = net.parameter(name, "shift", shape_of(x)[axis:], frozen=freeze) if bias else None
    return net.append(LayerNormOp(name, x, scale, shift, axis=axis, epsilon=epsilon), name)
