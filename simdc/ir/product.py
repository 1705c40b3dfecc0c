"""Products of stacks of matrices: which loop runs along which dimension of both sides and the result.

A side may be looked at in another shape than it lies in memory with, as long as its elements keep their order: heads
cut out of features, [1, 128, 768] as [1, 128, 12, 64], move nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from xdsl.utils.exceptions import VerifyException

from simdc.named import NamedTuple

ONE = -1
"""In the place of a loop, where none runs along a dimension: one position of it is read."""


class Place(NamedTuple):
    """A dimension of `size` positions that the loop numbered `loop` runs along, from position `first` on."""

    loop: int
    size: int
    first: int = 0


Side = tuple[Place, ...]
"""The dimensions of an operand or the result, outermost first."""


class StackProduct(NamedTuple):
    """`result[...] = sum of lhs[...] * rhs[...]` over the loops that do not move the result."""

    lhs: Side
    rhs: Side
    result: Side

    @property
    def bounds(self) -> dict[int, int]:
        """Every loop with its bound: the smallest dimension that it runs along."""
        # Keys 12 .. 23 of 36 columns times 12 rows: the loop runs over 12.
        found: dict[int, int] = {}
        for place in (*self.lhs, *self.rhs, *self.result):
            if place.loop != ONE:
                found[place.loop] = min(found.get(place.loop, place.size), place.size)
        return found

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(place.size for place in self.result)


def matrix_product(lhs: Sequence[int], rhs: Sequence[int]) -> StackProduct:
    """`lhs[..., m, k] * rhs[..., k, n]` with the stacks broadcast, as numpy has it. Raises VerifyException."""
    if len(lhs) < 2 or len(rhs) < 2 or lhs[-1] != rhs[-2]:
        raise VerifyException(f"expected matrices [m, k] and [k, n], got shapes {list(lhs)} and {list(rhs)}")
    rank = max(len(lhs), len(rhs))
    m, n, k = rank - 2, rank - 1, rank
    result: list[Place] = []
    sides: tuple[list[Place], list[Place]] = ([], [])
    for loop in range(rank - 2):
        sizes = [shape[len(shape) - rank + loop] if len(shape) >= rank - loop else None for shape in (lhs, rhs)]
        size = max(each or 1 for each in sizes)
        for side, own in zip(sides, sizes, strict=True):
            if own is None:
                continue
            if own not in (1, size):
                raise VerifyException(f"stacks of {list(lhs[:-2])} and {list(rhs[:-2])} matrices do not broadcast")
            side.append(Place(loop if own == size else ONE, own))
        result.append(Place(loop, size))
    return StackProduct(
        (*sides[0], Place(m, lhs[-2]), Place(k, lhs[-1])),
        (*sides[1], Place(k, rhs[-2]), Place(n, rhs[-1])),
        (*result, Place(m, lhs[-2]), Place(n, rhs[-1])),
    )


def check_product(product: StackProduct) -> None:
    """Raise VerifyException for what is no product of two sides."""
    bounds = product.bounds
    for name, side in zip(product._fields, product, strict=True):
        loops = [place.loop for place in side if place.loop != ONE]
        if len(set(loops)) != len(loops):
            raise VerifyException(f"a loop runs along two dimensions of the {name}")
        for loop, size, first in side:
            if first < 0 or first + (1 if loop == ONE else bounds[loop]) > size:
                raise VerifyException(f"a loop leaves the {size} positions of a dimension of the {name}")
    if any(first or size != (1 if loop == ONE else bounds[loop]) for loop, size, first in product.result):
        raise VerifyException("the loops do not reach every element of the result")
    for loop in bounds:
        holders = [side for side in product if any(place.loop == loop for place in side)]
        if len(holders) < 2:
            raise VerifyException(f"loop {loop} runs along one of lhs, rhs and result only")


def without_units(product: StackProduct) -> StackProduct:
    """Loops that run once taken out: they move nothing."""
    bounds = product.bounds

    def bare(side: Side) -> Side:
        return tuple(p._replace(loop=ONE) if p.loop != ONE and bounds[p.loop] == 1 else p for p in side)

    return StackProduct(*map(bare, product))


def merged(product: StackProduct) -> StackProduct:
    """Neighbouring loops that every side has one right inside the other become one, the outer one. Dimensions of one
    element fall away."""
    # Scores of [2, 12, 128, 64] and [2, 12, 64, 128]: 2 and 12 stand side by side in both and in the result: one loop
    # over 24. Where keys are shared, [2, 1, 64, 128], the 12 stay apart.
    sides = [[p for p in side if p.size > 1] for side in product]
    found = True
    while found:
        found = False
        bounds = StackProduct(*map(tuple, sides)).bounds
        for outer, inner in _neighbours(sides):
            if _always_together(sides, outer, inner, bounds):
                sides = [_joined(side, outer, inner, bounds[inner]) for side in sides]
                found = True
                break
    return StackProduct(*map(tuple, sides))


def _neighbours(sides: Iterable[Sequence[Place]]) -> list[tuple[int, int]]:
    pairs = [(a.loop, b.loop) for side in sides for a, b in pairwise(side)]
    return [pair for pair in dict.fromkeys(pairs) if ONE not in pair]


def _always_together(sides: Iterable[Sequence[Place]], outer: int, inner: int, bounds: Mapping[int, int]) -> bool:
    for side in sides:
        places = {place.loop: number for number, place in enumerate(side)}
        if outer not in places and inner not in places:
            continue
        if places.get(inner, -2) != places.get(outer, -2) + 1:
            return False
        whole = side[places[inner]]
        if whole.first or whole.size != bounds[inner]:
            return False
    return True


def _joined(side: Sequence[Place], outer: int, inner: int, bound: int) -> list[Place]:
    # 3 x 12 x 64 from the second 12 on: as (36, 64) from 12 on, as one dimension of 2304 from 768 on.
    found: list[Place] = []
    for place in side:
        if place.loop == inner:
            found[-1] = Place(outer, found[-1].size * bound, found[-1].first * bound)
        else:
            found.append(place)
    return found
