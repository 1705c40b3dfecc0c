"""Rotary positions told by their formulas, one for each element of a pair p and q of features:

    y[p] = x[p] * cos[t, i] - x[q] * sin[t, i],    y[q] = x[q] * cos[t, i] + x[p] * sin[t, i]

Pair i is features i and i + half, or the neighbours 2i and 2i + 1; features behind the last pair stay as they are.
Whether pairs are joined before or behind the products, or heads are turned on the way, does not matter, nor whether
what is turned is cut out of a wider tensor.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from simdc.ir.ops.concat import ConcatOp
from simdc.ir.ops.program import ProgramOp
from simdc.ir.ops.rope import RopeOp
from simdc.named import NamedTuple

from .algebra import Leaf, Polynomial, TooLong, atom
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


class Pairs(NamedTuple):
    """`number` pairs of features, the first ones of a token; neighbours where they are `interleaved`."""

    number: int
    interleaved: bool

    def place(self, loop: str, *, second: bool = False) -> Affine:
        """The number of a feature of pair `loop`."""
        return affine((loop, 2 if self.interleaved else 1), constant=self.distance if second else 0)

    @property
    def distance(self) -> int:
        return 1 if self.interleaved else self.number


class Rotation(NamedTuple):
    """The index, in what is turned, of feature `first` of the result; what both features of a pair read of both
    tables."""

    pairs: Pairs
    low: tuple[Affine, ...]
    first: int
    cos: BothHalves
    sin: BothHalves
    inverse: bool


def join_rotation(cone: Cone, values: TableValues | None) -> bool:
    """Put one layer in the place of a cone that turns pairs of features. False for any other."""
    features = shape_of(cone.result)[-1]
    if cone.is_pointwise or not 3 <= cone.size <= MOST_LAYERS or features < 4:
        return False
    for turned in _turned_features(cone.result):
        for interleaved in (False, True):
            found = _rotation(cone, Pairs(turned // 2, interleaved)) if turned % 2 == 0 and turned >= 4 else None
            if found is not None and _put(cone, found, values):
                return True
    return False


def _turned_features(result: SSAValue) -> Iterator[int]:
    """How many features may be turned: all, or those before the last part that they were joined of."""
    owner, shape = result.owner, shape_of(result)
    yield shape[-1]
    if isinstance(owner, ConcatOp) and owner.axis.value.data == len(shape) - 1:
        yield shape[-1] - shape_of(owner.inputs[-1])[-1]


def _put(cone: Cone, found: Rotation, values: TableValues | None) -> bool:
    """The layer and, where it turns heads as well, a copy behind it; one before it where features are cut out."""
    shape, last = shape_of(cone.result), cone.result.owner
    assert isinstance(last, LayerOp)
    is_cut = found.first != 0 or shape_of(cone.x)[-1] != shape[-1]
    straight = place_in(cone.result)
    order = straight if is_cut else found.low
    # Tokens stand before the features, or before heads and features.
    for tokens_first, tokens in enumerate(order[-2:-4:-1]):
        cos, sin = (_table(pair, (order[0], tokens), found.pairs, values, last) for pair in (found.cos, found.sin))
        if cos is None or sin is None:
            continue
        ways = {"tokens_first": bool(tokens_first), "interleaved": found.pairs.interleaved, "inverse": found.inverse}
        low = (*found.low[:-1], straight[-1]._replace(constant=found.first))
        layers, x = cone.layers, cone.x
        if is_cut:
            cut = _copy(x, low, shape, free_name(f"{last.layer.data}.cut", names_beside(last)))
            cut.location, cut.results[0].name_hint = last.location, name_hint(cut.layer.data)
            block = last.parent
            assert block is not None
            block.insert_op_before(cut, last)
            x = cut.results[0]
        rope = RopeOp(last.layer.data, x, cos, sin, rotary=2 * found.pairs.number, **ways)
        put_in_place(last, rope, layers)
        if not is_cut and (shape_of(rope.result) != shape or low != place_in(rope.result)):
            name = free_name(f"{rope.layer.data}.turned", names_beside(rope))
            put_before_readers(rope, partial(_copy, index=low, shape=shape, name=name))
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


def _rotation(cone: Cone, pairs: Pairs) -> Rotation | None:
    shape, place = shape_of(cone.result), place_in(cone.result)
    loop = f"i{len(shape) - 1}"

    def formula(last: Affine, count: int) -> Polynomial:
        return formula_of(cone.result, (*place[:-1], last), cone.readings, {**bounds_of(cone.result), loop: count})

    try:
        one, two = (_turned(formula(pairs.place(loop, second=each), pairs.number), cone.x) for each in (False, True))
        if one is None or two is None or set(one) != set(two):
            return None
        low, high = sorted(one, key=lambda index: index[-1].constant)
        start = low[-1].constant
        rest = shape[-1] - 2 * pairs.number
        stays = (*low[:-1], affine(loop, constant=start + 2 * pairs.number))
        if rest and formula(place[-1]._replace(constant=2 * pairs.number), rest) != atom(Leaf(cone.x, stays)):
            return None
    except TooLong:
        return None
    wanted = [pairs.place(loop, second=each)._replace(constant=start + each * pairs.distance) for each in (False, True)]
    if [low[-1], high[-1]] != wanted or low[:-1] != high[:-1]:
        return None
    cos, sin = BothHalves(one[low], two[high]), BothHalves(one[high], two[low])
    signs = [each.sign for pair in (cos, sin) for each in pair]
    if signs not in ([1, 1, 1, -1], [1, 1, -1, 1]) or len(low) < 2:
        return None
    return Rotation(pairs, low, start, cos, sin, signs[2] > 0)


def _table(
    pair: BothHalves, at: tuple[Affine, Affine], pairs: Pairs, values: TableValues | None, reader: LayerOp
) -> SSAValue | None:
    """A table [t, pairs], or [n, t, pairs] where images differ, `at` of these: what both features of a pair read, or
    half of a constant that has each angle twice."""
    (leaf, _), (other, _) = pair
    value, shape = leaf.value, shape_of(leaf.value)
    long = [each for each in leaf.index if each.terms]
    if len(long) not in (2, 3) or tuple(long[:-1]) != at[3 - len(long) :] or value is not other.value:
        return None
    if leaf.index[-1] != long[-1]:
        return None
    loop = long[-1].terms[0][0]
    if leaf == other:
        sizes = [size for size, each in zip(shape, leaf.index, strict=True) if each.terms]
        fits = long[-1] == affine(loop) and shape[-1] == pairs.number
        return in_shape(value, tuple(sizes), reader) if fits else None
    owner, twice = value.owner, (*leaf.index[:-1], pairs.place(loop, second=True))
    if other.index != twice or leaf.index[-1] != pairs.place(loop) or values is None or len(long) != 2:
        return None
    if not isinstance(owner, ParameterOp) or shape[-1] != 2 * pairs.number:
        return None
    numbers = values.of(owner.label.data, prod(shape))
    if numbers is None:
        return None
    table = numbers.reshape(-1, *((pairs.number, 2) if pairs.interleaved else (2, pairs.number)))
    low, high = np.moveaxis(table, -1 if pairs.interleaved else 1, 0)
    return _halved(owner, (len(table), pairs.number)) if np.array_equal(low, high) else None


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


def _copy(source: SSAValue, index: tuple[Affine, ...], shape: tuple[int, ...], name: str) -> LayerOp:
    """What lies at `index` of a tensor, in the order in which others read it."""
    loops = tuple(Loop(f"i{place}", size) for place, size in enumerate(shape))
    made = Access(shape, tuple(affine(loop.name) for loop in loops))
    nest = Nest(loops, (Access(shape_of(source), index),), (made,))
    return ProgramOp.make(name, [source], nest, [shape], (Instruction("move", "y0", ("x0",)),))
