"""Rotary positions told by their formulas, one for each half of the features:

    y[p] = x[p] * cos[t, p] - x[p + half] * sin[t, p],    y[p + half] = x[p + half] * cos[t, p] + x[p] * sin[t, p]

Whether halves are joined before or behind the products, or heads are turned on the way, does not matter.
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Protocol

import numpy as np
from xdsl.ir import SSAValue

from simdc.cost.kernel import Affine, Instruction, Loop, affine
from simdc.frontends.imported_network import free_name
from simdc.ir.base import LayerOp, make_tensor_type, name_hint, shape_of, tensor_type
from simdc.ir.nest_text import Access, Nest
from simdc.ir.network import ParameterOp
from simdc.ir.ops.program import ProgramOp
from simdc.ir.ops.rope import RopeOp
from simdc.named import NamedTuple

from .algebra import Leaf, Polynomial, TooLong
from .cones import Cone
from .formulas import bounds_of, formula_of
from .layers import in_shape, names_beside, put_before_readers, put_in_place
from .numbers import Numbers
from .readings import place_in

MOST_LAYERS = 16


class TableValues(Protocol):
    """Values of constants by label: `of` has as many elements as asked for, in the order of memory."""

    def of(self, label: str, count: int) -> Numbers | None: ...

    def is_known(self, label: str) -> bool: ...


class TableRead(NamedTuple):
    """An element of a table, by which something is multiplied, and the sign."""

    table: Leaf
    sign: int


class BothHalves(NamedTuple):
    """What the first half of the features reads of a table, and what the second."""

    low: TableRead
    high: TableRead


class Rotation(NamedTuple):
    """The place of a feature of the first half in what is turned; what its two halves read of both tables."""

    low: tuple[Affine, ...]
    cos: BothHalves
    sin: BothHalves
    inverse: bool


def join_rotation(cone: Cone, values: TableValues | None) -> bool:
    """Put one layer in the place of a cone that turns pairs of features, and a copy where it turns heads as well. False
    for any other."""
    shape, last = shape_of(cone.result), cone.result.owner
    half = shape[-1] // 2
    if (
        cone.is_pointwise
        or not 3 <= cone.size <= MOST_LAYERS
        or shape[-1] % 2
        or half < 2
        or not isinstance(last, LayerOp)
    ):
        return False
    found = _rotation(cone, half)
    if found is None or len(found.low) < 2:
        return False
    # Tokens stand before the features, or before heads and features.
    for tokens_first, tokens in enumerate(found.low[-2:-4:-1]):
        cos, sin = (_table(pair, tokens, half, values, last) for pair in (found.cos, found.sin))
        if cos is not None and sin is not None:
            fields = {"rotary": shape[-1], "tokens_first": bool(tokens_first), "inverse": found.inverse}
            rope = RopeOp(last.layer.data, cone.x, cos, sin, **fields)
            put_in_place(last, rope, cone.layers)
            if shape_of(rope.result) != shape or found.low != place_in(rope.result):
                name = free_name(f"{rope.layer.data}.turned", names_beside(rope))
                put_before_readers(rope, partial(_turned_heads, low=found.low, shape=shape, name=name))
            return True
    return False


def _turned(formula: Polynomial, x: SSAValue) -> dict[tuple[Affine, ...], TableRead] | None:
    """A sum of two elements of `x`, each times one of a table, by the places of these elements."""
    found: dict[tuple[Affine, ...], TableRead] = {}
    for product, factor in formula.terms:
        leaves = [one for one, exponent in product if isinstance(one, Leaf) and exponent == 1]
        mine = [each for each in leaves if each.value is x]
        tables = [each for each in leaves if each.value is not x]
        if len(product) != 2 or len(mine) != 1 or len(tables) != 1 or abs(factor) != 1:
            return None
        found[mine[0].index] = TableRead(tables[0], int(factor))
    return found if len(found) == len(formula.terms) == 2 else None


def _rotation(cone: Cone, half: int) -> Rotation | None:
    shape = shape_of(cone.result)
    place, bounds = place_in(cone.result), {**bounds_of(cone.result), f"i{len(shape) - 1}": half}
    try:
        first, second = (
            _turned(formula_of(cone.result, (*place[:-1], last), cone.readings, bounds), cone.x)
            for last in (place[-1], place[-1]._replace(constant=half))
        )
    except TooLong:
        return None
    low = next((each for each in first or () if each[-1] == place[-1]), None)
    if first is None or second is None or low is None or set(first) != set(second):
        return None
    high = (*low[:-1], low[-1]._replace(constant=half))
    if high not in first:
        return None
    pairs = BothHalves(first[low], second[high]), BothHalves(first[high], second[low])
    signs = [each.sign for pair in pairs for each in pair]
    if signs not in ([1, 1, 1, -1], [1, 1, -1, 1]):
        return None
    return Rotation(low, pairs[0], pairs[1], signs[2] > 0)


def _table(pair: BothHalves, tokens: Affine, half: int, values: TableValues | None, reader: LayerOp) -> SSAValue | None:
    """A table [t, pairs]: what both halves read, or half of one that has each angle twice."""
    (leaf, _), (other, _) = pair
    value = leaf.value
    long = [each for each in leaf.index if each.terms]
    if len(long) != 2 or long[0] != tokens or leaf.index[-1] != long[1] or leaf.value is not other.value:
        return None
    count = prod(shape_of(value))
    if leaf == other:
        return in_shape(value, (count // half, half), reader) if shape_of(value)[-1] == half else None
    owner, twice = value.owner, (*leaf.index[:-1], leaf.index[-1]._replace(constant=half))
    if other.index != twice or values is None or not isinstance(owner, ParameterOp):
        return None
    numbers = values.of(owner.label.data, count) if shape_of(value)[-1] == 2 * half else None
    if numbers is None:
        return None
    low, high = np.split(numbers.reshape(-1, 2 * half), 2, axis=1)
    return _halved(owner, (count // 2 // half, half)) if np.array_equal(low, high) else None


def _halved(owner: ParameterOp, shape: tuple[int, ...]) -> SSAValue:
    """One for all that read the same table."""
    label = f"{owner.label.data}.half"
    twin = owner.next_op
    while isinstance(twin, ParameterOp):
        if twin.label.data == label:
            return twin.result
        twin = twin.next_op
    made = ParameterOp.make(label, make_tensor_type(tensor_type(owner.result).element_type, shape), constant=True)
    made.result.name_hint, made.location = name_hint(label), owner.location
    block = owner.parent
    assert block is not None
    block.insert_op_after(made, owner)
    return made.result


def _turned_heads(turned: SSAValue, low: tuple[Affine, ...], shape: tuple[int, ...], name: str) -> LayerOp:
    """A copy in the order in which others read what is turned where it lies."""
    loops = tuple(Loop(f"i{place}", size) for place, size in enumerate(shape))
    made = Access(shape, tuple(affine(loop.name) for loop in loops))
    nest = Nest(loops, (Access(shape_of(turned), low),), (made,))
    return ProgramOp.make(name, [turned], nest, [shape], (Instruction("move", "y0", ("x0",)),))
