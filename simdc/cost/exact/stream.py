"""One operand on its DRAM port."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.grid import Footprint, Grid, visits
from simdc.cost.kernel import Operand


class Stream:
    """Traffic of an operand whose elements are `bits` wide, over a port of `bandwidth` bits per cycle.

    `innermost` is the place in a walk index of the innermost axis that moves the operand, -1 if none does. `times` is
    how often the walk turns to each tile; `bits_once` and `cycles_once` move all tiles once.
    """

    __slots__ = (
        "_bandwidth",
        "_bits",
        "_cycles",
        "_ends",
        "bits_once",
        "cycles_once",
        "footprint",
        "innermost",
        "times",
    )

    def __init__(self, footprint: Footprint, bits: int, bandwidth: int, grid: Grid):
        self.footprint = footprint
        self.innermost = footprint.positions[-1] if footprint.positions else -1
        self.times = visits(footprint, grid)
        self._bits = bits
        self._bandwidth = bandwidth
        self._cycles: dict[tuple[int, ...], int] = {}
        # Where nothing is clipped, only the last tile along an axis differs from the first.
        axes = zip(footprint.positions, footprint.axes, strict=True)
        self._ends = None if grid.clip else [(slot, axis.count - 1) for slot, axis in axes]
        self.bits_once = self.cycles_once = 0
        for index, many, elements in footprint.tiles:
            cycles = self._cycles[index] = -(-elements * bits // bandwidth)
            self.bits_once += many * elements * bits
            self.cycles_once += many * cycles

    def first_along(self, loops: Sequence[str]) -> tuple[int, int]:
        """Bits and cycles to move once all tiles that stand first along each of `loops`, cut after their first tile."""
        places = [place for place, axis in enumerate(self.footprint.axes) if axis.loop in loops]
        if not places:
            return self.bits_once, self.cycles_once
        first = [tile for tile in self.footprint.tiles if not any(tile[0][place] for place in places)]
        bits = sum(many * elements for _, many, elements in first) * self._bits
        return bits, sum(many * -(-elements * self._bits // self._bandwidth) for _, many, elements in first)

    def cycles_at(self, index: Sequence[int]) -> int:
        """Cycles to move the tile that belongs to a walk index."""
        if self._ends is None:
            own = tuple([index[slot] for slot in self.footprint.positions])
        else:
            own = tuple([last if index[slot] == last else 0 for slot, last in self._ends])
        found = self._cycles.get(own)
        if found is None:
            found = self._cycles[own] = -(-self.footprint.at(own) * self._bits // self._bandwidth)
        return found


def stream(operand: Operand, bandwidth: int, grid: Grid) -> Stream:
    return Stream(grid.footprint(operand), operand.bits, bandwidth, grid)
