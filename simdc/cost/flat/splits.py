"""Cutting loops into the fewest parts that fit, as `greedy/splitting.py` does. Tile sizes stand in `room`, by loop."""

from __future__ import annotations

from typing import Final

from .packed import ALONG_LANES, BUFFERS_HOLD, ELEMENT_BITS, IS_PROGRAM, LANES, MEMORY_HOLDS
from .program import NEST, NEST_ROWS, NESTS, needed
from .tiles import FULL, LOOP, LOOP_ROWS, LOOPS, OPERANDS, elements

VECTORS: Final = -1
"""In the place of loops: the loop along the lanes, of whose vectors some are left out."""


def bound_of(plan: list[int], loop: int) -> int:
    """On the machine."""
    return plan[LOOP_ROWS + loop * LOOP + 1]


def times_held(plan: list[int], about: list[int], machine: list[int], room: list[int], operand: int) -> int:
    """How many times the tile of a contraction's operand fits into its buffer at a time."""
    # Half of 32 KiB are 131,072 bits. 16 x 16 channels of 3x3 weights with 8 bits are 18,432 bits: 7 times.
    return machine[BUFFERS_HOLD + operand] // (elements(plan, operand, room, 0) * about[ELEMENT_BITS + operand])


def fits(plan: list[int], about: list[int], machine: list[int], room: list[int], among: int) -> int:
    """Whether there is room for the tiles of those operands of a contraction, or nests of a program, that are `among`
    these, as bits."""
    if about[IS_PROGRAM]:
        for number in range(plan[NESTS]):
            if (among >> number) & 1 and needed(plan, room, NEST_ROWS + number * NEST) > machine[MEMORY_HOLDS]:
                return 0
        return 1
    for operand in range(plan[OPERANDS]):
        if (among >> operand) & 1 and times_held(plan, about, machine, room, operand) < 1:
            return 0
    return 1


def tried(
    plan: list[int], about: list[int], machine: list[int], room: list[int], loops: int, number: int, among: int
) -> int:
    """Whether it fits with these loops in so many parts; of VECTORS, with so many vectors left out."""
    if loops == VECTORS:
        lane, width = about[ALONG_LANES], machine[LANES]
        # 100 channels on 16 lanes are 7 vectors; 2 of them left out, a tile has 5 vectors, 80 channels.
        room[FULL + lane] = min(bound_of(plan, lane), (-(-bound_of(plan, lane) // width) - number) * width)
        return fits(plan, about, machine, room, among)
    for loop in range(plan[LOOPS]):
        if (loops >> loop) & 1:
            # Bound 10 in 3 parts: tiles of 4, 4, 2.
            room[FULL + loop] = -(-bound_of(plan, loop) // number)
    return fits(plan, about, machine, room, among)


def split_until(
    plan: list[int],
    about: list[int],
    machine: list[int],
    room: list[int],
    loops: int,
    low: int,
    high: int,
    among: int,
) -> int:
    """Tries numbers from `low` on until one fits, and takes that, or `high`. Once one fits, all larger ones must."""
    # 6 is the first that fits, low 1: asks 1, 2, 4, 8, then between 4 and 8: 6, 5.
    step = 1
    while low < high and not tried(plan, about, machine, room, loops, low, among):
        low, step = min(low + step, high), step * 2
    step = step // 2
    failed = low - step
    while step > 1 and low - failed > 1:
        middle = (low + failed) // 2
        if tried(plan, about, machine, room, loops, middle, among):
            low = middle
        else:
            failed = middle
    return tried(plan, about, machine, room, loops, low, among)


def split_evenly(plan: list[int], about: list[int], machine: list[int], room: list[int], loops: int, among: int) -> int:
    """Cuts the loops into the fewest parts that fit, the same number for each; the last part may be smaller. 0 when not
    even single iterations fit."""
    if tried(plan, about, machine, room, loops, 1, among) or not loops:
        return 1
    most = 1
    for loop in range(plan[LOOPS]):
        if (loops >> loop) & 1:
            most = max(most, bound_of(plan, loop))
    return split_until(plan, about, machine, room, loops, 2, most, among)


def split_exactly(
    plan: list[int], about: list[int], machine: list[int], room: list[int], loops: int, among: int
) -> int:
    """Cuts the loops into the fewest equal parts that fit, the same number for each; 0 when no number does."""
    # 56 rows and 42 columns: 1, 2, 7 or 14 parts, the divisors of 14.
    common = 0
    for loop in range(plan[LOOPS]):
        if (loops >> loop) & 1:
            common = greatest_common(common, bound_of(plan, loop))
    common, small = max(common, 1), 1
    while small * small <= common:
        if common % small == 0 and tried(plan, about, machine, room, loops, small, among):
            return 1
        small = small + 1
    # Of 14 the small ones are 1 and 2, and the others 14 // 2 and 14 // 1; of 9 the 3 has been tried.
    while small > 1:
        small = small - 1
        is_other = common % small == 0 and small * small < common
        if is_other and tried(plan, about, machine, room, loops, common // small, among):
            return 1
    return 0


def greatest_common(one: int, other: int) -> int:
    """Divisor of both."""
    while other:
        one, other = other, one % other
    return one
