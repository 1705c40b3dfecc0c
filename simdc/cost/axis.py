"""One loop cut into tiles, and where along it tiles differ.

Sizes are whole numbers. The batch form puts arrays of them in their place and runs the same code, so nothing outside
this file asks whether a size is this or that: what differs between one tiling and many is in `Numbers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from simdc.named import NamedTuple

from .tiling import TilingError

MOST_SINGLE = 100_000
"""Most tiles along an axis that may have a segment of their own, because a border clips each of them differently."""


class TilePosition:
    """Where a tile stands along an axis: its first iteration, its size, and whether it is the first or the last."""

    # Tile 2 of bound 10 in tiles of 4: start 8, size 2, the last.

    __slots__ = ("is_first", "is_last", "size", "start")

    def __init__(self, axis: Axis, index: int):
        self.start = index * axis.tile
        self.is_first = index == 0
        self.is_last = index == axis.count - 1
        self.size = axis.last if self.is_last else axis.tile


Places = tuple[TilePosition, ...]


class Axis:
    """One loop cut into `count` tiles of `tile` iterations; the last has `last`.

    Cuts are the tile indices at which something about a tile changes: between two cuts lies a segment of tiles that are
    alike. Where tiles are not clipped (`clip`) the last one alone may differ.
    """

    # bound 10, tile 4 -> tiles of 4, 4, 2: one cut, before tile 2, and two segments, (0, 1) and (2).

    __slots__ = ("_clip", "_cuts", "_kinds", "_places", "bound", "count", "last", "loop", "tile")

    def __init__(self, loop: str, bound: int, tile: int, clip: bool):
        self.loop = loop
        self.bound = bound
        self.tile = tile = tile if tile < bound else bound
        self.count = count = -(-bound // tile)
        self.last = bound - (count - 1) * tile
        self._cuts: set[int] = set() if self.last == tile else {count - 1}
        self._clip = clip
        self._places: dict[object, TilePosition] = {}
        self._kinds: list[tuple[int, Places]] | None = None

    @property
    def is_tiled(self) -> bool:
        """Whether there is more than one tile."""
        return self.count > 1

    def cut_at(self, *indices: int) -> Axis:
        """This axis with cuts before the tiles at `indices`, which lie from 1 to `count` - 1."""
        other = Axis.__new__(Axis)
        other.loop, other.bound, other.tile = self.loop, self.bound, self.tile
        other.count, other.last = self.count, self.last
        # Places are shared: what is worked out for one is found again after a cut.
        other._clip, other._places = self._clip, self._places
        other._cuts, other._kinds = self._cuts.union(indices), None
        return other

    @property
    def segment_count(self) -> int:
        """Segments of tiles that are alike."""
        return len(self._cuts) + 1

    def isolate(self, low: int, high: int, begin: int, end: int) -> Axis:
        """This axis with each tile of [`begin`, `low`) and of [`high`, `end`) in a segment of its own; if `low` reaches
        `high`, each of [`begin`, `end`)."""
        # 100 tiles, low 2, high 99, begin 0, end 100 -> segments (0), (1), (2 .. 98), (99).
        begin, end = max(0, begin), min(end, self.count)
        low, high = (min(low, end), max(0, min(high, end))) if low < high else (end, end)
        singles = range(begin, low + 1), range(high, end + 1)
        if max(map(len, singles)) > MOST_SINGLE:
            raise TilingError(f"more than {MOST_SINGLE:,} tiles of loop '{self.loop}' are clipped at the border")
        return self.cut_at(*(index for single in singles for index in single if 0 < index < self.count))

    def place(self, index: int) -> TilePosition:
        """Where the tile at `index` stands. Where no border clips tiles, all but the first and the last are one object:
        what is worked out for a place is then found again."""
        key = index if self._clip else (index == 0, index == self.count - 1)
        found = self._places.get(key)
        if found is None:
            found = self._places[key] = TilePosition(self, index)
        return found

    def kinds(self) -> list[tuple[int, Places]]:
        """How many tiles each segment of the axis has, and one of them."""
        # bound 10, tile 4 -> 2 tiles of 4, 1 of 2.
        if self._kinds is None:
            self._kinds = self.segments(0, self.count, (0,))
        return self._kinds

    def segments(self, start: int, end: int, window: Sequence[int]) -> list[tuple[int, Places]]:
        """Split tiles [start, end) so that within a segment the tiles at i + each offset of `window` are of one kind:
        (length, one tile at each offset)."""
        # 5 tiles with a cut before tile 4, tiles [1, 4), window (0, 1): tile 3 has another neighbour than 1 and 2, so
        # the segments are 2 x (tile 1, tile 2) and 1 x (tile 3, tile 4).
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
    """(how many, places) of all kinds of tiles over several axes: every segment of one with every one of the others."""
    # Tiles of 4, 4, 2 along one axis and 3, 3, 3 along another: 2 * 3 tiles of 4 x 3 and 1 * 3 of 2 x 3, 9 in all.
    if not axes:
        yield 1, ()
        return
    kinds = axes[-1].kinds()
    for times, outer in combinations(axes[:-1]):
        for many, place in kinds:
            yield times * many, outer + place
