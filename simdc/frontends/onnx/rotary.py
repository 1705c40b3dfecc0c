"""Rotary positions as exporters write them: `x * cos + concat(-x[half:], x[:half]) * sin`.

The tables have each angle twice, for both elements of a pair; half of them says it all. That is read off the values of
constants, and off the concatenation that made tables of positions which are data.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
from xdsl.ir import SSAValue

from simdc.errors import SimdcError
from simdc.ir.base import LayerOp, make_tensor_type, name_hint, shape_of, tensor_type
from simdc.ir.network import NetworkOp, ParameterOp
from simdc.ir.ops.activation.base import ActivationOp
from simdc.ir.ops.activation.function import NegateOp
from simdc.ir.ops.broadcast import AddOp, MultiplyOp
from simdc.ir.ops.concat import ConcatOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.pad import SliceOp
from simdc.ir.ops.rope import RopeOp
from simdc.ir.ops.scalar import ScalarOp

from .constant import Constant
from .joining import put_in_place, read_once
from .problems import Unsupported

Constants = MutableMapping[str, Constant]
"""Values of parameters by label."""


class Turn(NamedTuple):
    """What is turned, by which tables, and the layers that do it now, the last first."""

    x: SSAValue
    cos: SSAValue
    sin: SSAValue
    inner: tuple[LayerOp, ...]


def join_rotary_positions(network: NetworkOp, constants: Constants) -> None:
    """Put one layer in the place of each such sum, and of what cuts off and joins features that are not turned."""
    halves = _Halves(network, constants)
    for op in list(network.layers()):
        turn = _turn(op) if isinstance(op, AddOp) else None
        if turn is None:
            continue
        for tokens_first in (False, True):
            cos, sin = (halves.of(table, turn.x, op, tokens_first=tokens_first) for table in (turn.cos, turn.sin))
            if cos is not None and sin is not None and shape_of(cos) == shape_of(sin):
                features = shape_of(turn.x)[-1]
                fields = {"rotary": features, "tokens_first": tokens_first}
                rope = RopeOp(op.layer.data, turn.x, cos, sin, **fields)
                put_in_place(op, rope, turn.inner)
                _take_rest(rope)
                break
    halves.drop_unread()


def _turn(op: AddOp) -> Turn | None:
    for direct, crossed in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
        first, second = direct.owner, crossed.owner
        if not isinstance(first, MultiplyOp) or not isinstance(second, MultiplyOp) or first is second:
            continue
        if not read_once(direct) or not read_once(crossed):
            continue
        for (x, cos), (swapped, sin) in product(_orders(first), _orders(second)):
            inner = _swap(swapped, x)
            if inner is not None and shape_of(x) == shape_of(op.result):
                return Turn(x, cos, sin, (first, second, *inner))
    return None


def _orders(op: MultiplyOp) -> tuple[tuple[SSAValue, SSAValue], ...]:
    return (op.lhs, op.rhs), (op.rhs, op.lhs)


def _swap(value: SSAValue, x: SSAValue) -> tuple[LayerOp, ...] | None:
    """The layers of `concat(-x[half:], x[:half])`."""
    joined, last = value.owner, len(shape_of(x)) - 1
    if not isinstance(joined, ConcatOp) or len(joined.inputs) != 2 or joined.axis.value.data != last:
        return None
    minus, low = (each.owner for each in joined.inputs)
    if not isinstance(minus, NegateOp) or not all(read_once(each) for each in (value, *joined.inputs)):
        return None
    high = minus.input.owner
    half = shape_of(x)[-1] // 2
    if not read_once(minus.input) or not _cuts(high, x, half, half) or not _cuts(low, x, 0, half):
        return None
    assert isinstance(high, SliceOp)
    assert isinstance(low, SliceOp)
    return joined, minus, high, low


def _cuts(op: object, x: SSAValue, first: int, count: int) -> bool:
    """Whether these are the last dimension's positions from `first` on."""
    if not isinstance(op, SliceOp) or op.input is not x or op.axis.value.data != len(shape_of(x)) - 1:
        return False
    return tuple(field.value.data for field in (op.first, op.count, op.step)) == (first, count, 1)


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
    fields = {"rotary": rotary, "tokens_first": rope.tokens_first}
    wide = RopeOp(joined.layer.data, whole, rope.cos, rope.sin, **fields)
    assert isinstance(rest.owner, SliceOp)
    put_in_place(joined, wide, (rope, cut, rest.owner))


class _Halves:
    """Tables that have each angle once; one for all that read the same."""

    def __init__(self, network: NetworkOp, constants: Constants):
        self.network = network
        self.constants = constants
        self.made: dict[tuple[SSAValue, bool], SSAValue | None] = {}
        self.replaced: list[SSAValue] = []

    def of(self, table: SSAValue, x: SSAValue, op: LayerOp, *, tokens_first: bool) -> SSAValue | None:
        """Half of `table` as [t, pairs] or [n, t, pairs], before `op`; None where it is no such table for `x`."""
        shape = _table_shape(shape_of(table), shape_of(x), tokens_first=tokens_first)
        if shape is None:
            return None
        key = table, tokens_first
        if key not in self.made:
            self.made[key] = self._constant(table, shape) or self._data(table, shape)
            self.replaced.append(table)
        return self.made[key]

    def _constant(self, table: SSAValue, shape: tuple[int, ...]) -> SSAValue | None:
        source = table
        while isinstance(source.owner, ReshapeOp):
            source = source.owner.input
        owner = source.owner
        if not isinstance(owner, ParameterOp) or owner.constant is None or owner.label.data not in self.constants:
            return None
        label, pairs = owner.label.data, shape[-1] // 2
        constant = self.constants[label].reshaped(shape)
        try:
            values = np.asarray(constant.array())
        except (SimdcError, Unsupported):
            return None
        if not np.array_equal(values[..., :pairs], values[..., pairs:]):
            return None
        name = f"{label}.half"
        made = ParameterOp.make(name, _half_type(table, shape), constant=True)
        self.constants[name] = constant.mapped((*shape[:-1], pairs), lambda array: array[..., :pairs])
        made.result.name_hint, made.location = name_hint(name), owner.location
        self.network.body.block.insert_op_after(made, owner)
        return made.result

    def _data(self, table: SSAValue, shape: tuple[int, ...]) -> SSAValue | None:
        owner, pairs = table.owner, shape[-1] // 2
        if not isinstance(owner, LayerOp) or not _is_double(table):
            return None
        name = owner.layer.data
        half = SliceOp(f"{name}.half", table, axis=len(shape_of(table)) - 1, first=0, count=pairs)
        view = ReshapeOp(f"{name}.table", half.result, shape=(*shape[:-1], pairs))
        for made in (half, view):
            made.location = owner.location
            made.result.name_hint = name_hint(made.layer.data)
        self.network.body.block.insert_ops_after([half, view], owner)
        return view.result

    def drop_unread(self) -> None:
        """Tables that nobody reads any more, and what viewed them; halves of one whose other table was none."""
        made = [value for value in self.made.values() if value is not None and isinstance(value.owner, ParameterOp)]
        for value in dict.fromkeys((*made, *self.replaced)):
            source = value
            while isinstance(source.owner, (ReshapeOp, ParameterOp)) and not list(source.uses):
                owner = source.owner
                source = owner.input if isinstance(owner, ReshapeOp) else source
                if isinstance(owner, ParameterOp):
                    self.constants.pop(owner.label.data, None)
                self.network.body.block.erase_op(owner)
                if isinstance(owner, ParameterOp):
                    break


def _table_shape(own: tuple[int, ...], x: tuple[int, ...], *, tokens_first: bool) -> tuple[int, ...] | None:
    """A table as [t, d], or [n, t, d] where images differ, that stands before `x`: [n, heads, t, d] or
    [n, t, heads, d]."""
    tokens = -3 if tokens_first else -2
    if len(x) < -tokens or len(own) > len(x) or x[-1] % 2:
        return None
    whole = (1,) * (len(x) - len(own)) + own
    ones = [size for place, size in enumerate(whole) if place not in (0, len(x) + tokens, len(x) - 1)]
    if whole[-1] != x[-1] or whole[tokens] != x[tokens] or prod(ones) != 1:
        return None
    images = whole[0] if len(x) + tokens > 0 else 1
    if images not in (1, x[0]):
        return None
    return (x[tokens], x[-1]) if images == 1 else (images, x[tokens], x[-1])


def _half_type(table: SSAValue, shape: tuple[int, ...]):
    return make_tensor_type(tensor_type(table).element_type, (*shape[:-1], shape[-1] // 2))


def _is_double(value: SSAValue) -> bool:
    """Whether both halves of the last dimension are alike: functions of what was joined with itself."""
    while True:
        owner = value.owner
        if isinstance(owner, ConcatOp):
            last = owner.axis.value.data == len(shape_of(value)) - 1
            return last and len(owner.inputs) == 2 and owner.inputs[0] is owner.inputs[1]
        if isinstance(owner, ReshapeOp) and shape_of(owner.input)[-1:] == shape_of(value)[-1:]:
            value = owner.input
        elif isinstance(owner, (ActivationOp, ScalarOp)):
            value = owner.operands[0]
        else:
            return False
