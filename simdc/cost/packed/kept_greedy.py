"""Greedy tilings of a network on machine after machine, where there is no compiler: costs are kept by their sizes.

Memories change them, but to few others: of 200 machines with nothing in common ResNet-50's layers have ten each. So
what memories may hold for the same tiles is kept, too, and most are not made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from simdc.cost.flat import costs, network, packed, splits, tiles

from .kept import KeptSchedule, rates_of
from .kept_programs import KeptRung, can_keep, kept_rung, write_program
from .kernels import PackedKernel

MOST_TILINGS = 128
"""Of a kernel."""
MEMORIES = 4
Sizes = tuple[int, ...]
Memories = tuple[int, int, int, int]
"""Bits of the buffers, as plans number operands, or of the vector memory and nothing else."""
Kept = TypeVar("Kept")


class GreedyTiles(Generic[Kept]):
    """The greedy tiles of one kernel on machines that differ in memories and ports, and what they `keep`: a function of
    a plan, tile sizes of its loops, and what the core works in."""

    def __init__(self, plan: list[int], about: list[int], keep: Callable[[list[int], list[int], list[int]], Kept]):
        self._plan, self._about, self._keep = plan, about, keep
        self._by_sizes: dict[Sizes, Kept] = {}
        self._alike: list[tuple[Memories, Memories, Sizes, Kept]] = []

    def on(self, machine: list[int], holds: Memories, work: list[list[int]]) -> tuple[Sizes, Kept]:
        """Sizes of the loops in their own order, and what is kept of them, where each memory `holds` so many bits."""
        one, two, three, four = holds
        # A buffer of 30,000 bits, where all from 26,000 to below 31,000 lead to the same tiles.
        for (a, b, c, d), (to_a, to_b, to_c, to_d), sizes, kept in self._alike:
            if a <= one < to_a and b <= two < to_b and c <= three < to_c and d <= four < to_d:
                return sizes, kept
        if len(self._alike) >= MOST_TILINGS:
            self._alike.clear()
            self._by_sizes.clear()
        sizes, alike = greedy_sizes(self._plan, self._about, machine, work)
        if sizes not in self._by_sizes:
            self._by_sizes[sizes] = self._keep(self._plan, list(sizes), work[packed.ROOM_ROW])
        kept = self._by_sizes[sizes]
        self._alike.append((*alike, sizes, kept))
        return sizes, kept


class GreedyContractions:
    """As `KeptClimbs`."""

    def __init__(self, kernels: Sequence[PackedKernel], rows: list[list[int]], first: int):
        self._kept: list[tuple[int, list[int], GreedyTiles[KeptSchedule]]] = []
        for number, kernel in enumerate(kernels):
            if not kernel.is_program:
                plan = rows[number * packed.KERNEL_ROWS + packed.PLAN_ROW]
                own = GreedyTiles(plan, kernel.about, _schedule)
                self._kept.append((first + number * network.FORM, kernel.about, own))

    def price(self, machine: list[int], results: list[int], space: int, work: list[list[int]]) -> bool:
        """Writes what all contractions cost into `results`."""
        rates = rates_of(machine)
        one, two, three, four = machine[packed.BUFFERS_HOLD : packed.BUFFERS_HOLD + MEMORIES]
        for to, about, tiles_of in self._kept:
            tiles_of.on(machine, (one, two, three, four), work)[1].write(about, machine, rates, results, to)
        return True


class GreedyPrograms:
    """As `KeptPrograms`."""

    def __init__(self, kernels: Sequence[PackedKernel], rows: list[list[int]], first: int):
        self._rows = rows
        self._kept: list[tuple[int, int, list[int], GreedyTiles[KeptRung | None]]] = []
        for number, kernel in enumerate(kernels):
            if kernel.is_program:
                row = number * packed.KERNEL_ROWS
                own = GreedyTiles(rows[row + packed.PLAN_ROW], kernel.about, _rung)
                self._kept.append((first + number * network.FORM, row, kernel.about, own))

    def price(self, machine: list[int], results: list[int], space: int, work: list[list[int]]) -> bool:
        """Writes what all programs cost into `results`."""
        rate = machine[packed.LANES_RATE], machine[packed.LANES_RATE + 1]
        holds = machine[packed.MEMORY_HOLDS], 0, 0, 0
        for to, row, about, tiles_of in self._kept:
            plan, (sizes, kept) = self._rows[row + packed.PLAN_ROW], tiles_of.on(machine, holds, work)
            if kept is None:
                results[to] = network.price_form(self._rows, row, machine, 0, 0, work, results, to)
            elif costs.lacks_memory(plan, machine, kept.found):
                results[to] = network.TOO_LARGE
            else:
                write_program(plan, about, machine, kept.on_port(rate), sizes, results, to)
        return True


def _schedule(plan: list[int], sizes: list[int], room: list[int]) -> KeptSchedule:
    return KeptSchedule(plan, list(range(len(sizes))), sizes, room)


def _rung(plan: list[int], sizes: list[int], room: list[int]) -> KeptRung | None:
    return kept_rung(plan, sizes, room) if can_keep(plan) else None


def greedy_sizes(
    plan: list[int], about: list[int], machine: list[int], work: list[list[int]]
) -> tuple[Sizes, tuple[Memories, Memories]]:
    """Of the loops in their own order; what memories hold at least, and less than what, where these are the same.
    Leaves the plan on the machine."""
    packed.on_machine(plan, about, machine)
    network.greedy_schedule(plan, about, machine, work)
    one, two, three, four, *below = work[packed.ROOM_ROW][splits.FROM_BITS : splits.BELOW_BITS + MEMORIES]
    to_one, to_two, to_three, to_four = below
    alike = (one, two, three, four), (to_one, to_two, to_three, to_four)
    return tuple(work[packed.SIZES_ROW][: plan[tiles.LOOPS]]), alike
