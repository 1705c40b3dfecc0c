"""Finding the cheapest rung of a ladder without pricing all of it."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from math import inf
from typing import Protocol

from simdc.cost.result import Number
from simdc.cost.tiling import Tiling
from simdc.named import NamedTuple


class Rail(NamedTuple):
    """The rungs from `step` on of the group numbered `group`; none of them has fewer cycles than `bound`."""

    bound: Number
    group: int
    step: int


class Least(NamedTuple):
    """What a rung takes at least."""

    cycles: Number
    dram_bits: Number


class Bounded(Protocol):
    """Rungs in groups, numbered from the coarsest on."""

    def rails(self) -> Iterable[Rail]:
        """All groups that may have a rung that fits."""
        ...

    def step(self, rail: Rail) -> tuple[Least | None, Rail | None]:
        """What the first rung of the rail takes at least, None if it does not fit; and the rest of the rail."""
        ...

    def price(self, group: int, step: int) -> tuple[Number, Number, Tiling] | None:
        """Cycles and DRAM bits of a rung and its tiling, None if it cannot be run."""
        ...


def cheapest(rungs: Bounded) -> Tiling | None:
    """The rung that fits with the fewest cycles, of several the one with the least DRAM traffic; None if none fits.

    The most promising is looked at first, so that few rungs are priced: those whose bound is below the best.
    """
    # (bound, DRAM bits, is one rung, group, step). A rail stands with 0 bits, which is never too much: of equal bounds
    # it is opened first, and a rung of it with less traffic is not missed.
    waiting: list[tuple[Number, Number, bool, int, int]]
    waiting = [(bound, 0, False, group, step) for bound, group, step in rungs.rails()]
    heapify(waiting)
    best: tuple[Number, Number] = (inf, inf)
    chosen: Tiling | None = None
    # Best 100 cycles and 500 bits: what is bounded by (120, 0) is never looked at, by (100, 400) it is, (100, 500) not.
    while waiting and waiting[0][:2] < best:
        bound, _, single, group, step = heappop(waiting)
        if single:
            priced = rungs.price(group, step)
            if priced is not None and priced[:2] < best:
                best, chosen = priced[:2], priced[2]
            continue
        least, rest = rungs.step(Rail(bound, group, step))
        # What holds for the whole rail holds for each of its rungs: a bound never falls on the way down.
        if least is not None:
            heappush(waiting, (max(bound, least.cycles), least.dram_bits, True, group, step))
        if rest is not None:
            heappush(waiting, (max(bound, rest.bound), 0, False, group, rest.step))
    return chosen
