"""Operators that pick or write what numbers name: known numbers are slices, those that are data are read where they are
needed."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.ir import SSAValue

from simdc.errors import SimdcError
from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Value
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.shapes import axis_of
from simdc.frontends.onnx.table import operator
from simdc.ir.base import shape_of
from simdc.ir.ops.concat import ConcatOp
from simdc.ir.ops.gather import GatherOp
from simdc.ir.ops.pad import SliceOp
from simdc.ir.ops.scatter import GatherElementsOp, GatherNdOp, ScatterElementsOp, ScatterNdOp
from simdc.ir.ops.top_k import TopKOp

from .movement import cut
from .view import view

MOST_PIECES = 256
"""Runs of known positions that are copied out by a layer each; of more the numbers are read as data is."""


@operator("Gather", sides=(0,))
def gather(build: Build) -> Value:
    """Known positions: a slice for each run of positions at one distance, joined where there are several."""
    shape, constant = build.shape(0), build.constant(1)
    axis = axis_of(build.node.integer("axis", 0), len(shape))
    if constant is None:
        return build.add(GatherOp(build.name, _table(build), _numbers(build), axis=axis))
    try:
        given = constant.ints()
    except SimdcError:
        # Too many to look at, or taken out of the file: how many they are is known, and that is what they cost.
        return _by_numbers(build, axis)
    places = [index % shape[axis] for index in given if -shape[axis] <= index < shape[axis]]
    if not places or len(places) != constant.elements:
        raise Unsupported(f"its indices are not among the {shape[axis]} positions of dimension {axis}")
    pieces = _runs(places)
    if len(pieces) > MOST_PIECES or build.constant(0) is not None:
        return _by_numbers(build, axis)
    x, plain = build.tensor(0), len(constant.shape) == 1
    if len(pieces) == 1 and plain:
        return cut(build, x, {axis: pieces[0]})
    parts = [x if piece == range(shape[axis]) else _piece(build, x, axis, piece) for piece in pieces]
    if len(parts) > 1:
        x = build.add(ConcatOp(build.name if plain else build.part("joined"), *parts, axis=axis))
    else:
        x = parts[0]
    return x if plain else view(build, x, (*shape[:axis], *constant.shape, *shape[axis + 1 :]))


def _by_numbers(build: Build, axis: int) -> Value:
    ids = build.constant(1)
    assert ids is not None
    ids = ids if ids.shape else ids.reshaped((1,))
    numbers = build.parameter(ids, "ids", kind="constant")
    shape = build.shape(0)
    if build.constant(1) is ids:
        return build.add(GatherOp(build.name, _table(build), numbers, axis=axis))
    picked = build.add(GatherOp(build.part("row"), _table(build), numbers, axis=axis))
    return view(build, picked, (*shape[:axis], *shape[axis + 1 :]))


def _table(build: Build) -> SSAValue:
    """What is picked from: learnt where the file has it as a weight."""
    constant = build.constant(0)
    if constant is not None and not prod(constant.shape):
        raise Unsupported("it picks from nothing")
    return build.table(0, "weight")


def _numbers(build: Build, place: int = 1) -> SSAValue:
    constant = build.constant(place)
    if constant is not None:
        return build.parameter(constant, "ids", kind="constant")
    found = build.tensor(place)
    if not shape_of(found):
        raise Unsupported("its index is a single number that depends on data")
    return found


@operator("GatherElements")
def gather_elements(build: Build) -> Value:
    axis = axis_of(build.node.integer("axis", 0), len(build.shape(0)))
    return build.add(GatherElementsOp(build.name, _table(build), _numbers(build), axis=axis))


@operator("GatherND")
def gather_nd(build: Build) -> Value:
    batch = build.node.integer("batch_dims", 0)
    return build.add(GatherNdOp(build.name, _table(build), _numbers(build), batch_dims=batch))


@operator("ScatterElements")
def scatter_elements(build: Build) -> Value:
    axis = axis_of(build.node.integer("axis", 0), len(build.shape(0)))
    data, ids, updates = build.tensor(0, "data"), _numbers(build), build.tensor(2, "updates")
    reduction = build.node.text("reduction", "none")
    return build.add(ScatterElementsOp(build.name, ids, updates, data, axis=axis, reduction=reduction))


@operator("ScatterND")
def scatter_nd(build: Build) -> Value:
    data, ids, updates = build.tensor(0, "data"), _numbers(build), build.tensor(2, "updates")
    return build.add(ScatterNdOp(build.name, ids, updates, data, reduction=build.node.text("reduction", "none")))


@operator("TopK", settings=(1,))
def top_k(build: Build) -> tuple[Value, ...]:
    node, shape = build.node, build.shape(0)
    counts = (node.integer("k", 0),) if build.opset < 10 else build.settings(1, "count")
    if counts is None or len(counts) != 1:
        raise Unsupported("it does not say how many")
    smallest = not node.integer("largest", 1)
    axis = axis_of(node.integer("axis", -1), len(shape))
    return build.add_several(TopKOp(build.name, build.tensor(0), axis=axis, count=counts[0], smallest=smallest))


def _piece(build: Build, x: SSAValue, axis: int, positions: range) -> SSAValue:
    first, count, step = positions[0], len(positions), positions.step
    return build.add(SliceOp(build.part("positions"), x, axis=axis, first=first, count=count, step=step))


def _runs(places: Sequence[int]) -> list[range]:
    """The positions in order, cut into as few stretches of one distance as a walk from the front finds:
    0 2 4 3 1 -> 0 2 4, 3, 1."""
    runs: list[range] = []
    start = 0
    while start < len(places):
        step = places[start + 1] - places[start] if start + 1 < len(places) else 1
        end = start + 1
        while step > 0 and end < len(places) and places[end] - places[end - 1] == step:
            end += 1
        runs.append(range(places[start], places[end - 1] + 1, max(1, step)))
        start = end
    return runs
