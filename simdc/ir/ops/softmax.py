"""Softmax along any dimension, of scores that are scaled, masked or causal, and its gradient."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, UnitAttr, f64, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import CodeBlock, Instruction, LoopNest, Operand, VectorProgram, affine
from simdc.ir.base import TENSOR, FormedOp, GradientOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.form import Form
from simdc.ir.gradient import INPUT, Backward, give_operand, rule_for
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import layer
from simdc.ir.lines import lines_along, softmax_nests
from simdc.ir.movement import check_axis, dimension_names, lanes_loop
from simdc.ir.options import Axis, Flag, Real
from simdc.ir.row_loops import RowLoops
from simdc.ir.rows import RowProgram, Stage, Sum, row_forms

CHANNELS = IntegerAttr(1, i64)
ONE = FloatAttr(1.0, f64)
LOWEST = -1e38
"""What a score becomes that does not count. Not infinity: the difference of two of these is no number."""


def axis_shape(value: SSAValue, axis: int) -> tuple[int, ...]:
    """The shape of what has lines along `axis`. Raises VerifyException."""
    shape = shape_of(value)
    if len(shape) < 2:
        raise VerifyException(f"expected two to six dimensions, got shape {list(shape)}")
    check_axis(shape, axis)
    return shape


@irdl_op_definition
class SoftmaxGradOp(FormedOp, GradientOp):
    """`result = scale * output * (gradient - sum of gradient * output)`, the sum along `axis`; `output` is the softmax.
    What a mask hides has an output of 0, and so no gradient."""

    name = "simdc.softmax_grad"

    gradient = operand_def(TENSOR)
    output = operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64), default_value=CHANNELS)
    scale = prop_def(FloatAttr.constr(f64), default_value=ONE)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        shape = axis_shape(self.gradient, self.axis.value.data)
        if shape_of(self.output) != shape:
            raise VerifyException(f"output has shape {list(shape_of(self.output))}, the gradient {list(shape)}")
        return shape

    def forms(self) -> Mapping[str, Form]:
        return row_forms(self._plan, self._streamed if self.scale == ONE else None)

    def _plan(self, bits: int) -> RowProgram:
        loops, scale = RowLoops(shape_of(self.gradient), [self.axis.value.data]), self.scale.value.data
        inputs = (loops.operand("gradient", self.gradient), loops.operand("y", self.output))
        gather = (Instruction("mul", "product", ("gradient", "y")), Instruction("add", "total", ("total", "product")))
        finish: tuple[Instruction, ...] = ()
        centered = Instruction("sub", "centered", ("gradient", "total"))
        if scale != 1:
            # scale * (gradient - total) as one instruction an element.
            finish = (Instruction("mul", "offset", ("total", -scale)),)
            centered = Instruction("mac", "centered", ("offset", "gradient", scale))
        stages = (
            Stage(gather, (Sum("total"),), finish),
            Stage((centered, Instruction("mul", "dx", ("y", "centered")))),
        )
        return RowProgram("softmax_grad", loops, inputs, (loops.operand("dx", self.result),), stages, bits)

    def _streamed(self, bits: int) -> VectorProgram:
        axis, names = self.axis.value.data, dimension_names(shape_of(self.gradient))
        gradient, p = operand("gradient", self.gradient, names), operand("y", self.output, names)
        loops, total = lines_along(p, axis, "total", bits)
        every = tuple(loop.name for loop in loops)
        gather = (Instruction("mul", "product", ("gradient", "y")), Instruction("add", "total", ("total", "product")))
        finish = (Instruction("sub", "centered", ("gradient", "total")), Instruction("mul", "dx", ("y", "centered")))
        nests = (
            LoopNest(loops, (gradient, p), (total,), (CodeBlock(every, gather),), initial=(("total", 0.0),)),
            LoopNest(loops, (gradient, p, total), (operand("dx", self.result, names),), (CodeBlock(every, finish),)),
        )
        return VectorProgram("softmax_grad", nests, lanes_loop(names, {axis}))


@irdl_op_definition
class SoftmaxOp(FormedOp):
    """`result = exp(s - max) / sum of exp(s - max)` of scores `s = scale * input + mask`, maximum and sum along `axis`,
    by default the channels.

    `extras` are the mask, which broadcasts to the input, if there is one, and where `causal` is set the numbers 0, 1,
    ... of the keys along `axis`. The dimension before `axis` are then the queries, of which the last sees all keys:
    query i of T sees those up to `i + keys - T`; all others count as if their score were the lowest.

    Three stages: maximum; exponentials and their sum; division. The form `streamed` reads the data from DRAM for each,
    and where there is nothing but the input hands exponentials on through DRAM; the others are those of `rows.py`.
    """

    name = "simdc.softmax"

    input = operand_def(TENSOR)
    extras = var_operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64), default_value=CHANNELS)
    scale = prop_def(FloatAttr.constr(f64), default_value=ONE)
    causal = opt_prop_def(UnitAttr)
    result = result_def(TENSOR)

    @property
    def mask(self) -> SSAValue | None:
        return self.extras[0] if len(self.extras) > (self.causal is not None) else None

    @property
    def is_plain(self) -> bool:
        """Whether it is the softmax of its input and nothing else."""
        return not self.extras and self.scale == ONE

    def result_shape(self) -> tuple[int, ...]:
        axis, causal = self.axis.value.data, self.causal is not None
        shape = axis_shape(self.input, axis)
        if not causal <= len(self.extras) <= causal + 1:
            raise VerifyException(
                f"takes a mask{' and the numbers of its keys' * causal}, got {len(self.extras)} extras"
            )
        if self.mask is not None:
            masked_shape(shape, self.mask)
        if causal:
            if axis < 2:
                raise VerifyException(
                    f"causal needs queries behind the batch and before axis {axis}: [n, ..., queries, keys]"
                )
            if shape[axis - 1] > shape[axis]:
                raise VerifyException(f"causal has {shape[axis - 1]} queries and only {shape[axis]} keys")
            if shape_of(self.extras[-1]) != (shape[axis],):
                raise VerifyException(
                    f"expected the numbers of {shape[axis]} keys, got {list(shape_of(self.extras[-1]))}"
                )
        return shape

    def forms(self) -> Mapping[str, Form]:
        return row_forms(self._plan, self._streamed if self.is_plain else None)

    def _streamed(self, bits: int) -> VectorProgram:
        axis, names = self.axis.value.data, dimension_names(shape_of(self.input))
        x, y = operand("x", self.input, names), operand("y", self.result, names)
        return VectorProgram("softmax", softmax_nests(x, y, bits, axis), lanes_loop(names, {axis}))

    def _plan(self, bits: int) -> RowProgram:
        shape, axis, scale = shape_of(self.input), self.axis.value.data, self.scale.value.data
        mask, causal = self.mask, self.causal is not None
        wide = None if mask is None else masked_shape(shape, mask)
        queries, keys = (
            tuple(size if dim == along else 1 for dim, size in enumerate(shape)) for along in (axis - 1, axis)
        )
        loops = RowLoops(shape, [axis], [*([] if wide is None else [wide]), *([queries] if causal else [])])
        inputs, views = [loops.operand("x", self.input)], list[Operand]()
        scores: list[Instruction] = []
        held = "x"
        # Of what is scaled by a positive number the largest is the same: the scale waits for the exponentials.
        late = scale if mask is None and scale > 0 else 1.0
        if mask is not None:
            inputs.append(loops.operand("x0", mask, wide))
            plain = Instruction("add", "s", ("x", "x0"))
            scores.append(plain if scale == 1 else Instruction("mac", "s", ("x0", "x", scale)))
            held = "s"
        elif late != scale:
            scores.append(Instruction("mul", "s", ("x", scale)))
            held = "s"
        if causal:
            numbers = loops.operand(f"x{len(inputs) - 1}", self.extras[-1], keys)
            # One query by itself is in no loop of its own, and sees all keys.
            step = [loops.loop_of(axis - 1)] if shape[axis - 1] > 1 else []
            seen = affine(*step, constant=shape[axis] - shape[axis - 1])
            last = numbers._replace(name=f"{numbers.name}.last", index=(seen,))
            inputs.append(numbers)
            views.append(last)
            # The larger of the key's number and the last that the query sees is the latter's, unless the key is behind.
            scores += [
                Instruction("max", "later", (last.name, numbers.name)),
                Instruction("conditional_move", "seen", ("later", last.name, held, LOWEST)),
            ]
            held = "seen"
        stages = _stages(held, tuple(scores), late)
        kept = tuple((name, "y") for name in (held, "e") if name != "x")
        output = (loops.operand("y", self.result),)
        return RowProgram("softmax", loops, tuple(inputs), output, stages, bits, keeps=kept, views=tuple(views))


def _stages(scores: str, made_by: tuple[Instruction, ...], late: float) -> tuple[Stage, ...]:
    """The softmax of `scores`, which the code `made_by` makes; a factor that comes `late` scales them in the
    exponent."""
    centered, offset = Instruction("sub", "centered", (scores, "maximum")), tuple[Instruction, ...]()
    if late != 1:
        # late * (score - maximum) in one instruction: the row's part is worked out once.
        offset = (Instruction("mul", "offset", ("maximum", -late)),)
        centered = Instruction("mac", "centered", ("offset", scores, late))
    exponential = (Instruction("exp", "e", ("centered",)), Instruction("add", "total", ("total", "e")))
    return (
        Stage(
            (*made_by, Instruction("max", "maximum", ("maximum", scores))),
            (Sum("maximum", "max", float("-inf")),),
            offset,
        ),
        Stage((centered, *exponential), (Sum("total"),), (Instruction("div", "share", (1.0, "total")),)),
        Stage((Instruction("mul", "y", ("e", "share")),)),
    )


def masked_shape(shape: tuple[int, ...], mask: SSAValue) -> tuple[int, ...]:
    """A mask's shape with all dimensions of what it is added to. Raises VerifyException unless it broadcasts to it."""
    own = shape_of(mask)
    wide = (*(1,) * (len(shape) - len(own)), *own)
    if len(own) > len(shape) or any(size not in (1, full) for size, full in zip(wide, shape, strict=True)):
        raise VerifyException(f"a mask of shape {list(own)} does not broadcast to {list(shape)}")
    return wide


@rule_for(SoftmaxOp)
def softmax_gradient(op: SoftmaxOp, back: Backward) -> None:
    """Scores have the gradient of a softmax, the input `scale` times that. A mask that is trained, as a bias by
    position is, has that of the scores, summed where it was repeated."""
    name, upstream, mask = op.layer.data, back.upstream(op.result), op.mask
    if mask is None or not back.needs(mask):
        back.give(op.input, back.emit(SoftmaxGradOp.of(f"{name}.grad_input", op, upstream), INPUT).results[0])
        return
    # Only here: inference, and most training, needs neither file.
    from .broadcast import BroadcastGradOp
    from .scalar import ScalarOp

    scores = back.emit(SoftmaxGradOp.of(f"{name}.grad_scores", op, upstream, scale=1.0), INPUT).results[0]
    if shape_of(mask) == shape_of(op.input):
        back.give(mask, scores)
    else:
        grad = BroadcastGradOp(f"{name}.grad_mask", scores, [], function="add", side="rhs", result=mask.type)
        give_operand(back, mask, grad)
    if not back.needs(op.input):
        return
    if op.scale != ONE:
        scaled = ScalarOp(f"{name}.grad_input", scores, function="mul", value=op.scale)
        scores = back.emit(scaled, INPUT).results[0]
    back.give(op.input, scores)


def softmax_op(
    net: ModuleBuilder, name: str, x: SSAValue, mask: SSAValue | None, axis: int, scale: float, *, causal: bool
) -> SoftmaxOp:
    """A softmax with what it needs beside its input and mask. One query sees all keys, causal or not."""
    shape = shape_of(x)
    if causal and axis < 2:
        raise LayerError("causal needs [..., queries, keys] and the axis of the keys: write axis=-1", "causal")
    hides = causal and shape[axis - 1] > 1
    extras = [] if mask is None else [mask]
    if hides:
        extras.append(net.fixed(name, "key_numbers", (shape[axis],)))
    return SoftmaxOp(name, x, extras, axis=axis, scale=scale, causal=hides)


@layer
def softmax(
    net: ModuleBuilder, name: str, x: SSAValue, *, axis: Axis = 1, scale: Real = 1.0, causal: Flag = False
) -> SSAValue:
    """Exponentials divided by their sum along a dimension."""
    return net.append(softmax_op(net, name, x, None, axis, scale, causal=causal), name)


@layer
def masked_softmax(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    mask: SSAValue,
    *,
    axis: Axis = -1,
    scale: Real = 1.0,
    causal: Flag = False,
) -> SSAValue:
    """The softmax of `scale * x + mask`; the mask is broadcast."""
    return net.append(softmax_op(net, name, x, mask, axis, scale, causal=causal), name)
