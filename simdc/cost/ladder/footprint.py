"""How many elements of an operand the tiles of one way to cut touch, without making the tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

from simdc.cost.kernel import Affine, Operand
from simdc.named import NamedTuple

MOST_TILES = 512
"""Tiles along a dimension that are looked at one by one where a border clips them."""


class Elements(NamedTuple):
    """Elements that the first tile touches, the last one, all tiles when each is loaded once, and at most the largest.
    Where a border clips many tiles, `total` may be less than they touch: it is for bounds from below."""

    # oh + kh, oh 4 in tiles of 3 and 1, kh 3: first 5, last 3, total 8, largest 5. There are 6 positions: 2 twice.

    first: int = 1
    last: int = 1
    total: int = 1
    largest: int = 1


class Dimensions:
    """Some dimensions of an operand, clipped to the tensor where `clip`. `loops` are those that move them."""

    def __init__(self, operand: Operand, numbers: Sequence[int], bounds: Mapping[str, int], clip: bool):
        self._bounds, self._clip = bounds, clip
        self._dimensions = [(operand.index[number], operand.shape[number]) for number in numbers]
        self.loops = tuple({loop: None for expression, _ in self._dimensions for loop, _ in expression.terms})
        self._known: dict[tuple[int, ...], Elements] = {}
        self._single: list[dict[tuple[int, ...], Elements]] = [{} for _ in self._dimensions]

    def of(self, sizes: Mapping[str, int]) -> Elements:
        """Elements of the tiles with these `sizes`: the product over the dimensions, each worked out once for the sizes
        of its own loops."""
        key = tuple([sizes[loop] for loop in self.loops])
        found = self._known.get(key)
        if found is None:
            found = Elements()
            for number, (expression, extent) in enumerate(self._dimensions):
                own = tuple([sizes[loop] for loop, _ in expression.terms])
                along = self._single[number].get(own)
                if along is None:
                    along = self._single[number][own] = self._along(expression, extent, sizes)
                first, last, total, largest = along
                found = Elements(found.first * first, found.last * last, found.total * total, found.largest * largest)
            self._known[key] = found
        return found

    def _along(self, expression: Affine, extent: int, sizes: Mapping[str, int]) -> Elements:
        """As `of`, along one dimension."""
        # oh + kh, oh 4 in tiles of 3 and 1, kh 3 in one: tiles touch 5 and 3 positions. Without the tiles: 2 of them, 2
        # positions more along oh (4 rows, 2 tiles), 2 in each of 2 tiles along kh: 2 + 2 + 4 = 8.
        terms, low = expression
        counts = {loop: -(-self._bounds[loop] // sizes[loop]) for loop, _ in terms}
        tiles = prod(counts.values())
        span, end, total, top = 1, 1, tiles, low
        for loop, step in terms:
            bound, size, count = self._bounds[loop], sizes[loop], counts[loop]
            span += step * (size - 1)
            end += step * (bound - (count - 1) * size - 1)
            total += step * (bound - count) * (tiles // count)
            top += step * (bound - 1)
        if not self._clip or (low >= 0 and top < extent):
            return Elements(span, end, total, span)
        first = max(0, min(low + span, extent) - max(low, 0))
        last = max(0, min(top + 1, extent) - max(top + 1 - end, 0))
        if tiles <= MOST_TILES:
            total = sum(
                self._clipped(expression, extent, sizes, place) for place in product(*map(range, counts.values()))
            )
        else:
            total = self._least(expression, extent)
        return Elements(first, last, total, min(span, extent))

    @property
    def least(self) -> int:
        """Elements that any tiles touch together: the positions of the loop that has the most, padding left out."""
        return prod([self._least(expression, extent) for expression, extent in self._dimensions])

    def _least(self, expression: Affine, extent: int) -> int:
        """As `least`, along one dimension."""
        # oh + kh - 1 with 56 rows in and out and kh 3: oh alone reaches 56, of which at most 1 before and 1 behind are
        # padding: at least 54.
        terms, low = expression
        places = max((self._bounds[loop] for loop, _ in terms), default=1)
        if not self._clip:
            return places
        top = low + sum(step * (self._bounds[loop] - 1) for loop, step in terms)
        return max(0, places - max(0, -low) - max(0, top - extent + 1))

    def _clipped(self, expression: Affine, extent: int, sizes: Mapping[str, int], place: Sequence[int]) -> int:
        """Positions inside the tensor of the tile with the numbers `place` along the expression's loops."""
        low, reach = expression.constant, 1
        for (loop, step), index in zip(expression.terms, place, strict=True):
            start = index * sizes[loop]
            low += step * start
            reach += step * (min(sizes[loop], self._bounds[loop] - start) - 1)
        return max(0, min(low + reach, extent) - max(low, 0))
