"""Operators that copy data to other places: it moves through the machine, and costs."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from xdsl.ir import BlockArgument, OpResult, SSAValue

from simdc.cost.numbers import ceil_div
from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Value, known
from simdc.frontends.onnx.constant_nodes import FLOAT
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.shapes import axis_of
from simdc.frontends.onnx.table import operator
from simdc.ir.base import shape_of
from simdc.ir.ops.cache import CacheAppendOp
from simdc.ir.ops.concat import ConcatOp
from simdc.ir.ops.pad import PadOp, SliceOp
from simdc.ir.ops.transpose import TransposeOp

from .view import view


@operator("Concat")
def concat(build: Build) -> Value:
    axis = axis_of(build.node.integer("axis", 1), len(build.shape(0)))
    places = [place for place in range(len(build.inputs)) if build.has(place) and prod(build.shape(place))]
    if len(places) == 1:
        return view(build, build.tensor(places[0]), build.shape(places[0]))
    if places == [0, 1] and len(build.inputs) == 2 and _is_cache(build, axis):
        return build.add(CacheAppendOp(build.name, build.tensor(0), build.tensor(1), axis=axis))
    return build.add(ConcatOp(build.name, *(build.tensor(place, f"part{place}") for place in places), axis=axis))


def _is_cache(build: Build, axis: int) -> bool:
    """Whether rows are appended to what the network gets, to be handed to its next run: a cache of keys or values. Its
    batch is no row, and features of a row none of its own."""
    past, new = build.value(0), build.value(1)
    inside = 0 < axis < len(build.shape(0)) - 1
    return inside and isinstance(past, BlockArgument) and isinstance(new, OpResult) and build.is_result(0)


@operator("Split", settings=(1,))
def split(build: Build) -> Value | tuple[Value, ...]:
    """A slice for each result; a part without elements is a constant."""
    node, shape = build.node, build.shape(0)
    axis = axis_of(node.integer("axis", 0), len(shape))
    sizes = build.settings(1, "sizes") if build.opset >= 13 else node.integers("split")
    count = len(node.outputs)
    if sizes is None:
        each = ceil_div(shape[axis], count)
        sizes = tuple(max(0, min(each, shape[axis] - place * each)) for place in range(count))
    if len(sizes) != count or sum(sizes) != shape[axis] or min(sizes) < 0:
        raise Unsupported(f"it cuts {shape[axis]} positions into {list(sizes)}")
    x = build.tensor(0)
    if count == 1:
        return view(build, x, shape)
    parts: list[Value] = []
    for place, size in enumerate(sizes):
        first, own = sum(sizes[:place]), (*shape[:axis], size, *shape[axis + 1 :])
        if not size:
            parts.append(known(node.outputs[place], np.zeros(own, np.float32), FLOAT))
        elif size == shape[axis]:
            parts.append(view(build, x, own, build.part(str(place))))
        else:
            parts.append(build.add(SliceOp(build.part(str(place)), x, axis=axis, first=first, count=size)))
    return tuple(parts)


@operator("Slice", settings=(1, 2, 3, 4))
def slice_(build: Build) -> Value:
    node, shape = build.node, build.shape(0)
    if build.opset >= 10:
        given = [build.settings(place, what) for place, what in enumerate(("starts", "ends", "axes", "steps"), 1)]
        starts, ends, axes, steps = given
    else:
        starts, ends, axes, steps = (node.integers(name) for name in ("starts", "ends", "axes", "steps"))
    if starts is None or ends is None:
        raise Unsupported("it has no starts and ends")
    axes = tuple(range(len(starts))) if axes is None else axes
    steps = (1,) * len(starts) if steps is None else steps
    ranges: dict[int, range] = {}
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        place = axis_of(axis, len(shape))
        if build.rebatch is not None and place == 0 and (start, end, step) == (0, build.rebatch[0], 1):
            continue
        if step < 1:
            raise Unsupported(f"it steps by {step}")
        ranges[place] = range(*slice(start, end, step).indices(shape[place]))
    if not all(ranges.values()):
        # The second part of a head of which all turns with the position: a Concat leaves it out.
        own = [len(ranges.get(axis, range(size))) for axis, size in enumerate(shape)]
        return known(node.outputs[0], np.zeros(own, np.float32), FLOAT)
    return cut(build, build.tensor(0), ranges)


def cut(build: Build, x: SSAValue, ranges: dict[int, range]) -> SSAValue:
    """The positions in `ranges` along each axis; a slice for each axis that loses some."""
    shape = shape_of(x)
    real = [(axis, positions) for axis, positions in ranges.items() if positions != range(shape[axis])]
    if not real:
        return view(build, x, shape)
    for number, (axis, positions) in enumerate(real, 1):
        name = build.name if number == len(real) else build.part(f"axis{axis}")
        x = build.add(SliceOp(name, x, axis=axis, first=positions[0], count=len(positions), step=positions.step))
    return x


@operator("Transpose")
def transpose(build: Build) -> Value:
    shape = build.shape(0)
    order = build.node.integers("perm") or tuple(reversed(range(len(shape))))
    if sorted(order) != list(range(len(shape))):
        raise Unsupported(f"{list(order)} does not permute {len(shape)} dimensions")
    return permuted(build, build.tensor(0), order, build.name)


def permuted(build: Build, x: SSAValue, order: Sequence[int], name: str) -> SSAValue:
    """Dimensions of one element may go anywhere for nothing: the data stays as it lies."""
    shape = shape_of(x)
    long = [axis for axis in order if shape[axis] > 1]
    if long == sorted(long):
        return view(build, x, [shape[axis] for axis in order], name)
    return build.add(TransposeOp(name, x, permutation=order))


@operator("Pad", settings=(1, 2, 3))
def pad(build: Build) -> Value:
    node, shape = build.node, build.shape(0)
    mode = node.text("mode", "constant")
    if mode != "constant":
        raise Unsupported(f"it pads by {mode}, and simdc by a constant only")
    if build.opset >= 11:
        pads, value = build.settings(1, "pads"), build.number(2, "value")
        axes = build.settings(3, "axes")
    else:
        pads, value, axes = node.integers("pads"), node.real("value", 0.0), None
    places = range(len(shape)) if axes is None else [axis_of(axis, len(shape)) for axis in axes]
    if pads is None or len(pads) != 2 * len(places):
        raise Unsupported(f"its pads do not fit {len(places)} dimensions")
    before, after = [0] * len(shape), [0] * len(shape)
    for number, axis in enumerate(places):
        before[axis], after[axis] = pads[number], pads[number + len(places)]
    x = build.tensor(0)
    kept = {
        axis: range(max(0, -before[axis]), shape[axis] - max(0, -after[axis]))
        for axis in range(len(shape))
        if min(before[axis], after[axis]) < 0
    }
    before, after = [max(0, size) for size in before], [max(0, size) for size in after]
    if not any(before) and not any(after):
        return cut(build, x, kept)
    for axis, positions in kept.items():
        x = build.add(SliceOp(build.part(f"axis{axis}"), x, axis=axis, first=positions.start, count=len(positions)))
    return build.add(PadOp(build.name, x, before=before, after=after, value=0.0 if value is None else value))


@operator("DepthToSpace", "SpaceToDepth")
def depth_to_space(build: Build) -> Value:
    """A view with the blocks apart, a transpose, a view."""
    node, (n, c, h, w) = build.node, _image(build)
    block = node.integer("blocksize", 1)
    if node.op_type == "DepthToSpace":
        rows_first = node.text("mode", "DCR") == "DCR"
        if c % block**2:
            raise Unsupported(f"{c} channels do not hold blocks of {block} x {block}")
        apart = (n, block, block, c // block**2, h, w) if rows_first else (n, c // block**2, block, block, h, w)
        order = (0, 3, 4, 1, 5, 2) if rows_first else (0, 1, 4, 2, 5, 3)
        together = (n, c // block**2, h * block, w * block)
    else:
        if h % block or w % block:
            raise Unsupported(f"an image of {h} x {w} does not divide into blocks of {block}")
        apart, order = (n, c, h // block, block, w // block, block), (0, 3, 5, 1, 2, 4)
        together = (n, c * block**2, h // block, w // block)
    x = view(build, build.tensor(0), apart, build.part("blocks"))
    return view(build, permuted(build, x, order, build.part("transpose")), together)


def _image(build: Build) -> tuple[int, int, int, int]:
    shape = build.shape(0)
    if len(shape) != 4:
        raise Unsupported(f"it needs an image, and its input has shape {list(shape)}")
    return shape[0], shape[1], shape[2], shape[3]
