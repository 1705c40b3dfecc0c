"""A side of a product read through a view: what index maps a transpose, a slice or a repetition before it leave.

Each function gives the product that reads what the view reads, None where no index map can say it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from .product import ONE, Place, Side, StackProduct, without_units

SideName = Literal["lhs", "rhs", "result"]
Groups = list[list[Place]]
"""For each dimension of a shape the dimensions of a side that make it up, outermost first."""


def transposed(
    product: StackProduct, side: SideName, shape: Sequence[int], order: Sequence[int]
) -> StackProduct | None:
    """Of a side that is read as `shape`, whose dimension d is dimension `order[d]` of what lies in memory."""
    # Keys in memory as [1, 128, 12, 64], read as [1, 12, 64, 128] by order 0 2 3 1: loops b s h d, not b h d s.
    found = conformed(product, side, shape)
    if found is None:
        return None
    product, groups = found
    stored = [groups[order.index(dimension)] for dimension in range(len(order))]
    return _with(product, side, stored)


def written_transposed(product: StackProduct, shape: Sequence[int], order: Sequence[int]) -> StackProduct | None:
    """Of a result of `shape` that is written as dimension `order[d]` in place d."""
    found = conformed(product, "result", shape)
    if found is None:
        return None
    product, groups = found
    return _with(product, "result", [groups[dimension] for dimension in order])


def sliced(
    product: StackProduct, side: SideName, shape: Sequence[int], axis: int, first: int, size: int
) -> StackProduct | None:
    """Of a side read as `shape`, dimension `axis` of which is cut out of `size` positions from `first` on."""
    # Values of a fused projection: 768 of 2304 features from 1536 on, read as 12 heads of 64: 36 heads, from 24 on.
    found = conformed(product, side, shape)
    if found is None:
        return None
    product, groups = found
    outer, *inside = groups[axis]
    inner = 1
    for place in inside:
        inner *= place.size
    if first % inner or size % inner:
        return None
    groups[axis] = [Place(outer.loop, size // inner, outer.first + first // inner), *inside]
    made = _with(product, side, groups)
    # The loop's bound must still be told by another dimension.
    return made if made.bounds == product.bounds else None


def repeated(product: StackProduct, side: SideName, shape: Sequence[int], axes: Sequence[int]) -> StackProduct | None:
    """Of a side read as `shape`, whose dimensions `axes` are one position each, read again and again."""
    found = conformed(product, side, shape)
    if found is None:
        return None
    product, groups = found
    for axis in axes:
        groups[axis] = [Place(ONE, 1)]
    made = _with(product, side, groups)
    if made.bounds != product.bounds:
        return None
    # A loop that no side but the repeated one had, with one other, is a product no more: a sum of its own.
    for loop in made.bounds:
        if sum(any(place.loop == loop for place in each) for each in made) < 2:
            return None
    return made


def conformed(product: StackProduct, side: SideName, shape: Sequence[int]) -> tuple[StackProduct, Groups] | None:
    """The product with loops cut in two where a dimension of `shape` ends within one, and the side's dimensions by
    those of `shape`."""
    while True:
        # A loop that runs once would be lost where a dimension of one position is.
        product = without_units(product)
        groups, crossing = _grouped(getattr(product, side), shape)
        if crossing is None:
            return product, groups
        # Features 36 * 64 of one loop read as [36, 64]: the loop is cut behind 64.
        number, inner = crossing
        cut = _cut(product, side, number, inner)
        if cut is None:
            return None
        product = cut


def _grouped(places: Side, shape: Sequence[int]) -> tuple[Groups, tuple[int, int] | None]:
    """The dimensions by those of `shape`, and which one, by number, must be cut behind how many positions first."""
    groups: Groups = []
    number = len(places) - 1
    for size in reversed(shape):
        group: list[Place] = []
        while size > 1:
            place = places[number]
            if size % place.size:
                return [], (number, size)
            size //= place.size
            group.insert(0, place)
            number -= 1
        # A dimension of one position is one of the side's, if such stands here.
        if not group:
            single = number >= 0 and places[number].size == 1
            group = [places[number] if single else Place(ONE, 1)]
            number -= single
        groups.insert(0, group)
    return groups, None


def _cut(product: StackProduct, side: SideName, number: int, inner: int) -> StackProduct | None:
    """Dimension `number` of a side as two, the inner one of `inner` positions, on all sides where a loop runs along
    it."""
    bounds = product.bounds
    place: Place = getattr(product, side)[number]
    if place.size % inner:
        return None
    if place.loop == ONE:
        pair = Place(ONE, place.size // inner, place.first // inner), Place(ONE, inner, place.first % inner)
        places: Side = getattr(product, side)
        return _replaced(product, side, (*places[:number], *pair, *places[number + 1 :]))
    if bounds[place.loop] % inner:
        return None
    fresh, sides = max(bounds) + 1, list[Side]()
    for each in product:
        made: list[Place] = []
        for at in each:
            if at.loop != place.loop:
                made.append(at)
            elif at.size % inner or at.first % inner:
                return None
            else:
                made += [Place(at.loop, at.size // inner, at.first // inner), Place(fresh, inner)]
        sides.append(tuple(made))
    return StackProduct(*sides)


def _with(product: StackProduct, side: SideName, groups: Groups) -> StackProduct:
    return _replaced(product, side, tuple(place for group in groups for place in group))


def _replaced(product: StackProduct, side: SideName, places: Side) -> StackProduct:
    match side:
        case "lhs":
            return product._replace(lhs=places)
        case "rhs":
            return product._replace(rhs=places)
        case "result":
            return product._replace(result=places)
