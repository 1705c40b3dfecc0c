"""One operand on its DRAM port."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.axis import Places, combinations
from simdc.cost.bursts import Bursts
from simdc.cost.grid import Footprint, Grid
from simdc.cost.ratio import Rate


class Stream:
    """Traffic of an operand whose elements are `bits` wide, over a port of `bandwidth` bits per cycle.

    `innermost` is the slot of the innermost axis that moves the operand (`Grid.slots`), -1 if none does: a tile changes
    whenever that axis or one outside it steps. Each tile comes into use `reloads` times; moving all tiles once takes
    `bits_once` bits. `bursts` is there where it matters in how many runs tiles lie.
    """

    __slots__ = (
        "_bandwidth",
        "_bits",
        "_bursts",
        "_choose",
        "_cycles",
        "_once",
        "_slots",
        "bits_once",
        "footprint",
        "innermost",
        "reloads",
    )

    def __init__(
        self, footprint: Footprint, bits: int, bandwidth: Rate, grid: Grid, reloads: int, bursts: Bursts | None
    ):
        self.footprint, self._slots = footprint, footprint.slots
        self.innermost = footprint.slots[-1] if footprint.slots else -1
        self.reloads = reloads
        self.bits_once = footprint.total * bits
        self._bits = bits
        self._bandwidth = bandwidth
        self._bursts = bursts
        self._choose = grid.numbers.choose
        self._cycles: dict[Places, int] = {}
        self._once: int | None = None

    def cycles(self, times: int) -> int:
        """Cycles to move all tiles so often."""
        # 3 tiles of 40 bits at 16 a cycle: 3 cycles each, 9 once, 18 twice.
        if self._once is None:
            self._once = 0
            for many, places in combinations(self.footprint.axes):
                self._once = self._once + many * self._cycles_of(places)
        return times * self._once

    def least_cycles(self, times: int) -> int:
        """Cycles that moving all tiles so often takes at least: as if the port were full in each, the last one too."""
        # 3 tiles of 40 bits on a port of 16: each takes 3 cycles, 9 in all, and at least ceil(120 / 16) = 8. Tiles of
        # many runs would take far more than that.
        if self._bursts is not None:
            return self.cycles(times)
        return -(-times * self.bits_once // self._bandwidth)

    def first_along(self, loops: Sequence[str]) -> tuple[int, int]:
        """Bits and cycles to move once all tiles that stand first along each of `loops`."""
        # A cut before tile 1 puts the first tile into a segment of its own: 3 x 4 tiles, first along the inner axis: 3.
        numbers = [number for number, axis in enumerate(self.footprint.axes) if axis.loop in loops]
        bits = cycles = 0
        for many, places in combinations(
            [axis.cut_at(1) if axis.loop in loops else axis for axis in self.footprint.axes]
        ):
            for number in numbers:
                many = self._choose(places[number].is_first, many, 0)
            bits = bits + many * self.footprint.at(places) * self._bits
            cycles = cycles + many * self._cycles_of(places)
        return bits, cycles

    def cycles_at(self, places: Places) -> int:
        """Cycles to move the operand's tile while the nest's tile stands at `places`, one for each slot."""
        # A contraction asks some 30 times, most often for what it knows: without the call it takes half the time.
        own = tuple([places[slot] for slot in self._slots])
        found = self._cycles.get(own)
        return self._cycles_of(own) if found is None else found

    def _cycles_of(self, own: Places) -> int:
        found = self._cycles.get(own)
        if found is None:
            if self._bursts is None:
                found = -(-self.footprint.at(own) * self._bits // self._bandwidth)
            else:
                found = self._bursts.cycles(own, self._bits, self._bandwidth)
            self._cycles[own] = found
        return found
