"""Cutting loops into the fewest parts that fit, as `greedy/splitting.py` does. Tile sizes stand in `room`, by loop."""

from __future__ import annotations

from typing import Final

from .packed import ALONG_LANES, BUFFERS_HOLD, ELEMENT_BITS, IS_PROGRAM, LANES, MEMORY_HOLDS
from .program import NEST, NEST_ROWS, NESTS, needed
from .tiles import COUNT, FULL, LOOP, LOOP_ROWS, LOOPS, OPERANDS, full_elements

# Of each buffer, or of the memory alone, how many bits it holds at least, and less than how many, where all that was
# asked has the same answers, and so the tiles are the same. Where numbers of tiles stand later.
FROM_BITS: Final = COUNT
BELOW_BITS: Final = COUNT + 4
ANY_BITS: Final = 1 << 62

VECTORS: Final = -1
"""In the place of loops: the loop along the lanes, of whose vectors some are left out."""


def bound_of(plan: list[int], loop: int) -> int:
    """On the machine."""
    return plan[LOOP_ROWS + loop * LOOP + 1]


def times_held(plan: list[int], about: list[int], machine: list[int], room: list[int], among: int, most: int) -> int:
    """How many times the tiles of those operands of a contraction that are `among` these, as bits, fit into their
    buffers at a time, or `most`."""
    # Half of 32 KiB are 131,072 bits. 16 x 16 channels of 3x3 weights with 8 bits are 18,432 bits: 7 times.
    times = most
    for operand in range(plan[OPERANDS]):
        if times and (among >> operand) & 1:
            bits = full_elements(plan, operand, room) * about[ELEMENT_BITS + operand]
            if times * bits > machine[BUFFERS_HOLD + operand]:
                times = machine[BUFFERS_HOLD + operand] // bits
                room[BELOW_BITS + operand] = min(room[BELOW_BITS + operand], (times + 1) * bits)
            room[FROM_BITS + operand] = max(room[FROM_BITS + operand], times * bits)
    return times


def fits(plan: list[int], about: list[int], machine: list[int], room: list[int], among: int) -> int:
    """Whether there is room for the tiles of those operands of a contraction, or nests of a program, that are `among`
    these, as bits."""
    if not about[IS_PROGRAM]:
        return times_held(plan, about, machine, room, among, 1)
    for number in range(plan[NESTS]):
        if (among >> number) & 1:
            bits = needed(plan, room, NEST_ROWS + number * NEST)
            if bits > machine[MEMORY_HOLDS]:
                room[BELOW_BITS] = min(room[BELOW_BITS], bits)
                return 0
            room[FROM_BITS] = max(room[FROM_BITS], bits)
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
    even single iterations fit, where there are several."""
    most = longest(plan, loops)
    if most == 1 or tried(plan, about, machine, room, loops, 1, among):
        return 1
    return split_until(plan, about, machine, room, loops, 2, most, among)


def split_exactly(
    plan: list[int], about: list[int], machine: list[int], room: list[int], loops: int, among: int
) -> int:
    """As `split_evenly`, into equal parts."""
    if longest(plan, loops) == 1:
        return 1
    # 56 rows and 42 columns: 1, 2, 7 or 14 parts, the divisors of 14.
    common, small = 0, 1
    for loop in range(plan[LOOPS]):
        if (loops >> loop) & 1:
            common = greatest_common(common, bound_of(plan, loop))
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


def longest(plan: list[int], loops: int) -> int:
    """Iterations of the longest of these loops, 1 where there are none."""
    most, loop = 1, 0
    while loops >> loop:
        if (loops >> loop) & 1:
            most = max(most, bound_of(plan, loop))
        loop = loop + 1
    return most


def greatest_common(one: int, other: int) -> int:
    """Divisor of both."""
    while other:
        one, other = other, one % other
    return one
