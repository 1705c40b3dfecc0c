"""Greedy tilings of a network on machine after machine, where there is no compiler: costs are kept by their sizes.

Memories change them, but to few others: of 200 machines with nothing in common ResNet-50's layers have ten each.
"""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.flat import costs, network, packed, tiles

from .kept import KeptSchedule
from .kept_programs import KeptRung, can_keep, kept_rung, write_program
from .kernels import PackedKernel

MOST_TILINGS = 128
"""Of a kernel."""
Sizes = tuple[int, ...]


class GreedyContractions:
    """As `KeptClimbs`."""

    def __init__(self, kernels: Sequence[PackedKernel], rows: list[list[int]], first: int):
        self._rows, self._first = rows, first
        self._kept: list[tuple[int, list[int], dict[Sizes, KeptSchedule]]] = [
            (number, each.about, {}) for number, each in enumerate(kernels) if not each.is_program
        ]

    def price(self, machine: list[int], results: list[int], space: int, work: list[list[int]]) -> bool:
        """Writes what all contractions cost into `results`."""
        room = work[packed.ROOM_ROW]
        for number, about, known in self._kept:
            plan, to = self._rows[number * packed.KERNEL_ROWS + packed.PLAN_ROW], self._first + number * network.FORM
            sizes = greedy_sizes(plan, about, machine, work)
            kept = known.get(sizes)
            if kept is None:
                if len(known) >= MOST_TILINGS:
                    known.clear()
                kept = known[sizes] = KeptSchedule(plan, list(range(len(sizes))), list(sizes), room)
            kept.write(about, machine, room, results, to)
        return True


class GreedyPrograms:
    """As `KeptPrograms`."""

    def __init__(self, kernels: Sequence[PackedKernel], rows: list[list[int]], first: int):
        self._rows, self._first = rows, first
        self._kept: list[tuple[int, list[int], dict[Sizes, KeptRung | None]]] = [
            (number, each.about, {}) for number, each in enumerate(kernels) if each.is_program
        ]

    def price(self, machine: list[int], results: list[int], space: int, work: list[list[int]]) -> bool:
        """Writes what all programs cost into `results`."""
        rate = machine[packed.LANES_RATE], machine[packed.LANES_RATE + 1]
        for number, about, known in self._kept:
            row, to = number * packed.KERNEL_ROWS, self._first + number * network.FORM
            plan = self._rows[row + packed.PLAN_ROW]
            sizes = greedy_sizes(plan, about, machine, work)
            if sizes not in known:
                if len(known) >= MOST_TILINGS:
                    known.clear()
                known[sizes] = kept_rung(plan, list(sizes), work[packed.ROOM_ROW]) if can_keep(plan) else None
            kept = known[sizes]
            if kept is None:
                results[to] = network.price_form(self._rows, row, machine, 0, space, work, results, to)
            elif costs.lacks_memory(plan, machine, kept.found):
                results[to] = network.TOO_LARGE
            else:
                write_program(plan, about, machine, kept.on_port(rate), list(sizes), results, to)
        return True


def greedy_sizes(plan: list[int], about: list[int], machine: list[int], work: list[list[int]]) -> tuple[int, ...]:
    """Of the loops in their own order. Leaves the plan on the machine."""
    packed.on_machine(plan, about, machine)
    network.greedy_schedule(plan, about, machine, work)
    return tuple(work[packed.SIZES_ROW][: plan[tiles.LOOPS]])
