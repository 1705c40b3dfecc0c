"""The cheapest rung of a contraction's ladder: the most promising are priced until none can be better."""

from __future__ import annotations

from typing import Final

from .climb import HEAP, NO_ROOM, NONE_LEFT, WAITING, pop
from .ladder import schedule
from .price import dram_bits, price_within
from .rails import begin_rails, dive, open_rails
from .rungs import rung_fits
from .tiles import LOOPS, TOTAL

TOO_CUT: Final = -3
# The best so far: cycles, DRAM bits, rung, each -1 where there is none. Then two rungs that were priced before others
# and what they take, -1 where there is none: one that is given, and one that promised most.
BEST_CYCLES: Final = 0
BEST_BITS: Final = 1
BEST_RUNG: Final = 2
GIVEN_RUNG: Final = 3
FIRST_RUNG: Final = 6
BEST: Final = 9


def best_rung(
    ladder: list[int],
    sides: list[int],
    ways: list[int],
    on: list[int],
    waiting: list[int],
    room: int,
    plan: list[int],
    tiling: list[int],
    sizes: list[int],
    work: list[int],
    found: list[int],
    best: list[int],
) -> int:
    """Leaves the cheapest rung in `best`, -1 if none fits; GIVEN_RUNG there may be good, or -1. NONE_LEFT when it is
    through, NO_ROOM where `waiting` is full, TOO_CUT for a rung that `price` does not price."""
    best[BEST_CYCLES], best[BEST_BITS], best[BEST_RUNG], best[FIRST_RUNG] = -1, -1, -1, -1
    given = best[GIVEN_RUNG]
    if given >= 0:
        if rung_fits(ladder, on, given):
            if try_rung(ladder, sides, ways, given, plan, tiling, sizes, work, found, best, GIVEN_RUNG):
                return TOO_CUT
        else:
            best[GIVEN_RUNG] = -1
    rails = begin_rails(ladder, on, waiting, room, best[BEST_CYCLES])
    if dive(ladder, on, waiting, room, rails, best[BEST_CYCLES]) == NO_ROOM:
        return NO_ROOM
    promising = waiting[waiting[HEAP] + 2] if waiting[WAITING] else given
    if promising != given and try_rung(
        ladder, sides, ways, promising, plan, tiling, sizes, work, found, best, FIRST_RUNG
    ):
        return TOO_CUT
    if open_rails(ladder, on, waiting, room, rails, best[BEST_CYCLES]) == NO_ROOM:
        return NO_ROOM
    # Best 100 cycles and 500 bits: what is bounded by (120, 0) is never looked at, by (100, 400) it is, (100, 500) not.
    while waiting[WAITING]:
        entry = waiting[HEAP]
        bound, rung = waiting[entry], waiting[entry + 2]
        if bound > best[BEST_CYCLES] or (bound == best[BEST_CYCLES] and waiting[entry + 1] >= best[BEST_BITS]):
            return NONE_LEFT
        pop(waiting)
        if rung == best[GIVEN_RUNG]:
            cycles, bits = best[GIVEN_RUNG + 1], best[GIVEN_RUNG + 2]
        elif rung == best[FIRST_RUNG]:
            cycles, bits = best[FIRST_RUNG + 1], best[FIRST_RUNG + 2]
        else:
            schedule(sides, ways, ladder, rung, plan[LOOPS], tiling, sizes)
            if price_within(plan, tiling, sizes, work, found, best[BEST_CYCLES]):
                return TOO_CUT
            cycles, bits = found[TOTAL], 0
            if cycles <= best[BEST_CYCLES]:
                bits = dram_bits(plan, work, found)
        if cycles < best[BEST_CYCLES] or (cycles == best[BEST_CYCLES] and bits < best[BEST_BITS]):
            best[BEST_CYCLES], best[BEST_BITS], best[BEST_RUNG] = cycles, bits, rung
    return NONE_LEFT


def try_rung(
    ladder: list[int],
    sides: list[int],
    ways: list[int],
    rung: int,
    plan: list[int],
    tiling: list[int],
    sizes: list[int],
    work: list[int],
    found: list[int],
    best: list[int],
    at: int,
) -> int:
    """Prices a rung before its turn and keeps that in `best` at `at`: what takes more is not looked at. 0, or what
    `price` refuses it with."""
    schedule(sides, ways, ladder, rung, plan[LOOPS], tiling, sizes)
    refused = price_within(plan, tiling, sizes, work, found, -1)
    if refused:
        return refused
    cycles, bits = found[TOTAL], dram_bits(plan, work, found)
    best[at], best[at + 1], best[at + 2] = rung, cycles, bits
    # One bit more: when it is its turn, it is better than this.
    if best[BEST_CYCLES] < 0 or cycles < best[BEST_CYCLES] or (cycles == best[BEST_CYCLES] and bits < best[BEST_BITS]):
        best[BEST_CYCLES], best[BEST_BITS] = cycles, bits + 1
    return 0
