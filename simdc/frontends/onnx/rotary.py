"""Rotary positions as exporters write them: `x * cos + swapped * sin`.

Where the elements of a pair lie half of the features apart, `swapped` is `concat(-x[half:], x[:half])`. Where they are
neighbours it is `stack(-x[1::2], x[::2])` along a last dimension, read as features again.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from xdsl.ir import SSAValue

from simdc.frontends.joined.layers import put_in_place, read_once
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.network import NetworkOp
from simdc.ir.ops.activation.function import NegateOp
from simdc.ir.ops.broadcast import AddOp, MultiplyOp
from simdc.ir.ops.concat import ConcatOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.pad import SliceOp
from simdc.ir.ops.rope import RopeOp
from simdc.named import NamedTuple

from .rotary_tables import Constants, SingleTables


class Turn(NamedTuple):
    """What is turned, by which tables, and the layers that do it now, the last first. `interleaved` says whether pairs
    are neighbours."""

    x: SSAValue
    cos: SSAValue
    sin: SSAValue
    inner: tuple[LayerOp, ...]
    interleaved: bool


def join_rotary_positions(network: NetworkOp, constants: Constants) -> None:
    """Put one layer in the place of each such sum, and of what cuts off and joins features that are not turned."""
    tables = SingleTables(network, constants)
    for op in list(network.layers()):
        turns = _turns(op) if isinstance(op, AddOp) else []
        for turn, tokens_first in product(turns, (False, True)):
            ways = {"interleaved": turn.interleaved, "tokens_first": tokens_first}
            cos, sin = (tables.of(table, turn.x, **ways) for table in (turn.cos, turn.sin))
            if cos is not None and sin is not None and shape_of(cos) == shape_of(sin):
                rope = RopeOp(op.layer.data, turn.x, cos, sin, rotary=shape_of(turn.x)[-1], **ways)
                put_in_place(op, rope, turn.inner)
                _take_rest(rope)
                break
    tables.drop_unread()


def _turns(op: AddOp) -> list[Turn]:
    """How `op` may be the last layer of such a sum: one way, or two where one pair is all there is."""
    found: list[Turn] = []
    for direct, crossed in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
        first, second = direct.owner, crossed.owner
        if not isinstance(first, MultiplyOp) or not isinstance(second, MultiplyOp) or first is second:
            continue
        if not read_once(direct) or not read_once(crossed):
            continue
        for (x, cos), (swapped, sin) in product(_orders(first), _orders(second)):
            if shape_of(x) != shape_of(op.result):
                continue
            for interleaved, swap in ((False, _swap_halves), (True, _swap_neighbours)):
                inner = swap(swapped, x)
                if inner is not None:
                    found.append(Turn(x, cos, sin, (first, second, *inner), interleaved))
    return found


def _orders(op: MultiplyOp) -> tuple[tuple[SSAValue, SSAValue], ...]:
    return (op.lhs, op.rhs), (op.rhs, op.lhs)


def _swap_halves(value: SSAValue, x: SSAValue) -> tuple[LayerOp, ...] | None:
    """The layers of `concat(-x[half:], x[:half])`."""
    joined, last, half = value.owner, len(shape_of(x)) - 1, shape_of(x)[-1] // 2
    if not isinstance(joined, ConcatOp) or joined.axis.value.data != last or not read_once(value):
        return None
    parts = [_single(each) for each in joined.inputs]
    cuts = _signed(parts, x, ((half, half, 1), (0, half, 1)))
    return None if cuts is None else (joined, *cuts)


def _swap_neighbours(value: SSAValue, x: SSAValue) -> tuple[LayerOp, ...] | None:
    """The layers of `stack(-x[1::2], x[::2])` along a new last dimension, read in the shape of x."""
    flat, shape, pairs = value.owner, shape_of(x), shape_of(x)[-1] // 2
    if not isinstance(flat, ReshapeOp) or not read_once(value) or shape_of(value) != shape:
        return None
    joined = _single(flat.input)
    if not isinstance(joined, ConcatOp) or joined.axis.value.data != len(shape):
        return None
    columns = [_single(each) for each in joined.inputs]
    views = [each for each in columns if isinstance(each, ReshapeOp)]
    if len(views) != len(columns) or any(shape_of(each.result) != (*shape[:-1], pairs, 1) for each in views):
        return None
    cuts = _signed([_single(each.input) for each in views], x, ((1, pairs, 2), (0, pairs, 2)))
    return None if cuts is None else (flat, joined, *views, *cuts)


def _signed(
    parts: Sequence[object], x: SSAValue, places: tuple[tuple[int, int, int], tuple[int, int, int]]
) -> tuple[LayerOp, ...] | None:
    """The layers that cut two parts out of x, at (first, count, step) each, and take the first one below zero."""
    match parts:
        case [NegateOp() as minus, SliceOp() as low]:
            high = _single(minus.input)
        case _:
            return None
    if not _cuts(high, x, *places[0]) or not _cuts(low, x, *places[1]):
        return None
    assert isinstance(high, SliceOp)
    return minus, high, low


def _single(value: SSAValue) -> object:
    """What makes a value that one layer reads."""
    return value.owner if read_once(value) else None


def _cuts(op: object, x: SSAValue, first: int, count: int, step: int = 1) -> bool:
    """Whether these are the last dimension's positions from `first` on."""
    if not isinstance(op, SliceOp) or op.input is not x or op.axis.value.data != len(shape_of(x)) - 1:
        return False
    return tuple(field.value.data for field in (op.first, op.count, op.step)) == (first, count, step)


def _take_rest(rope: RopeOp) -> None:
    """Of features that are cut off before and put behind again only the first are turned."""
    cut, uses = rope.input.owner, list(rope.result.uses)
    joined = uses[0].operation if len(uses) == 1 else None
    if not isinstance(cut, SliceOp) or not isinstance(joined, ConcatOp) or len(joined.inputs) != 2:
        return
    whole, rotary = cut.input, rope.rotary.value.data
    rest, features = joined.inputs[1], shape_of(whole)[-1]
    placed = joined.inputs[0] is rope.result and joined.axis.value.data == len(shape_of(whole)) - 1
    if not placed or not _cuts(cut, whole, 0, rotary) or not _cuts(rest.owner, whole, rotary, features - rotary):
        return
    if not read_once(rope.input) or not read_once(rest) or shape_of(joined.result) != shape_of(whole):
        return
    fields = {"rotary": rotary, "tokens_first": rope.tokens_first, "interleaved": rope.interleaved}
    wide = RopeOp(joined.layer.data, whole, rope.cos, rope.sin, **fields)
    assert isinstance(rest.owner, SliceOp)
    put_in_place(joined, wide, (rope, cut, rest.owner))
