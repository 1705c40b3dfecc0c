"""The cheapest rung of a contraction's ladder: the most promising are priced until none can be better."""

from __future__ import annotations

from typing import Final

from .climb import next_rung
from .ladder import schedule
from .price import dram_bits, price
from .tiles import LOOPS, TOTAL

TOO_CUT: Final = -3
# The best so far: cycles, DRAM bits, rung, each -1 where there is none.
BEST_CYCLES: Final = 0
BEST_BITS: Final = 1
BEST_RUNG: Final = 2


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
    """Leaves the cheapest rung in `best`. NONE_LEFT when it is through, NO_ROOM where `waiting` is full, TOO_CUT for a
    rung that `price` does not price."""
    while True:
        rung = next_rung(ladder, on, waiting, room, best[BEST_CYCLES], best[BEST_BITS])
        if rung < 0:
            return rung
        schedule(sides, ways, ladder, rung, plan[LOOPS], tiling, sizes)
        if price(plan, tiling, sizes, work, found, 0):
            return TOO_CUT
        cycles, bits = found[TOTAL], dram_bits(plan, found)
        if (
            best[BEST_RUNG] < 0
            or cycles < best[BEST_CYCLES]
            or (cycles == best[BEST_CYCLES] and bits < best[BEST_BITS])
        ):
            best[BEST_CYCLES], best[BEST_BITS], best[BEST_RUNG] = cycles, bits, rung
