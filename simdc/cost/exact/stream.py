"""One operand on its DRAM port."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.grid import Footprint, Grid, combinations, visits
from simdc.cost.kernel import Operand


class Stream:
    """Traffic of an operand whose elements are `bits` wide, over a port of `bandwidth` bits per cycle.

    `times` is how often the walk turns to each tile; `bits_once` and `cycles_once` move all tiles once.
    """

    __slots__ = ("_bandwidth", "_bits", "_cycles", "bits_once", "cycles_once", "footprint", "positions", "times")

    def __init__(self, footprint: Footprint, bits: int, bandwidth: int, grid: Grid):
        self.footprint = footprint
        self.positions = footprint.positions
        self.times = visits(footprint, grid)
        self._bits = bits
        self._bandwidth = bandwidth
        self._cycles: dict[tuple[int, ...], int] = {}
        self.bits_once = self.cycles_once = 0
        for index, many in combinations(footprint.axes):
            tile_bits = footprint.at(index) * bits
            self.bits_once += many * tile_bits
            self.cycles_once += many * -(-tile_bits // bandwidth)

    def key(self, index: Sequence[int]) -> tuple[int, ...]:
        """The operand's own tile index at a walk index."""
        return tuple([index[slot] for slot in self.positions])

    def cycles(self, key: tuple[int, ...]) -> int:
        """Cycles to move the tile at the operand's own index."""
        found = self._cycles.get(key)
        if found is None:
            found = self._cycles[key] = -(-self.footprint.at(key) * self._bits // self._bandwidth)
        return found


def stream(operand: Operand, bandwidth: int, grid: Grid) -> Stream:
    return Stream(Footprint(operand, grid), operand.bits, bandwidth, grid)
