"""Bodies that read a tensor at places of their own: rows of a table, as a language model looks up words, tensors
backwards, and any other elements."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod

from xdsl.ir import Block, Operation, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import affine
from simdc.ir.base import shape_of
from simdc.ir.movement import MAX_RANK
from simdc.ir.ops.gather import GatherOp
from simdc.ir.ops.reverse import ReverseOp

from .asked import block_of
from .constant_arrays import rows_at
from .constants import folded, refuse_known
from .maps import Terms, terms_of
from .module_text import integer, name_of, shape_of_type
from .network import ForeignNetwork
from .problems import Unpriced
from .reader import Reader
from .values import Filled, Seen, Value, plain

CASTS = ("arith.index_cast", "arith.index_castui", "arith.extsi", "arith.extui", "arith.trunci")


def rows_picked(
    reader: Reader, op: Operation, inputs: Sequence[SSAValue], maps: Sequence[AffineMap], bits: int | None
) -> Value | None:
    """Of a body that yields `table[ids[...], i, j]` the rows; None for any other body."""
    block = block_of(op, 0)
    last = block.last_op
    found = last.operands[0].owner if last is not None and len(last.operands) == 1 else None
    if not isinstance(found, Operation) or name_of(found) != "tensor.extract":
        return None
    table, *at = found.operands
    asked = [_argument(each, block) for each in at]
    axes = [axis for axis, place in enumerate(asked) if place is not None]
    if len(axes) != 1 or len(inputs) != 1 or asked[axes[0]] != 0:
        return None
    others = [index_number(each) for each, place in zip(at, asked, strict=True) if place is None]
    (axis,), ids = axes, shape_of_type(inputs[0].type)
    around = [place for place in range(len(ids) + len(at) - 1) if not axis <= place < axis + len(ids)]
    inside = [terms_of(each) for each in maps[0].results]
    own = [
        Terms({axis + place: 1}) if size > 1 else each
        for place, (size, each) in enumerate(zip(ids, inside, strict=True))
    ]
    shape = shape_of_type(op.results[0].type)
    if others != around or inside != own or len(shape) != len(around) + len(ids):
        return None
    return picked(reader.network, reader.value(table), reader.value(inputs[0]), axis, shape, bits)


def turned_round(reader: Reader, op: Operation, bounds: Sequence[int], bits: int | None) -> Value | None:
    """Of a body that yields `table[n - 1 - i, j]` the table backwards; None for any other body."""
    last = block_of(op, 0).last_op
    found = last.operands[0].owner if last is not None and len(last.operands) == 1 else None
    if not isinstance(found, Operation) or name_of(found) != "tensor.extract" or len(op.results) != 1:
        return None
    table, *at = found.operands
    shape = shape_of_type(table.type)
    if shape != tuple(bounds) or shape != shape_of_type(op.results[0].type):
        return None
    axes: list[int] = []
    for axis, place in enumerate(at):
        if index_number(place) == axis:
            continue
        if not _runs_back(reader, place, axis, shape[axis]):
            return None
        axes.append(axis)
    value, network = reader.value(table), reader.network
    if not axes or not isinstance(value, Seen) or len(shape) > MAX_RANK:
        return value if not axes else None
    refuse_known(value)
    source = network.tensor(value)
    return plain(network.add(ReverseOp(network.unused(), source, axes=axes), bits), shape)


def _runs_back(reader: Reader, place: SSAValue, axis: int, size: int) -> bool:
    """Whether a place is `size - 1` less the number of loop `axis`."""
    owner = place.owner
    if not isinstance(owner, Operation) or name_of(owner) != "arith.subi" or index_number(owner.operands[1]) != axis:
        return False
    last = owner.operands[0]
    known = reader.known.get(last)
    if isinstance(known, Filled):
        return known.number == size - 1
    return isinstance(last.owner, Operation) and integer(last.owner, "value", -1) == size - 1


def index_number(value: SSAValue) -> int:
    """The loop whose number a value is, -1 for any other."""
    is_index = isinstance(value.owner, Operation) and name_of(value.owner) == "linalg.index"
    return integer(value.owner, "dim", 0) if is_index and isinstance(value.owner, Operation) else -1


def _argument(value: SSAValue, block: Block) -> int | None:
    """The number of the block's argument that a place is; None for any other place."""
    while isinstance(value.owner, Operation) and name_of(value.owner) in CASTS:
        value = value.owner.operands[0]
    return block.args.index(value) if value.owner is block and value in block.args else None


# table[i, ids] of a table [4, 8]: elements i * 8 + ids of it in a row, numbers that a program stores.
def elements_picked(network: ForeignNetwork, table: Value, places: Value) -> Value:
    """The elements of a table at places in it, read in a row."""
    shape = places.shape
    if isinstance(table, Filled):
        return Filled(shape, table.number)
    row = network.reshaped(table, (prod(table.shape),))
    if isinstance(places, Filled):
        return row.through(shape, [affine(constant=int(places.number or 0))])
    known = folded(network, (row, places), shape, None, partial(rows_at, axis=0))
    if known is not None:
        return known
    sides = network.tensor(row), network.tensor(places)
    made = network.add(GatherOp(network.unused(), *sides, axis=0))
    return plain(made, shape_of(made), shape)


def picked(
    network: ForeignNetwork, table: Value, ids: Value, axis: int, shape: tuple[int, ...], bits: int | None
) -> Value:
    """Rows of `table` along `axis` by the numbers `ids`."""
    if isinstance(table, Filled):
        return Filled(shape, table.number)
    known = folded(network, (table, ids), shape, bits, partial(rows_at, axis=axis))
    if known is not None:
        return known
    rows, numbers = network.tensor(table), network.tensor(ids)
    try:
        op = GatherOp(network.unused(), rows, numbers, axis=axis)
    except VerifyException as error:
        raise Unpriced(str(error)) from None
    if shape_of(op.result) != shape:
        op.drop_all_references()
        raise Unpriced(f"picks rows of shape {list(shape_of(op.result))} and has shape {list(shape)}")
    return plain(network.add(op, bits), shape)
