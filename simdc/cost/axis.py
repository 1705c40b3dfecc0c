"""One loop cut into tiles, and where along it tiles differ.

Sizes are whole numbers. The batch form puts arrays of them in their place and runs the same code, so nothing outside
this file asks whether a size is this or that: what differs between one tiling and many is in `Numbers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from .tiling import TilingError

MOST_SINGLE = 100_000
"""Tiles along an axis that may be told apart one by one."""


class Place:
    """Where a tile stands along an axis: its first iteration and its size; `begun` if tiles come before it, `final` if
    none comes after it."""

    __slots__ = ("begun", "final", "size", "start")

    def __init__(self, axis: Axis, index: int):
        self.start = index * axis.tile
        self.begun = index > 0
        self.final = index == axis.count - 1
        self.size = axis.last if self.final else axis.tile


Places = tuple[Place, ...]


class Axis:
    """One loop cut into `count` tiles of `tile` iterations; the last has `last`.

    Cuts are the tile indices at which something about a tile changes: between two cuts all tiles are alike. Where tiles
    are not clipped (`clip`) the last one alone may differ.
    """

    __slots__ = ("_clip", "_cuts", "_kinds", "_places", "bound", "count", "last", "loop", "tile")

    def __init__(self, loop: str, bound: int, tile: int, clip: bool):
        self.loop = loop
        self.bound = bound
        self.tile = tile = tile if tile < bound else bound
        self.count = count = -(-bound // tile)
        self.last = bound - (count - 1) * tile
        self._cuts: set[int] = set() if self.last == tile else {count - 1}
        self._clip = clip
        self._places: dict[object, Place] = {}
        self._kinds: list[tuple[int, Places]] | None = None

    @property
    def several(self) -> bool:
        """Whether there is more than one tile."""
        return self.count > 1

    def cut(self, *indices: int) -> None:
        """Cut before the tiles at `indices`, which lie from 1 to `count` - 1."""
        self._cuts.update(indices)
        self._kinds = None

    @property
    def pieces(self) -> int:
        """Stretches of tiles that are alike."""
        return len(self._cuts) + 1

    def set_apart(self, low: int, high: int, begin: int, end: int) -> None:
        """Cut around each single tile of [`begin`, `low`) and [`high`, `end`); of all [`begin`, `end`) if `low` reaches
        `high`."""
        begin, end = max(0, begin), min(end, self.count)
        low, high = (min(low, end), max(0, min(high, end))) if low < high else (end, end)
        for single in (range(begin, low + 1), range(high, end + 1)):
            if len(single) > MOST_SINGLE:
                raise TilingError(f"more than {MOST_SINGLE:,} tiles of loop '{self.loop}' are clipped at the border")
            self.cut(*(index for index in single if 0 < index < self.count))

    def place(self, index: int) -> Place:
        """The same object for all tiles that are alike, as far as one can tell."""
        key = index if self._clip else (index == 0, index == self.count - 1)
        found = self._places.get(key)
        if found is None:
            found = self._places[key] = Place(self, index)
        return found

    def kinds(self) -> list[tuple[int, Places]]:
        """How many tiles there are of each kind, and one of them."""
        if self._kinds is None:
            self._kinds = self.stretches(0, self.count, (0,))
        return self._kinds

    def stretches(self, start: int, end: int, window: Sequence[int]) -> list[tuple[int, Places]]:
        """Split tiles [start, end) so that within a stretch the tiles at i + each offset of `window` are of one kind:
        (length, one tile at each offset)."""
        firsts = {start, *(first for cut in self._cuts for offset in window if start < (first := cut - offset) < end)}
        return [
            (stop - first, tuple([self.place(first + offset) for offset in window]))
            for first, stop in pairwise((*sorted(firsts), end))
            if stop > first
        ]


def _choose(condition: bool, yes: int, no: int) -> int:
    return yes if condition else no


class Numbers(NamedTuple):
    """What a whole number and an array of them do differently."""

    axis: Callable[[str, int, int, bool], Axis]
    larger: Callable[[int, int], int]
    smaller: Callable[[int, int], int]
    choose: Callable[[bool, int, int], int]


ONE = Numbers(Axis, max, min, _choose)
"""One tiling: numbers are Python's."""


def combinations(axes: Sequence[Axis]) -> Iterator[tuple[int, Places]]:
    """(how many, places) of all kinds of tiles over several axes."""
    if not axes:
        yield 1, ()
        return
    kinds = axes[-1].kinds()
    for times, outer in combinations(axes[:-1]):
        for many, place in kinds:
            yield times * many, outer + place
