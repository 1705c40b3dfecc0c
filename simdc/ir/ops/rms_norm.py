"""Normalization of each row by its root mean square, and its gradient (Zhang and Sennrich 2019)."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, f64, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, opt_result_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction, Operand
from simdc.ir.base import TENSOR, FormedOp, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.form import Form
from simdc.ir.gradient import INPUT, Backward, give_weight, rule_for
from simdc.ir.layers import layer
from simdc.ir.options import Amount, Axis, Flag, Freeze
from simdc.ir.row_loops import RowLoops
from simdc.ir.row_norms import rows_shape
from simdc.ir.rows import RowProgram, Stage, Sum, row_forms

from .reduce import ReduceSumOp

SQUARES = (Instruction("mul", "square", ("x", "x")), Instruction("add", "squares", ("squares", "square")))


def _loops(input: SSAValue, axis: int, scale: SSAValue | None) -> tuple[RowLoops, tuple[Operand, ...]]:
    """The rows, and as operands `x` and the scale if there is one."""
    shape = shape_of(input)
    loops = RowLoops(shape, range(axis, len(shape)))
    x = loops.operand("x", input)
    wide = (*(1,) * axis, *shape[axis:])
    return loops, (x,) if scale is None else (x, loops.operand("scale", scale, wide))


def _inverse(size: int, epsilon: float) -> tuple[Instruction, ...]:
    return (
        Instruction("div", "mean_square", ("squares", float(size))),
        Instruction("add", "shifted", ("mean_square", epsilon)),
        Instruction("inv_sqrt", "inv_rms", ("shifted",)),
    )


@irdl_op_definition
class RmsNormGradOp(FormedOp):
    """The gradient of RMS normalization with respect to its input, over rows of N elements.

    With `inner = gradient * scale` and `weighted = sum(inner * input)` of a row,
    `result = inv_rms * inner - inv_rms^3 / N * weighted * input`. Where somebody asks for the gradient of the scale,
    `product = gradient * inv_rms * input` is stored: its sum over the rows crosses the lanes.
    """

    name = "simdc.rms_norm_grad"

    input = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    scale = opt_operand_def(TENSOR)
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
        return row_forms(self._plan)

    def _plan(self, bits: int) -> RowProgram:
        loops, read = _loops(self.input, self.axis.value.data, self.scale)
        inner = "gradient" if self.scale is None else "inner"
        made = () if self.scale is None else (Instruction("mul", "inner", ("gradient", "scale")),)
        gather = (
            *SQUARES,
            *made,
            Instruction("mul", "along", (inner, "x")),
            Instruction("add", "weighted", ("weighted", "along")),
        )
        finish = (
            *_inverse(loops.length, self.epsilon.value.data),
            Instruction("mul", "twice", ("inv_rms", "inv_rms")),
            Instruction("mul", "thrice", ("twice", "inv_rms")),
            Instruction("mul", "share", ("weighted", -1.0 / loops.length)),
            Instruction("mul", "factor", ("thrice", "share")),
        )
        back = [Instruction("mul", "back", ("x", "factor"))]
        results = [loops.operand("dx", self.result)]
        if self.product is not None:
            back.append(Instruction("mul", "normal", ("x", "inv_rms")))
            back.append(Instruction("mul", "product", ("gradient", "normal")))
            results.append(loops.operand("product", self.product))
        back.append(Instruction("mac", "dx", ("back", inner, "inv_rms")))
        stages = (Stage(gather, (Sum("squares"), Sum("weighted")), finish), Stage(tuple(back)))
        inputs = (*read, loops.operand("gradient", self.gradient))
        return RowProgram("rms_norm_grad", loops, inputs, tuple(results), stages, bits)


@irdl_op_definition
class RmsNormOp(FormedOp):
    """`result = input * inv_rms * scale`, row by row; `inv_rms = 1 / sqrt(mean of input^2 + epsilon)`.

    A row are the dimensions from `axis` on: the shape of the scale, which may be left out. The first stage adds up
    squares, the second normalizes.
    """

    name = "simdc.rms_norm"

    input = operand_def(TENSOR)
    scale = opt_operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64))
    epsilon = prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        return rows_shape(self.axis.value.data, self.input, self.scale)

    def forms(self) -> Mapping[str, Form]:
        return row_forms(self._plan)

    def _plan(self, bits: int) -> RowProgram:
        loops, inputs = _loops(self.input, self.axis.value.data, self.scale)
        scaled = [Instruction("mul", "y", ("x", "inv_rms"))]
        if self.scale is not None:
            scaled = [scaled[0]._replace(dest="normal"), Instruction("mul", "y", ("normal", "scale"))]
        finish = _inverse(loops.length, self.epsilon.value.data)
        stages = (Stage(SQUARES, (Sum("squares"),), finish), Stage(tuple(scaled)))
        return RowProgram("rms_norm", loops, inputs, (loops.operand("y", self.result),), stages, bits)


@rule_for(RmsNormOp)
def rms_norm_gradient(op: RmsNormOp, back: Backward) -> None:
    name, upstream, axis = op.layer.data, back.upstream(op.result), op.axis.value.data
    wanted = op.scale is not None and back.needs(op.scale)
    fields = {"axis": axis, "epsilon": op.epsilon, "product": upstream.type if wanted else None}
    gradient = RmsNormGradOp(f"{name}.grad_input", op.input, upstream, op.scale, **fields)
    back.emit(gradient, INPUT)
    if back.needs(op.input):
        back.give(op.input, gradient.result)
    if op.scale is not None and gradient.product is not None:
        give_weight(back, op.scale, ReduceSumOp(f"{name}.grad_scale", gradient.product, axes=range(axis)))


@layer
def rms_norm(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    axis: Axis = -1,
    epsilon: Amount = 1e-6,
    scale: Flag = True,
    freeze: Freeze = False,
) -> SSAValue:
    """Divides each row, the dimensions from `axis` on, by its root mean square."""
    own = net.parameter(name, "scale", shape_of(x)[axis:], frozen=freeze) if scale else None
    return net.append(RmsNormOp(name, x, own, axis=axis, epsilon=epsilon), name)
