"""Rules for data movement, resizing, reductions, softmax, instance norm and products of activations."""

from __future__ import annotations

from simdc.ir.base import shape_of
from simdc.ir.gradient import INPUT, RULES, Backward, give_input, rule_for
from simdc.ir.ops.broadcast import DivideOp, MultiplyOp
from simdc.ir.ops.concat import ConcatOp, SliceOp, resized
from simdc.ir.ops.expand import ExpandOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.pad import PadOp
from simdc.ir.ops.reduce import ReduceGradOp, ReduceMeanOp, ReduceSumOp, reduced
from simdc.ir.ops.reduce_extreme import FoldOp, ReduceExtremeGradOp, ReduceMaxOp, ReduceMinOp, ReduceProductOp
from simdc.ir.ops.resize import ResizeGradOp, ResizeOp
from simdc.ir.ops.transpose import TransposeOp


@rule_for(ConcatOp)
def concat(op: ConcatOp, back: Backward) -> None:
    first, axis = 0, op.axis.value.data
    for number, value in enumerate(op.inputs):
        count = shape_of(value)[axis]
        if back.needs(value):
            name = f"{op.layer.data}.grad_input{number}"
            give_input(back, value, SliceOp(name, back.upstream(op.result), axis, first, count))
        first += count


@rule_for(SliceOp)
def slice(op: SliceOp, back: Backward) -> None:
    """What was left out has no gradient. Where positions were passed over, zeros come between: behind each element
    first, in a dimension of its own."""
    name, shape, gradient = op.layer.data, shape_of(op.input), back.upstream(op.result)
    axis, first, count, step = (field.value.data for field in (op.axis, op.first, op.count, op.step))
    if step > 1:
        own = shape_of(op.result)
        apart = (*own[: axis + 1], 1, *own[axis + 1 :])
        column = back.emit(ReshapeOp(f"{name}.grad_apart", gradient, apart), INPUT).results[0]
        behind = [step - 1 if at == axis + 1 else 0 for at in range(len(apart))]
        filled = back.emit(PadOp(f"{name}.grad_filled", column, [0] * len(apart), behind), INPUT).results[0]
        spread = resized(own, axis, count * step)
        gradient = back.emit(ReshapeOp(f"{name}.grad_spread", filled, spread), INPUT).results[0]
        count *= step
    room = shape[axis] - first
    if count > room:
        gradient = back.emit(SliceOp(f"{name}.grad_cut", gradient, axis, 0, room), INPUT).results[0]
        count = room
    before, after = ([margin if at == axis else 0 for at in range(len(shape))] for margin in (first, room - count))
    give_input(back, op.input, PadOp(f"{name}.grad_input", gradient, before, after))


@rule_for(PadOp)
def pad(op: PadOp, back: Backward) -> None:
    """One dimension after the other, the last under the name of the gradient."""
    name, shape, gradient = op.layer.data, shape_of(op.input), back.upstream(op.result)
    before, after = op.before.get_values(), op.after.get_values()
    padded = [axis for axis in range(len(shape)) if before[axis] or after[axis]]
    for axis in padded:
        suffix = "grad_input" if axis == padded[-1] else f"grad_cut{axis}"
        cut = SliceOp(f"{name}.{suffix}", gradient, axis, before[axis], shape[axis])
        gradient = back.emit(cut, INPUT).results[0]
    back.give(op.input, gradient)


@rule_for(TransposeOp)
def transpose(op: TransposeOp, back: Backward) -> None:
    permutation = op.permutation.get_values()
    inverse = [permutation.index(axis) for axis in range(len(permutation))]
    give_input(back, op.input, TransposeOp(f"{op.layer.data}.grad_input", back.upstream(op.result), inverse))


@rule_for(ReshapeOp)
def reshape(op: ReshapeOp, back: Backward) -> None:
    give_input(back, op.input, ReshapeOp(f"{op.layer.data}.grad_input", back.upstream(op.result), shape_of(op.input)))


@rule_for(ResizeOp)
def resize(op: ResizeOp, back: Backward) -> None:
    give_input(back, op.input, ResizeGradOp(f"{op.layer.data}.grad_input", op, back.upstream(op.result)))


@rule_for(ReduceMeanOp)
def reduce_mean(op: ReduceMeanOp, back: Backward) -> None:
    give_input(back, op.input, ReduceGradOp(f"{op.layer.data}.grad_input", op, back.upstream(op.result)))


@rule_for(ReduceSumOp)
def reduce_sum(op: ReduceSumOp, back: Backward) -> None:
    give_input(back, op.input, ReduceGradOp(f"{op.layer.data}.grad_input", op, back.upstream(op.result)))


def extreme(op: FoldOp, back: Backward) -> None:
    give_input(back, op.input, ReduceExtremeGradOp(f"{op.layer.data}.grad_input", op, back.upstream(op.result)))


RULES.update(dict.fromkeys((ReduceMaxOp, ReduceMinOp), extreme))


@rule_for(ReduceProductOp)
def reduce_product(op: ReduceProductOp, back: Backward) -> None:
    """Each factor receives `gradient * product / factor`."""
    name = op.layer.data
    whole = back.emit(MultiplyOp(f"{name}.grad_product", back.upstream(op.result), op.result), INPUT).results[0]
    kept = reduced(shape_of(op.input), op.summed, keepdims=True)
    if shape_of(whole) != kept:
        whole = back.emit(ReshapeOp(f"{name}.grad_apart", whole, kept), INPUT).results[0]
    give_input(back, op.input, DivideOp(f"{name}.grad_input", whole, op.input))


@rule_for(ExpandOp)
def expand(op: ExpandOp, back: Backward) -> None:
    upstream = back.upstream(op.result)
    if not op.repeated:
        back.give(op.input, upstream)
        return
    give_input(back, op.input, ReduceSumOp(f"{op.layer.data}.grad_input", upstream, op.repeated, keepdims=True))
