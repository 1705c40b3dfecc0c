"""The cheapest rung of a contraction's ladder: the most promising are priced until none can be better."""

from __future__ import annotations

from typing import Final

from .climb import HEAP, NO_ROOM, NONE_LEFT, WAITING, pop
from .ladder import schedule
from .price import dram_bits, price_within
from .rails import await_rungs, most_promising
from .rungs import rung_fits
from .tiles import LOOPS, TOTAL

TOO_CUT: Final = -3
# The best so far: cycles, DRAM bits, rung, each -1 where there is none. Then the rung that is priced before others, and
# what it takes.
BEST_CYCLES: Final = 0
BEST_BITS: Final = 1
BEST_RUNG: Final = 2
GIVEN_RUNG: Final = 3
BEST: Final = 6


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
    best[BEST_CYCLES], best[BEST_BITS], best[BEST_RUNG] = -1, -1, -1
    given = best[GIVEN_RUNG]
    if given < 0 or not rung_fits(ladder, on, given):
        given = most_promising(ladder, on, waiting, room)
        if given < 0:
            return given
    schedule(sides, ways, ladder, given, plan[LOOPS], tiling, sizes)
    if price_within(plan, tiling, sizes, work, found, -1):
        return TOO_CUT
    # One bit more: when it is its turn, it is better than this.
    best[BEST_CYCLES], best[BEST_BITS] = found[TOTAL], dram_bits(plan, work, found) + 1
    best[GIVEN_RUNG], best[GIVEN_RUNG + 1], best[GIVEN_RUNG + 2] = given, best[BEST_CYCLES], best[BEST_BITS] - 1
    if await_rungs(ladder, on, waiting, room, best[BEST_CYCLES]) == NO_ROOM:
        return NO_ROOM
    # Best 100 cycles and 500 bits: what is bounded by (120, 0) is never looked at, by (100, 400) it is, (100, 500) not.
    while waiting[WAITING]:
        entry = waiting[HEAP]
        bound, rung = waiting[entry], waiting[entry + 2]
        if bound > best[BEST_CYCLES] or (bound == best[BEST_CYCLES] and waiting[entry + 1] >= best[BEST_BITS]):
            return NONE_LEFT
        pop(waiting)
        if rung == given:
            cycles, bits = best[GIVEN_RUNG + 1], best[GIVEN_RUNG + 2]
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
