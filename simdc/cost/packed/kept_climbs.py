"""The contractions of a network with default tilings, on machine after machine, where there is no compiler.

Bounds of all rungs come from a few calls of numpy (`rung_arrays.py`), those that were priced before are kept
(`kept.py`). The rungs are looked at in the order of `flat/climb.py`, so the same one is found, of equals, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.flat import climb, network, packed, tiles
from simdc.cost.flat import ladder as cuts
from simdc.cost.flat import rungs as at
from simdc.cost.flat.defaults import limits_of_rungs
from simdc.cost.flat.recent import recalled, remember
from simdc.cost.ladder.rows import LadderInForm

from .kept import KeptSchedule, Rates, rates_of
from .kernels import PackedKernel
from .rung_arrays import ANY, Promise, RungArrays

NO_LIMIT = -1, -1
MOST_KEPT = 128
"""Schedules of a kernel."""


class KeptKernel:
    """The rungs of one contraction that were priced, by number."""

    def __init__(self, rows: list[list[int]]):
        """Of a kernel, as `flat/packed.py` has them, those of other kernels perhaps behind them."""
        self.about, self.plan, self.on, *ladder = rows[: packed.LAST_ROW]
        self.ladder, self._recent = LadderInForm(*ladder), rows[packed.LAST_ROW]
        self._kept: dict[int, KeptSchedule] = {}

    def schedule(self, rung: int, room: list[int]) -> KeptSchedule:
        found = self._kept.get(rung)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            ladder, sides, ways = self.ladder
            loops = self.plan[tiles.LOOPS]
            order, sizes = [0] * loops, [0] * loops
            cuts.schedule(sides, ways, ladder, rung, loops, order, sizes)
            found = self._kept[rung] = KeptSchedule(self.plan, order, sizes, room)
        return found

    def limit(self, rates: Rates, work: Sequence[list[int]]) -> tuple[int, int]:
        """Cycles and DRAM bits of a schedule that fits, or NO_LIMIT where none is known that does."""
        rung = recalled(self.ladder.ladder, self.on, self._recent, work[packed.WAITING_ROW])
        if rung == climb.NONE_LEFT:
            return NO_LIMIT
        return self._less((ANY, ANY), rung, rates, work[packed.ROOM_ROW]) or NO_LIMIT

    def cheapest(
        self, promises: Sequence[Promise], limit: tuple[int, int], rates: Rates, room: list[int]
    ) -> KeptSchedule | None:
        """As `best_rung`, of rungs that promise no more than the `limit`, which one has; None where there are none."""
        # Of equals the first: the limit's own rung may come behind another one.
        best, chosen = (limit[0], limit[1] + 1), -1
        for bound, bits, walk, image in promises:
            if (bound, bits) >= best:
                break
            rung = walk * self.ladder.ladder[at.IMAGES] + image
            priced = self._less(best, rung, rates, room)
            if priced is not None:
                best, chosen = priced, rung
        if chosen < 0:
            return None
        remember(self.ladder.ladder, self._recent, chosen)
        return self.schedule(chosen, room)

    def _less(self, than: tuple[int, int], rung: int, rates: Rates, room: list[int]) -> tuple[int, int] | None:
        """Cycles and DRAM bits, if less."""
        schedule = self.schedule(rung, room)
        cycles = schedule.cycles(rates)
        # Bits decide between equals only, and take as long to count as cycles.
        if cycles > than[0]:
            return None
        priced = cycles, schedule.counts().dram_bits
        return priced if priced < than else None


class KeptClimbs:
    """`rows` are those of all kernels, as `flat/packed.py` has them, on arrays of the same sides; a form's
    results begin at `first` and its number times `network.FORM`. Raises OverflowError for numbers beyond 64 bits."""

    def __init__(self, kernels: Sequence[PackedKernel], rows: list[list[int]], first: int):
        self._rows, self._first = rows, first
        self._contractions = [
            (number, KeptKernel(rows[number * packed.KERNEL_ROWS :]))
            for number, kernel in enumerate(kernels)
            if not kernel.is_program
        ]
        every = [kept for _, kept in self._contractions]
        self._arrays = RungArrays([kept.ladder.ladder for kept in every], [kept.on for kept in every])

    def price(self, machine: list[int], results: list[int], space: int, work: list[list[int]]) -> bool:
        """Writes what all contractions cost into `results`. False where numbers on the way may be beyond 64 bits, or a
        climb of the core needs more `space`. Raises OverflowError as well."""
        rates, room = rates_of(machine), work[packed.ROOM_ROW]
        for _, kept in self._contractions:
            packed.on_machine(kept.plan, kept.about, machine)
            limits_of_rungs(kept.plan, kept.about, machine, kept.on)
        limits = [kept.limit(rates, work) for _, kept in self._contractions]
        every, (cycles, bits) = [kept.on for _, kept in self._contractions], zip(*limits, strict=True)
        if not self._arrays.has_room(every[0], cycles):
            return False
        promises = self._arrays.promising(every, cycles, bits)
        for (number, kept), own, limit in zip(self._contractions, promises, limits, strict=True):
            at, cheapest = self._first + number * network.FORM, kept.cheapest(own, limit, rates, room)
            if cheapest is not None:
                cheapest.write(kept.about, machine, rates, results, at)
                continue
            # Where no rung fits the core asks for none.
            first = number * packed.KERNEL_ROWS
            results[at] = network.price_form(self._rows, first, machine, 1, space, work, results, at)
            if results[at] == climb.NO_ROOM:
                return False
        return True
