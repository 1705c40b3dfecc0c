"""Tables of rotary positions that have each angle twice, for both elements of a pair: half of them says it all.

That is read off the values of constants, and off the nodes that made tables of positions which are data: angles joined
with themselves where pairs lie half of the features apart, each repeated where they are neighbours.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from math import prod

import numpy as np
from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import SSAValue

from simdc.errors import SimdcError
from simdc.ir.base import LayerOp, make_tensor_type, name_hint, shape_of, tensor_type
from simdc.ir.network import NetworkOp, ParameterOp
from simdc.ir.ops.activation.base import ActivationOp
from simdc.ir.ops.concat import ConcatOp
from simdc.ir.ops.expand import ExpandOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.pad import SliceOp
from simdc.ir.ops.scalar import ScalarOp

from .constant import Array, Constant
from .problems import Unsupported

Constants = MutableMapping[str, Constant]
"""Values of parameters by label."""


class SingleTables:
    """Tables that have each angle once; one for all that read the same."""

    def __init__(self, network: NetworkOp, constants: Constants):
        self.network = network
        self.constants = constants
        self.made: dict[tuple[SSAValue, bool, bool], SSAValue | None] = {}
        self.replaced: list[SSAValue] = []
        self.views: list[tuple[SSAValue, tuple[LayerOp, ...]]] = []
        """Tables of data, each with the layers that make half of it, the last first."""

    def of(self, table: SSAValue, x: SSAValue, *, interleaved: bool, tokens_first: bool) -> SSAValue | None:
        """Half of `table` as [t, pairs] or [n, t, pairs]; None where it is no such table for `x`."""
        shape = _table_shape(shape_of(table), shape_of(x), tokens_first=tokens_first)
        if shape is None:
            return None
        key = table, interleaved, tokens_first
        if key not in self.made:
            made = self._constant(table, shape, interleaved=interleaved)
            self.made[key] = made or self._data(table, shape, interleaved=interleaved)
            self.replaced.append(table)
        return self.made[key]

    def _constant(self, table: SSAValue, shape: tuple[int, ...], *, interleaved: bool) -> SSAValue | None:
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
        first, second = _elements(values, interleaved=interleaved)
        if not np.array_equal(first, second):
            return None
        name = f"{label}.half"
        made = ParameterOp.make(name, _half_type(table, shape), constant=True)
        self.constants[name] = constant.mapped(
            (*shape[:-1], pairs), lambda array: _elements(array, interleaved=interleaved)[0]
        )
        made.result.name_hint, made.location = name_hint(name), owner.location
        self.network.body.block.insert_op_after(made, owner)
        return made.result

    def _data(self, table: SSAValue, shape: tuple[int, ...], *, interleaved: bool) -> SSAValue | None:
        owner, pairs = table.owner, shape[-1] // 2
        doubled = _is_repeated(table) if interleaved else _is_joined(table)
        if not isinstance(owner, LayerOp) or not doubled:
            return None
        name, layers = owner.layer.data, list[LayerOp]()
        source = _before_repetition(table) if interleaved else None
        if source is None:
            ways = {"axis": len(shape_of(table)) - 1, "first": 0, "count": pairs, "step": 2 if interleaved else 1}
            half = SliceOp(f"{name}.half", table, **ways)
            source, layers = half.result, [half]
        view = ReshapeOp(f"{name}.table", source, shape=(*shape[:-1], pairs))
        self.views.append((table, (view, *layers)))
        for made in (*layers, view):
            made.location = owner.location
            made.results[0].name_hint = name_hint(made.layer.data)
        self.network.body.block.insert_ops_after([*layers, view], owner)
        return view.result

    def drop_unread(self) -> None:
        """Halves of one whose other table was none. Tables that nobody reads any more, and what viewed or repeated
        them, of which what reads the angles instead keeps the names."""
        for _, layers in self.views:
            if not list(layers[0].results[0].uses):
                for layer in layers:
                    self.network.body.block.erase_op(layer)
        made = [value for value in self.made.values() if value is not None and isinstance(value.owner, ParameterOp)]
        for value in dict.fromkeys((*made, *self.replaced)):
            names = self._dropped(value)
            readers = [layers[0] for table, layers in self.views if table is value]
            if readers and names:
                readers[0].merged = ArrayAttr(names)

    def _dropped(self, value: SSAValue) -> list[StringAttr]:
        """The names of the layers that nobody reads any more, from `value` back."""
        names = list[StringAttr]()
        while isinstance(value.owner, (ExpandOp, ReshapeOp, ParameterOp)) and not list(value.uses):
            owner = value.owner
            if isinstance(owner, ParameterOp):
                self.constants.pop(owner.label.data, None)
                self.network.body.block.erase_op(owner)
                break
            value = owner.input
            names.insert(0, owner.layer)
            self.network.body.block.erase_op(owner)
        return names


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


def _elements(values: Array, *, interleaved: bool) -> tuple[Array, Array]:
    """What a table has for the first and for the second elements of all pairs."""
    pairs = values.shape[-1] // 2
    return (values[..., ::2], values[..., 1::2]) if interleaved else (values[..., :pairs], values[..., pairs:])


def _is_joined(value: SSAValue) -> bool:
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


def _before_repetition(table: SSAValue) -> SSAValue | None:
    """What a table repeats, if it is nothing but a view of the repetition."""
    value = table
    while isinstance(value.owner, ReshapeOp):
        value = value.owner.input
    return value.owner.input if isinstance(value.owner, ExpandOp) and _is_repeated(table) else None


def _is_repeated(value: SSAValue) -> bool:
    """Whether neighbours along the last dimension, 0 and 1, 2 and 3, are alike: functions of what was repeated twice
    along a last dimension of one element, [..., pairs, 1] as [..., pairs, 2]."""
    while True:
        owner = value.owner
        if isinstance(owner, ExpandOp):
            return shape_of(value) == (*shape_of(owner.input)[:-1], 2) and shape_of(owner.input)[-1] == 1
        # Elements keep their order, so neighbours stay such where every row begins with the first of two.
        if isinstance(owner, ReshapeOp) and shape_of(value)[-1] % 2 == 0 and shape_of(owner.input)[-1] % 2 == 0:
            value = owner.input
        elif isinstance(owner, (ActivationOp, ScalarOp)):
            value = owner.operands[0]
        else:
            return False
