"""Rows picked by numbers that are data. Kernels know how many rows they move; which these are is found here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.cost.kernel import VectorProgram
from simdc.errors import SimdcError
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.context import layer_error
from simdc.ir.ops.cache import CacheAppendOp
from simdc.ir.ops.gather import GatherOp, ScatterAddOp
from simdc.ir.ops.scatter import GatherElementsOp, GatherNdOp, PickOp, PlacedOp, PutOp, ScatterElementsOp, ScatterNdOp

from .arrays import Array, Arrays
from .program import ProgramRun, run_program

Places = NDArray[np.intp]
RowRun = Callable[[Any, VectorProgram, Sequence[Array]], tuple[Arrays, ProgramRun]]
"""The results of an op by its kernel, and the run that made them."""


def positions(op: LayerOp, ids: Array, size: int) -> Places:
    """The numbers as places from 0 on; those below 0 count from the end. Raises SimdcError, at the op's place, for one
    that is no whole number or names nothing among `size`."""
    wrong = (ids != np.floor(ids)) | (ids < -size) | (ids >= size)
    if wrong.any():
        error: SimdcError = layer_error(op, f"asks for number {ids[wrong][0]:g}; there are 0 to {size - 1}")
        raise error
    return ids.astype(np.intp) % size


def _picked(op: GatherOp, table: Array, ids: Array) -> Array:
    axis = op.axis.value.data
    return table.take(positions(op, ids, table.shape[axis]), axis=axis)


def _gather(op: GatherOp, program: VectorProgram, arguments: Sequence[Array]) -> tuple[Arrays, ProgramRun]:
    table, ids = arguments
    shapes = {operand.name: operand.shape for operand in program.nests[0].inputs}
    inputs = {"table": _picked(op, table, ids).reshape(shapes["table"]), "ids": ids.reshape(-1)}
    run = run_program(program, inputs)
    return (run.arrays["y"].reshape(shape_of(op.result)),), run


def _scatter_add(op: ScatterAddOp, program: VectorProgram, arguments: Sequence[Array]) -> tuple[Arrays, ProgramRun]:
    """A row that is added to for the second time is read as the first time left it."""
    ids, gradient, *base = arguments
    outer, count, row = op.rows
    places = positions(op, ids, op.size.value.data).reshape(-1)
    added, result = gradient.reshape(outer, count, row), _begun(op, base)
    before: Array = np.empty(added.shape)
    for number, place in enumerate(places):
        before[:, number] = result[:, place]
        result[:, place] += added[:, number]
    shape = next(operand.shape for operand in program.nests[-1].inputs if operand.name == "rows")
    given = {"ids": ids.reshape(-1), "gradient": added.reshape(shape), "rows": before.reshape(shape)}
    run = run_program(program, given)
    result = run.arrays["zeros"].reshape(result.shape).copy() if op.base is None else _begun(op, base)
    sums = run.arrays["sums"].reshape(added.shape)
    for number, place in enumerate(places):
        result[:, place] = sums[:, number]
    return (result.reshape(shape_of(op.result)),), run


def _begun(op: ScatterAddOp, base: Sequence[Array]) -> Array:
    """What rows are added to, as [outer, rows, row]."""
    shape = (op.rows.outer, op.size.value.data, op.rows.row)
    return base[0].reshape(shape).copy() if base else np.zeros(shape)


def _row_numbers(op: PlacedOp, ids: Array, whole: tuple[int, ...]) -> Places:
    """The rows of a tensor of shape `whole`, read as [rows, row], that `ids` name, in order."""
    if isinstance(op, (GatherElementsOp, ScatterElementsOp)):
        axis = op.axis.value.data
        own = positions(op, ids, whole[axis])
        place = [own if at == axis else along for at, along in enumerate(np.indices(ids.shape))]
        return np.ravel_multi_index(place, whole).reshape(-1)
    assert isinstance(op, (GatherNdOp, ScatterNdOp))
    batch, count = op.batch_dims.value.data, ids.shape[-1]
    place = list(np.indices(ids.shape[:-1])[:batch])
    place += [positions(op, ids[..., at], whole[batch + at]) for at in range(count)]
    return np.ravel_multi_index(place, whole[: batch + count]).reshape(-1)


def _pick(op: PickOp, program: VectorProgram, arguments: Sequence[Array]) -> tuple[Arrays, ProgramRun]:
    table, ids = arguments
    given = program.nests[0].inputs[1].shape
    rows = table.reshape(-1, op.picked.row)[_row_numbers(op, ids, table.shape)]
    run = run_program(program, {"table": rows.reshape(given), "ids": no_numbers(program)})
    return (run.arrays["y"].reshape(shape_of(op.result)),), run


def no_numbers(program: VectorProgram) -> Array:
    """In the place of the numbers of rows, which no instruction reads."""
    return np.zeros(program.nests[-1].inputs[0].shape)


def _put(op: PutOp, program: VectorProgram, arguments: Sequence[Array]) -> tuple[Arrays, ProgramRun]:
    ids, updates, *data = arguments
    places, rows = _row_numbers(op, ids, op.whole()), updates.reshape(-1, op.picked.row)
    return run_put(op, program, places, rows, _rows_of(op, data), data)


def run_put(
    op: PutOp, program: VectorProgram, places: Iterable[Any], rows: Array, result: Array, data: Sequence[Array]
) -> tuple[Arrays, ProgramRun]:
    """`rows` written to the `places` of `result`, which begins as `data` says; None is a place that nothing is written
    to. A row that is written to for the second time is read as the first time left it."""
    places, given = list(places), program.nests[-1].inputs[1].shape
    before: Array = np.zeros(rows.shape)
    for number, place in enumerate(places):
        if place is not None:
            before[number] = result[place]
            result[place] = REDUCTIONS[op.reduction.data](result[place], rows[number])
    inputs = {"ids": no_numbers(program), "updates": rows.reshape(given), "rows": before.reshape(given)}
    first = {operand.name: data[0].reshape(operand.shape) for operand in program.nests[0].inputs}
    read = {operand.name for operand in program.nests[-1].inputs}
    run = run_program(program, {**first, **{name: value for name, value in inputs.items() if name in read}})
    result = run.arrays["begun"].reshape(result.shape).copy()
    for number, place in enumerate(places):
        if place is not None:
            result[place] = run.arrays["written"].reshape(rows.shape)[number]
    return (result.reshape(op.whole()),), run


def _append(op: CacheAppendOp, program: VectorProgram, arguments: Sequence[Array]) -> tuple[Arrays, ProgramRun]:
    """What the kernel does not write is there already."""
    past, new = arguments
    run = run_program(program, {"new": new})
    axis, written = op.axis.value.data, run.arrays["y"]
    grown = np.concatenate((past, np.full(new.shape, np.nan)), axis=axis)
    return (np.where(np.isnan(written), grown, written),), run


REDUCTIONS: dict[str, Callable[[Array, Array], Array]] = {
    "none": lambda old, new: new,
    "add": np.add,
    "mul": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
}


def _rows_of(op: PutOp, data: Sequence[Array]) -> Array:
    """What rows are put into, as [rows, row]."""
    whole = data[0].copy() if data else np.zeros(op.whole())
    return whole.reshape(-1, op.picked.row)


BY_ROWS: dict[type[LayerOp], RowRun] = {
    GatherOp: _gather,
    ScatterAddOp: _scatter_add,
    GatherElementsOp: _pick,
    GatherNdOp: _pick,
    ScatterElementsOp: _put,
    ScatterNdOp: _put,
    CacheAppendOp: _append,
}
"""Ops whose kernels read or write the rows that a number names."""


@register_impls
class GatherFunctions(InterpreterFunctions):
    @impl(GatherOp)
    def gather(self, interpreter: Interpreter, op: GatherOp, args: Arrays) -> Arrays:
        table, ids = args
        return (_picked(op, table, ids),)

    @impl(ScatterAddOp)
    def scatter_add(self, interpreter: Interpreter, op: ScatterAddOp, args: Arrays) -> Arrays:
        ids, gradient, *base = args
        outer, count, row = op.rows
        result, places = _begun(op, base), positions(op, ids, op.size.value.data).reshape(-1)
        np.add.at(result.swapaxes(0, 1), places, gradient.reshape(outer, count, row).swapaxes(0, 1))
        return (result.reshape(shape_of(op.result)),)

    @impl(GatherElementsOp)
    def gather_elements(self, interpreter: Interpreter, op: GatherElementsOp, args: Arrays) -> Arrays:
        return _picked_rows(op, args)

    @impl(GatherNdOp)
    def gather_nd(self, interpreter: Interpreter, op: GatherNdOp, args: Arrays) -> Arrays:
        return _picked_rows(op, args)

    @impl(ScatterElementsOp)
    def scatter_elements(self, interpreter: Interpreter, op: ScatterElementsOp, args: Arrays) -> Arrays:
        return _put_rows(op, args)

    @impl(ScatterNdOp)
    def scatter_nd(self, interpreter: Interpreter, op: ScatterNdOp, args: Arrays) -> Arrays:
        return _put_rows(op, args)


def _picked_rows(op: PickOp, args: Arrays) -> Arrays:
    table, ids = args
    rows = table.reshape(-1, op.picked.row)[_row_numbers(op, ids, table.shape)]
    return (rows.reshape(shape_of(op.result)),)


def _put_rows(op: PutOp, args: Arrays) -> Arrays:
    ids, updates, *data = args
    result, rows = _rows_of(op, data), updates.reshape(-1, op.picked.row)
    for place, row in zip(_row_numbers(op, ids, op.whole()), rows, strict=True):
        result[place] = REDUCTIONS[op.reduction.data](result[place], row)
    return (result.reshape(op.whole()),)
