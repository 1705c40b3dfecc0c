"""The contractions of a network with default tilings, on machine after machine, where there is no compiler.

Bounds of all rungs come from a few calls of numpy (`rung_arrays.py`), those that were priced before are kept
(`kept.py`). The rungs are looked at in the order of `flat/climb.py`, so the same one is found, of equals, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.flat import climb, network, packed
from simdc.cost.flat import rungs as at
from simdc.cost.flat.best import BEST_RUNG
from simdc.cost.flat.defaults import limits_of_rungs
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.ladder.rows import LadderInForm

from .kept import KeptSchedule, Rates, bit_by_bit, rates_of, write_schedule
from .kernels import PackedKernel
from .rung_arrays import ANY, Promise, RungArrays

NO_LIMIT = -1, -1
MOST_KEPT = 128
"""Schedules of a kernel."""
MOST_LIMITS = 4
"""Of a kernel schedules that were the cheapest on one of the last machines."""


class KeptKernel:
    """The rungs of one contraction that were priced, by number."""

    def __init__(self, kernel: Contraction, packed: PackedKernel, ladder: LadderInForm, on: list[int], alone: Hardware):
        self.packed, self.ladder, self.on = packed, ladder, on
        self._kernel, self._alone = kernel, alone
        self._kept: dict[int, KeptSchedule] = {}
        self._cheapest: list[int] = []

    def schedule(self, rung: int) -> KeptSchedule:
        found = self._kept.get(rung)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            tiling = self.ladder.tiling(self.packed.loops, rung)
            found = self._kept[rung] = KeptSchedule(self._kernel, tiling, self._alone)
        return found

    def limit(self, rates: Rates) -> tuple[int, int]:
        """Cycles and DRAM bits of a schedule that fits, or NO_LIMIT where none is known that does."""
        fitting = [rung for rung in self._cheapest if at.rung_fits(self.ladder.ladder, self.on, rung)]
        prices = [self._price(rung, rates) for rung in fitting]
        return min(prices, default=NO_LIMIT)

    def remember(self, rung: int) -> None:
        """What was the cheapest."""
        self._cheapest = [rung, *(each for each in self._cheapest if each != rung)][:MOST_LIMITS]

    def cheapest(self, promises: Sequence[Promise], rates: Rates) -> KeptSchedule | None:
        """As `best_rung`; None where no rung fits."""
        best, rung = (ANY, ANY), -1
        for bound, bits, walk, image in promises:
            if (bound, bits) >= best:
                break
            number = walk * self.ladder.ladder[at.IMAGES] + image
            priced = self._price(number, rates)
            if priced < best:
                best, rung = priced, number
        if rung < 0:
            return None
        self.remember(rung)
        return self.schedule(rung)

    def _price(self, rung: int, rates: Rates) -> tuple[int, int]:
        schedule = self.schedule(rung)
        return schedule.cycles(rates), schedule.dram_bits


class KeptClimbs:
    """`rows` are those of all kernels, as `flat/packed.py` has them, on arrays of the sides of `hardware`; a form's
    results begin at `first` and its number times `network.FORM`. Raises OverflowError for numbers beyond 64 bits."""

    def __init__(self, kernels: Sequence[PackedKernel], rows: list[list[int]], hardware: Hardware, first: int):
        alone = bit_by_bit(hardware)
        self._rows, self._first = rows, first
        self._contractions: list[tuple[int, KeptKernel]] = []
        for number, kernel in enumerate(kernels):
            if isinstance(kernel.kernel, Contraction):
                on, ladder, *others = rows[number * packed.KERNEL_ROWS + packed.ON_ROW :][:4]
                kept = KeptKernel(kernel.kernel, kernel, LadderInForm(ladder, *others), on, alone)
                self._contractions.append((number, kept))
        ladders = [kept.ladder.ladder for _, kept in self._contractions]
        self._arrays = RungArrays(ladders, [kept.on for _, kept in self._contractions])

    def price(self, machine: list[int], results: list[int], space: int, work: list[list[int]]) -> bool:
        """Writes what all contractions cost into `results`. False where numbers on the way may be beyond 64 bits, or a
        climb of the core needs more `space`. Raises OverflowError as well."""
        rates = rates_of(machine)
        for number, kept in self._contractions:
            plan = self._rows[number * packed.KERNEL_ROWS + packed.PLAN_ROW]
            packed.on_machine(plan, kept.packed.about, machine)
            limits_of_rungs(plan, kept.packed.about, machine, kept.on)
        limits = [kept.limit(rates) for _, kept in self._contractions]
        every, (cycles, bits) = [kept.on for _, kept in self._contractions], zip(*limits, strict=True)
        if not self._arrays.has_room(every[0], cycles):
            return False
        promises = self._arrays.promising(every, cycles, bits)
        for (number, kept), own in zip(self._contractions, promises, strict=True):
            at, cheapest = self._first + number * network.FORM, kept.cheapest(own, rates)
            if cheapest is not None:
                write_schedule(cheapest, kept.packed, machine, rates, results, at)
                continue
            first, best = number * packed.KERNEL_ROWS, work[packed.BEST_ROW]
            # Where no rung fits the core asks for none.
            best[BEST_RUNG] = -1
            results[at] = network.price_form(self._rows, first, machine, 1, space, work, results, at)
            if results[at] == climb.NO_ROOM:
                return False
            if best[BEST_RUNG] >= 0:
                kept.remember(best[BEST_RUNG])
        return True
