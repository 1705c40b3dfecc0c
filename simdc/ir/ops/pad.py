"""A range of positions, and a border around a tensor: each is the other's gradient."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from xdsl.dialects.builtin import DenseArrayBase, FloatAttr, IntegerAttr, f64, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, LoopNest, Operand, VectorProgram, affine
from simdc.ir.base import TENSOR, LayerOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.gradient import INPUT, Backward, give_input, rule_for
from simdc.ir.layers import image, layer
from simdc.ir.movement import channels_first, check_axis, copy_nest, dimension_names, lanes_loop, shifted
from simdc.ir.options import Axis, Border, Natural, Positive, Real

from .free import ReshapeOp


def resized(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    """`shape` with another size along `axis`."""
    return (*shape[:axis], size, *shape[axis + 1 :])


def names_along(shape: tuple[int, ...], axis: int, along: str) -> tuple[str, ...]:
    """The loops over `shape`; the one over `axis` is called `along`."""
    names = dimension_names(shape)
    return (*names[:axis], along, *names[axis + 1 :])


def index_along(names: tuple[str, ...], axis: int, step: int = 1, first: int = 0) -> tuple[str | Affine, ...]:
    return (*names[:axis], affine((names[axis], step), constant=first), *names[axis + 1 :])


def copy_along(source: Operand, target: Operand, shape: tuple[int, ...], names: tuple[str, ...], axis: int) -> LoopNest:
    """`target = source`, element by element of `shape`, the loop over `axis` outermost."""
    bounds = dict(zip(names, shape, strict=True))
    order = (names[axis], *(name for name in names if name != names[axis]))
    lanes = lanes_loop(dimension_names(shape), {axis})
    return copy_nest([(name, bounds[name]) for name in order], target, source, lanes)


@irdl_op_definition
class SliceOp(LayerOp):
    """`count` positions of the input along `axis`: number `first`, and each `step` further."""

    name = "simdc.slice"

    input = operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64))
    first = prop_def(IntegerAttr.constr(i64))
    count = prop_def(IntegerAttr.constr(i64))
    step = prop_def(IntegerAttr.constr(i64), default_value=IntegerAttr(1, i64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        shape, axis, first, count, step = self._geometry()
        check_axis(shape, axis)
        last = first + step * (count - 1)
        if first < 0 or count < 1 or step < 1 or last >= shape[axis]:
            what, beyond = ("channels", "") if axis == 1 else ("positions", f" along dimension {axis}")
            every = f" by steps of {step}" if step != 1 else ""
            raise VerifyException(f"{what} {first} to {last}{every} are not among the input's {shape[axis]}{beyond}")
        return resized(shape, axis, count)

    def kernel(self) -> VectorProgram:
        _, axis, first, _, step = self._geometry()
        shape = shape_of(self.result)
        names = dimension_names(shape)
        source = operand("x", self.input, index_along(names, axis, step, first))
        target = operand("y", self.result, index_along(names, axis))
        return VectorProgram(
            "slice", (copy_along(source, target, shape, names, axis),), lanes=lanes_loop(names, {axis})
        )

    def _geometry(self) -> tuple[tuple[int, ...], int, int, int, int]:
        """Shape of the input, axis, first, count and step."""
        fields = (self.axis, self.first, self.count, self.step)
        axis, first, count, step = (field.value.data for field in fields)
        return shape_of(self.input), axis, first, count, step


@irdl_op_definition
class PadOp(LayerOp):
    """`before[d]` elements of `value` before the input along dimension d and `after[d]` behind it.

    One nest copies the input to its place. Then one for each side of the border fills a box:
    what borders on a dimension is as wide as the input along the dimensions before it, and whole along those after it.
    Dimensions that are padded do not lie across the lanes.
    """

    name = "simdc.pad"

    input = operand_def(TENSOR)
    before = prop_def(DenseArrayBase.constr(i64))
    after = prop_def(DenseArrayBase.constr(i64))
    value = prop_def(FloatAttr.constr(f64), default_value=FloatAttr(0.0, f64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        if not isfinite(self.value.value.data):
            raise VerifyException(f"the value of the border must be finite, got {self.value.value.data}")
        return _padded(shape_of(self.input), self.before.get_values(), self.after.get_values())

    def kernel(self) -> VectorProgram:
        inside, whole = shape_of(self.input), shape_of(self.result)
        before, after = self.before.get_values(), self.after.get_values()
        names = dimension_names(inside)
        lanes = lanes_loop(names, {axis for axis, size in enumerate(inside) if whole[axis] != size})
        order = channels_first(names)
        bounds = dict(zip(names, inside, strict=True))
        source = operand("x", self.input, names)
        target = operand("y", self.result, shifted(names, before))
        nests: list[LoopNest] = [copy_nest([(name, bounds[name]) for name in order], target, source, lanes)]
        for axis, name in enumerate(names):
            for side, margin, first in (
                ("before", before[axis], 0),
                ("after", after[axis], before[axis] + inside[axis]),
            ):
                if not margin:
                    continue
                box: dict[str, tuple[str, int, int]] = {}
                for other, along in enumerate(names):
                    if other < axis or inside[other] == whole[other]:
                        box[along] = (along, inside[other], before[other])
                    elif other > axis:
                        box[along] = (f"{along}_whole", whole[other], 0)
                box[name] = (f"{name}_{side}", margin, first)
                index = [affine(box[along][0], constant=box[along][2]) for along in names]
                target = operand("y", self.result, index)
                nests.append(copy_nest([box[along][:2] for along in order], target, self.value.value.data, lanes))
        return VectorProgram("pad", tuple(nests), lanes=lanes)


def _padded(shape: Sequence[int], before: Sequence[int], after: Sequence[int]) -> tuple[int, ...]:
    dimension_names(shape)
    if len(before) != len(shape) or len(after) != len(shape) or min((*before, *after)) < 0:
        raise VerifyException(f"before and after take {len(shape)} entries, none negative, one for each dimension")
    return tuple(b + size + a for b, size, a in zip(before, shape, after, strict=True))


@rule_for(SliceOp)
def slice_gradient(op: SliceOp, back: Backward) -> None:
    """What was left out has no gradient. Where positions were passed over, zeros come between: behind each element
    first, in a dimension of its own."""
    name, shape, gradient = op.layer.data, shape_of(op.input), back.upstream(op.result)
    axis, first, count, step = (field.value.data for field in (op.axis, op.first, op.count, op.step))
    if step > 1:
        # g1 g2 with step 3 become g1 0 0 g2 0 0.
        own = shape_of(op.result)
        apart = (*own[: axis + 1], 1, *own[axis + 1 :])
        column = back.emit(ReshapeOp(f"{name}.grad_apart", gradient, shape=apart), INPUT).results[0]
        behind = [step - 1 if at == axis + 1 else 0 for at in range(len(apart))]
        filled = back.emit(PadOp(f"{name}.grad_filled", column, before=[0] * len(apart), after=behind), INPUT).results[
            0
        ]
        spread = resized(own, axis, count * step)
        gradient = back.emit(ReshapeOp(f"{name}.grad_spread", filled, shape=spread), INPUT).results[0]
        count *= step
    room = shape[axis] - first
    if count > room:
        gradient = back.emit(SliceOp(f"{name}.grad_cut", gradient, axis=axis, first=0, count=room), INPUT).results[0]
        count = room
    before, after = ([margin if at == axis else 0 for at in range(len(shape))] for margin in (first, room - count))
    give_input(back, op.input, PadOp(f"{name}.grad_input", gradient, before=before, after=after))


@rule_for(PadOp)
def pad_gradient(op: PadOp, back: Backward) -> None:
    """One dimension after the other, the last under the name of the gradient."""
    name, shape, gradient = op.layer.data, shape_of(op.input), back.upstream(op.result)
    before, after = op.before.get_values(), op.after.get_values()
    padded = [axis for axis in range(len(shape)) if before[axis] or after[axis]]
    for axis in padded:
        suffix = "grad_input" if axis == padded[-1] else f"grad_cut{axis}"
        cut = SliceOp(f"{name}.{suffix}", gradient, axis=axis, first=before[axis], count=shape[axis])
        gradient = back.emit(cut, INPUT).results[0]
    back.give(op.input, gradient)


@layer
def slice(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    axis: Axis,
    first: Natural,
    count: Positive,
    step: Positive = 1,
) -> SSAValue:
    """`count` positions along a dimension."""
    return net.append(SliceOp(name, x, axis=axis, first=first, count=count, step=step), name)


@layer
def pad(net: ModuleBuilder, name: str, x: SSAValue, *, pad: Border, value: Real = 0.0) -> SSAValue:
    """A border around the image."""
    image(x)
    return net.append(PadOp(name, x, before=(0, 0, *pad[:2]), after=(0, 0, *pad[2:]), value=value), name)
