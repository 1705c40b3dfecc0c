"""Arrays in the place of whole numbers: what `simdc.cost.axis` needs to run over many tilings at once.

Element i of every array belongs to tiling i. Arrays are of int64, or of Python's own integers where these would not do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from simdc.cost.axis import MOST_SINGLE, Axis, Numbers
from simdc.cost.tiling import TilingError

Whole = NDArray[Any]
Truth = bool | NDArray[np.bool_]


class ArrayPlace:
    """A `Place` for each tiling; a truth that holds for all of them is one."""

    __slots__ = ("is_first", "is_last", "size", "start")

    def __init__(self, axis: ArrayAxis, index: int | Whole):
        self.start = index * axis.tile
        self.is_first = _settled(np.equal(index, 0))
        self.is_last = _settled(np.equal(index, axis.count - 1))
        self.size = choose(self.is_last, axis.last, axis.tile)


class ArrayAxis:
    """An `Axis` for each tiling. Either all of them have several tiles along it or none has."""

    __slots__ = ("_clip", "_cuts", "_kinds", "bound", "count", "is_tiled", "last", "loop", "tile")

    def __init__(self, loop: str, bound: int, tile: Whole, clip: bool):
        self.loop = loop
        self.bound = bound
        self.tile = tile = np.minimum(tile, bound)
        # bound 10 in tiles of 4 and of 5: counts 3 and 2, last tiles of 2 and 5, cuts at tile 2 and at tile 1.
        self.count = count = -(-bound // tile)
        self.last = bound - (count - 1) * tile
        # The caller groups tilings so that `any` is `all`.
        self.is_tiled = bool((count > 1).any())
        self._cuts: list[int | Whole] = []
        self._clip = clip
        self._kinds: list[tuple[Whole, tuple[ArrayPlace, ...]]] | None = None
        if self.is_tiled and (self.last != tile).any():
            self._cuts.append(count - 1)

    def cut_at(self, *indices: int | Whole) -> ArrayAxis:
        other = copy(self)
        other._cuts, other._kinds = list(self._cuts), None
        for index in indices:
            if not any(np.array_equal(index, known) for known in other._cuts):
                other._cuts.append(index)
        return other

    @property
    def segment_count(self) -> int:
        return len(self._cuts) + 1

    def isolate(self, low: int | Whole, high: int | Whole, begin: int | Whole, end: int | Whole) -> ArrayAxis:
        apart = np.less(low, high)
        begin, end = np.maximum(begin, 0), np.minimum(end, self.count)
        low = np.where(apart, np.minimum(low, end), end)
        high = np.where(apart, np.clip(high, 0, end), end)
        for distance in (int((low - begin).max()), int((end - high).max())):
            if distance > MOST_SINGLE:
                raise TilingError(f"more than {MOST_SINGLE:,} tiles of loop '{self.loop}' are clipped at the border")
        before = [np.minimum(begin + index, low) for index in range(int((low - begin).max()) + 1)]
        behind = [np.maximum(end - index, high) for index in range(int((end - high).max()) + 1)]
        return self.cut_at(*before, *behind)

    def place(self, index: int | Whole) -> ArrayPlace:
        return ArrayPlace(self, index)

    def kinds(self) -> list[tuple[Whole, tuple[ArrayPlace, ...]]]:
        if self._kinds is None:
            self._kinds = self.segments(0, self.count, (0,))
        return self._kinds

    def segments(self, start: int, end: Whole, window: Sequence[int]) -> list[tuple[Whole, tuple[ArrayPlace, ...]]]:
        """Where a segment has no tiles in some tilings its length is zero there, and its tiles mean nothing."""
        firsts = [np.clip(cut - offset, start, end) for cut in self._cuts for offset in window]
        # Tiles 4, 4, 2 and 5, 5: edges 0, 2, 3 and 0, 1, 2, so segments of 2 and 1, then of 1 and 1 tiles.
        edges = np.sort(np.stack([np.full_like(end, start), *firsts, end]), axis=0)
        # Nowhere may a segment begin after its end: then there are no tiles at all.
        lengths = np.maximum(edges[1:] - edges[:-1], 0)
        return [
            (length, tuple([self.place(first + offset) for offset in window]))
            for first, length in zip(edges[:-1], lengths, strict=True)
            if length.any()
        ]


def _settled(truth: NDArray[np.bool_]) -> Truth:
    # One truth for all tilings lets `choose` take a branch and skip an array.
    if truth.all():
        return True
    return truth if truth.any() else False


def choose(condition: Truth, yes: int | Whole, no: int | Whole) -> int | Whole:
    if isinstance(condition, bool):
        return yes if condition else no
    return np.where(condition, yes, no)


MANY = Numbers(
    axis=cast("Callable[[str, int, int, bool], Axis]", ArrayAxis),
    larger=cast("Callable[[int, int], int]", np.maximum),
    smaller=cast("Callable[[int, int], int]", np.minimum),
    choose=cast("Callable[[bool, int, int], int]", choose),
)
"""Many tilings: numbers are arrays."""
