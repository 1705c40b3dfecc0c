"""What StableHLO picks out of tensors and puts into them at places that are data: rows where they are, else boxes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from xdsl.ir import Block, Operation
from xdsl.utils.exceptions import VerifyException

from simdc.ir.base import LayerOp, shape_of
from simdc.ir.ops.at_place import PutAtOp
from simdc.ir.ops.boxes import GatherBoxesOp, ScatterBoxesOp
from simdc.ir.ops.gather import ScatterAddOp
from simdc.ir.ops.scatter import GatherNdOp, ScatterNdOp
from simdc.named import NamedTuple

from .asked import block_of, operand
from .constant_arrays import rows_behind
from .constants import folded, refuse_known
from .gathers import picked
from .module_text import attribute, integers, lists_of, name_of
from .problems import Unpriced
from .reader import Reader, reads, result_bits, result_shape
from .tensors import sliced
from .values import Filled, Seen, Value, plain
from .whole_numbers import whole_numbers

NUMBER = re.compile(r"index_vector_dim = (\d+)")
REDUCTIONS = {
    "stablehlo.add": "add",
    "stablehlo.or": "max",
    "stablehlo.and": "min",
    "stablehlo.multiply": "mul",
    "stablehlo.maximum": "max",
    "stablehlo.minimum": "min",
}
"""What becomes of two numbers at one place; of truth values `or` is the larger one."""


class _NamedPlaces(NamedTuple):
    """What numbers name, as `simdc.ir.ops.boxes` has it. Where an op says nothing of `vector`, it is the first."""

    axes: tuple[int, ...]
    vector: int
    offsets: tuple[int, ...]
    dropped: tuple[int, ...]
    batch: tuple[int, ...]
    ids_batch: tuple[int, ...]

    def leading(self, ids: tuple[int, ...]) -> int:
        """How many of the first dimensions are named by numbers that lie side by side; 0 where it is otherwise."""
        is_last = self.vector == len(ids) - 1 and ids[-1] == len(self.axes)
        is_first = self.dropped == self.axes == tuple(range(len(self.axes))) and not self.batch
        return len(self.axes) if is_last and is_first else 0

    def row_axis(self, ids: tuple[int, ...]) -> int | None:
        """The only dimension that numbers are of, if it falls away."""
        lone = self.vector == len(ids) or ids[self.vector] == 1
        is_row = len(self.axes) == 1 and self.dropped == self.axes and lone and not self.batch
        return self.axes[0] if is_row else None


def _named(op: Operation, name: str, words: tuple[str, str, str, str, str]) -> _NamedPlaces:
    found, vector = lists_of(op, name), NUMBER.search(str(attribute(op, name)))
    axes, offsets, dropped, batch, ids_batch = (tuple(found.get(word, ())) for word in words)
    return _NamedPlaces(axes, 0 if vector is None else int(vector[1]), offsets, dropped, batch, ids_batch)


GATHERED = ("start_index_map", "offset_dims", "collapsed_slice_dims", "operand_batching_dims",
            "start_indices_batching_dims")  # fmt: skip
SCATTERED = ("scatter_dims_to_operand_dims", "update_window_dims", "inserted_window_dims", "input_batching_dims",
             "scatter_indices_batching_dims")  # fmt: skip


@reads("stablehlo.gather", "stablehlo.dynamic_gather")
def gather(reader: Reader, op: Operation) -> Sequence[Value]:
    """`gather` of rows, `gather_nd` of rows behind several numbers, `gather_boxes` of all else; a slice at a known
    place."""
    named, network = _named(op, "dimension_numbers", GATHERED), reader.network
    sizes = integers(op, "slice_sizes") or (whole_numbers(reader, operand(op, 2)) if len(op.operands) > 2 else None)
    if sizes is None:
        raise Unpriced("the sizes of what it picks depend on data")
    table, shape, bits = (
        reader.value(operand(op, 0)),
        result_shape(op),
        result_bits(op),
    )
    if isinstance(table, Filled):
        return [Filled(shape, table.number)]
    if len(sizes) != len(table.shape):
        raise Unpriced(f"it picks {list(sizes)} of {list(table.shape)}")
    corner = _corner(reader, op, named, table.shape)
    if corner is not None:
        first = [min(max(at, 0), full - size) for at, full, size in zip(corner, table.shape, sizes, strict=True)]
        cut = sliced(table, first, sizes, [1] * len(sizes), sizes)
        return [network.reshaped(cut, shape)] if isinstance(cut, Seen) else [cut]
    ids = reader.seen(operand(op, 1))
    places = [size for axis, size in enumerate(ids.shape) if axis != named.vector]
    several, axis = named.leading(ids.shape), named.row_axis(ids.shape)
    is_last = named.offsets == tuple(range(len(places), len(shape)))
    if several > 1 and is_last and tuple(sizes[several:]) == table.shape[several:]:
        known = folded(network, (table, ids), shape, bits, rows_behind)
        if known is not None:
            return [known]
        sides = network.tensor(table), network.tensor(ids)
        return [_made(reader, GatherNdOp(network.unused(), *sides), shape, bits)]
    if axis is not None and _is_whole(sizes, table.shape, axis):
        around = tuple(at for at in range(len(shape)) if not axis <= at < axis + len(places))
        if named.offsets == around:
            return [picked(network, table, network.reshaped(ids, tuple(places)), axis, shape, bits)]
    refuse_known(table, ids)
    sides = network.tensor(table), network.tensor(ids)
    try:
        boxes = GatherBoxesOp(network.unused(), *sides, sizes=tuple(sizes), **named._asdict())
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    return [_made(reader, boxes, shape, bits)]


def _check(named: _NamedPlaces, ids: tuple[int, ...], whole: tuple[int, ...]) -> None:
    """Raise Unpriced where numbers of shape `ids` do not name places in a tensor of shape `whole`."""
    known = named.vector <= len(ids) and {*named.axes, *named.dropped, *named.batch} <= set(range(len(whole)))
    if not known or (*ids, 1)[named.vector] != len(named.axes):
        raise Unpriced(f"numbers {list(ids)}, of dimension {named.vector} each, do not name places in {list(whole)}")


def _corner(reader: Reader, op: Operation, named: _NamedPlaces, whole: tuple[int, ...]) -> list[int] | None:
    """Where the only box begins, if that is known; None where it is data, or boxes are several."""
    ids = reader.value(operand(op, 1)).shape
    _check(named, ids, whole)
    if named.batch or any(size > 1 for axis, size in enumerate(ids) if axis != named.vector):
        return None
    try:
        numbers = whole_numbers(reader, operand(op, 1))
    except Unpriced:
        # A resource: its numbers are not looked at.
        return None
    if numbers is None:
        return None
    given = dict(zip(named.axes, numbers, strict=True))
    return [given.get(axis, 0) for axis in range(len(whole))]


def _is_whole(sizes: Sequence[int], whole: Sequence[int], axis: int) -> bool:
    return all(size == full for at, (size, full) in enumerate(zip(sizes, whole, strict=True)) if at != axis)


def _made(reader: Reader, op: LayerOp, shape: tuple[int, ...], bits: int | None) -> Value:
    if shape_of(op.results[0]) != (shape or (1,)):
        op.drop_all_references()
        raise Unpriced(f"it makes {list(shape_of(op.results[0]))} and has shape {list(shape)}")
    return plain(reader.network.add(op, bits), shape or (1,), shape)


def _reduction(block: Block) -> str:
    """What a body makes of what is there, its first argument, and of what comes. Raises Unpriced."""
    last = block.last_op
    made = last.operands[0] if last is not None and len(last.operands) == 1 else None
    if made is block.args[1]:
        return "none"
    owner = made.owner if made is not None else None
    if isinstance(owner, Operation) and owner is block.first_op and set(owner.operands) == set(block.args):
        found = REDUCTIONS.get(name_of(owner))
        if found is not None:
            return found
    raise Unpriced("it joins what it places with what is there otherwise than by one operation")


@reads("stablehlo.scatter")
def scatter(reader: Reader, op: Operation) -> Sequence[Value]:
    """`scatter_add`, `scatter_nd` or `scatter_boxes`; `put_at` at one known place. What is there is written over, or
    joined with what comes."""
    if len(op.operands) != 3:
        raise Unpriced("it places into several tensors at once")
    named, network = _named(op, "scatter_dimension_numbers", SCATTERED), reader.network
    base, updates = reader.value(operand(op, 0)), reader.seen(operand(op, 2))
    shape, bits, reduction = base.shape, result_bits(op), _reduction(block_of(op, 0))
    refuse_known(base, updates)
    corner = _corner(reader, op, named, shape)
    if corner is not None and reduction == "none":
        box = _box(named, updates.shape, len(shape))
        if all(0 <= at <= full - size for at, full, size in zip(corner, shape, box, strict=True)):
            whole, part = network.tensor(base), network.tensor(network.reshaped(updates, box))
            return [_made(reader, PutAtOp(network.unused(), whole, part, [], first=corner), shape, bits)]
    ids = reader.seen(operand(op, 1))
    places = [size for axis, size in enumerate(ids.shape) if axis != named.vector]
    several, axis = named.leading(ids.shape), named.row_axis(ids.shape)
    rest = [size for at, size in enumerate(updates.shape) if at in named.offsets]
    is_last = named.offsets == tuple(range(len(places), len(updates.shape)))
    fields: dict[str, tuple[int, ...]] = {"shape": shape} if isinstance(base, Filled) and not base.number else {}
    made: LayerOp
    try:
        if several > (reduction == "add") and is_last and tuple(rest) == shape[several:]:
            operands = [network.tensor(each) for each in (ids, updates, base)]
            made = ScatterNdOp(network.unused(), *operands, reduction=reduction)
        elif axis is not None and reduction == "add" and _is_row(named, places, axis, rest, shape):
            numbers, added = network.tensor(network.reshaped(ids, tuple(places))), network.tensor(updates)
            whole = None if fields else network.tensor(base)
            made = ScatterAddOp(network.unused(), numbers, added, whole, axis=axis, size=shape[axis])
        else:
            fields |= {"sizes": _box(named, updates.shape, len(shape))}
            operands = [network.tensor(each) for each in (ids, updates, *(() if "shape" in fields else (base,)))]
            made = ScatterBoxesOp(network.unused(), *operands, reduction=reduction, **fields, **named._asdict())
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    return [_made(reader, made, shape, bits)]


def _box(named: _NamedPlaces, updates: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """How much of each dimension an update takes."""
    sizes = iter([updates[axis] for axis in named.offsets])
    return tuple(1 if axis in (*named.dropped, *named.batch) else next(sizes) for axis in range(rank))


def _is_row(named: _NamedPlaces, places: Sequence[int], axis: int, rest: Sequence[int], whole: tuple[int, ...]) -> bool:
    """Whether updates are whole rows, which stand where the numbers do."""
    around = tuple(at for at in range(len(places) + len(rest)) if not axis <= at < axis + len(places))
    return named.offsets == around and tuple(rest) == (*whole[:axis], *whole[axis + 1 :])
