"""Boxes of a tensor at places that are data, and tensors that run backwards. Kernels know how much they move; where is
found here."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.cost.kernel import VectorProgram
from simdc.errors import SimdcError
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.context import layer_error
from simdc.ir.ops.boxes import BoxedOp, Boxes, GatherBoxesOp, ScatterBoxesOp
from simdc.ir.ops.reverse import ReverseOp

from .arrays import Array, Arrays
from .gather import REDUCTIONS, RowRun, no_numbers, run_put
from .program import ProgramRun, run_program

Elements = NDArray[np.intp]


def _corners(op: BoxedOp, boxes: Boxes, ids: Array) -> Elements:
    """[places, rank]: the first position of each box. Raises SimdcError for a number that is no whole one."""
    if (ids != np.floor(ids)).any():
        error: SimdcError = layer_error(op, f"asks for number {ids[ids != np.floor(ids)][0]:g}, which is no whole one")
        raise error
    numbers = ids[..., None] if boxes.vector == ids.ndim else np.moveaxis(ids, boxes.vector, -1)
    corners = np.zeros((*boxes.places, len(boxes.whole)), np.intp)
    corners[..., list(boxes.axes)] = numbers
    along = np.indices(ids.shape)
    for own, axis in zip(boxes.batch, boxes.ids_batch, strict=True):
        # Behind the dimension of the numbers, places have one dimension less.
        whole = along[axis]
        corners[..., own] = whole if boxes.vector == ids.ndim else whole.take(0, axis=boxes.vector)
    return corners.reshape(-1, len(boxes.whole))


def _elements(boxes: Boxes, corners: Elements) -> Elements:
    """[places, elements of a box]: where each stands in the tensor, read in a row."""
    inside = np.indices(boxes.sizes).reshape(len(boxes.sizes), -1).T
    every = corners[:, None, :] + inside[None]
    steps = np.array([prod(boxes.whole[axis + 1 :]) for axis in range(len(boxes.whole))], np.intp)
    return (every * steps).sum(axis=-1)


def _laid_down(boxes: Boxes, rows: Array) -> Array:
    """[places, elements] as results have them."""
    whole = rows.reshape((*boxes.places, *boxes.box))
    return whole.transpose(_order(boxes)).reshape(boxes.laid_down)


def _order(boxes: Boxes) -> list[int]:
    """Of each dimension of a result its place among places, then boxes."""
    count, rank = len(boxes.places), len(boxes.places) + len(boxes.box)
    places, box = iter(range(count)), iter(range(count, rank))
    return [next(box) if axis in boxes.offsets else next(places) for axis in range(rank)]


def _taken_up(boxes: Boxes, laid: Array) -> Array:
    """The other way round."""
    order = _order(boxes)
    whole = laid.reshape([(*boxes.places, *boxes.box)[axis] for axis in order])
    return whole.transpose(np.argsort(order)).reshape(prod(boxes.places), -1)


def _gathered(op: GatherBoxesOp, table: Array, ids: Array) -> Array:
    boxes = op.boxes
    last = np.subtract(boxes.whole, boxes.sizes)
    corners = np.clip(_corners(op, boxes, ids), 0, last)
    return table.reshape(-1)[_elements(boxes, corners)]


def _gather(op: GatherBoxesOp, program: VectorProgram, args: Sequence[Array]) -> tuple[Arrays, ProgramRun]:
    rows = _gathered(op, *args)
    given = program.nests[0].inputs[1].shape
    run = run_program(program, {"table": rows.reshape(given), "ids": no_numbers(program)})
    return (_laid_down(op.boxes, run.arrays["y"].reshape(rows.shape)),), run


def _targets(op: ScatterBoxesOp, ids: Array) -> list[Elements | None]:
    """Where the elements of each box go, None for one that does not lie in the tensor."""
    boxes = op.boxes
    corners, last = _corners(op, boxes, ids), np.subtract(boxes.whole, boxes.sizes)
    fits = [bool(((corner >= 0) & (corner <= last)).all()) for corner in corners]
    return [_elements(boxes, corners[[at]])[0] if fit else None for at, fit in enumerate(fits)]


def _scatter(op: ScatterBoxesOp, program: VectorProgram, args: Sequence[Array]) -> tuple[Arrays, ProgramRun]:
    ids, updates, *data = args
    return run_put(op, program, _targets(op, ids), _taken_up(op.boxes, updates), _begun(op, data), data)


def _begun(op: ScatterBoxesOp, data: Sequence[Array]) -> Array:
    return data[0].reshape(-1).copy() if data else np.zeros(prod(op.whole()))


def _reverse(op: ReverseOp, program: VectorProgram, args: Sequence[Array]) -> tuple[Arrays, ProgramRun]:
    run = run_program(program, {"x": np.flip(args[0], op.axes.get_values())})
    return (run.arrays["y"].reshape(shape_of(op.result)),), run


BY_BOX: dict[type[LayerOp], RowRun] = {GatherBoxesOp: _gather, ScatterBoxesOp: _scatter, ReverseOp: _reverse}
"""Ops whose kernels read or write elements that stand elsewhere than their loops say."""


@register_impls
class BoxFunctions(InterpreterFunctions):
    @impl(GatherBoxesOp)
    def gather_boxes(self, interpreter: Interpreter, op: GatherBoxesOp, args: Arrays) -> Arrays:
        return (_laid_down(op.boxes, _gathered(op, *args)),)

    @impl(ScatterBoxesOp)
    def scatter_boxes(self, interpreter: Interpreter, op: ScatterBoxesOp, args: Arrays) -> Arrays:
        ids, updates, *data = args
        result = _begun(op, data)
        for place, row in zip(_targets(op, ids), _taken_up(op.boxes, updates), strict=True):
            if place is not None:
                result[place] = REDUCTIONS[op.reduction.data](result[place], row)
        return (result.reshape(op.whole()),)

    @impl(ReverseOp)
    def reverse(self, interpreter: Interpreter, op: ReverseOp, args: Arrays) -> Arrays:
        return (np.flip(args[0], op.axes.get_values()),)
