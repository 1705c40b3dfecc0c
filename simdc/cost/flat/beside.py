"""Tiles of a vector program that load while others compute, as `exact/lane_tiles.py` has them."""

from __future__ import annotations

from typing import Final

from .program import (
    AT_START,
    BLOCK,
    BLOCK_CYCLES,
    BLOCK_LOOPS,
    BLOCKS,
    BLOCKS_AT,
    DOUBLED,
    END_STREAM,
    FIRST_STREAM,
    INSIDE_LOOPS,
    SET_UP,
    WAIT,
    issues_of_kind,
    slots_along,
)
from .tiles import (
    COMPLETE,
    COUNT,
    CUT,
    FILL,
    INNER,
    LOOPS,
    MOVED,
    NEW,
    RESUMED,
    SLOT,
    STREAM,
    STREAM_ROWS,
    carried,
)
from .waiting import waited_in_tile

MOST_LIKE_THIS: Final = 4096
"""Most tiles that are looked at: along each loop the first two, the last two, and one for all between."""


def hidden_cycles(plan: list[int], room: list[int], nest: int) -> int:
    """Cycles of transfers beside which tiles compute, all tiles of a nest; -1 where it is cut along too many loops."""
    # A tile of 20 cycles beside 30 of transfers lasts 30: 20 are hidden. Where the next tile goes on with elements that
    # this one has not stored yet they take turns, and none are.
    several, hidden, overlapping = 1, 0, 0
    if not plan[DOUBLED]:
        return 0
    for stream in range(plan[nest + FIRST_STREAM], plan[nest + END_STREAM]):
        overlapping = overlapping | plan[STREAM_ROWS + stream * STREAM + 6]
    if slots_along(plan, room, overlapping):
        return 0
    for slot in range(room[CUT]):
        several = several * min(room[COUNT + slot], 5)
        if several > MOST_LIKE_THIS:
            return -1
    for entry in range(several):
        hidden = hidden + hidden_beside(plan, room, nest, entry)
    return hidden


def hidden_beside(plan: list[int], room: list[int], nest: int, entry: int) -> int:
    """Of the tiles numbered `entry`. They are told from others by the places along each slot, innermost first: the
    first two, the last two, all between."""
    # 7 tiles along a slot: 0, 1, 2 .. 4 as one, 5, 6; before it stands 1, behind it 5: neither first nor last.
    times, firsts, lasts, rest = 1, 0, 0, entry
    lasts_before, firsts_after, lasts_after = 0, 0, 0
    entered, left, slots = -1, -1, room[CUT]
    for number in range(slots):
        slot = slots - 1 - number
        bit, count = 1 << slot, room[COUNT + slot]
        ways = min(count, 5)
        place, rest = rest % ways, rest // ways
        if ways == 5 and place == 2:
            times = times * (count - 4)
        before, after = place, place
        # As with numbers of one digit a slot: those inside have to wrap before one outside steps.
        if entered < 0:
            before = ways - 1 if place == 0 else place - 1
            entered = slot if place else -1
        if left < 0:
            after = 0 if place == ways - 1 else place + 1
            left = slot if place < ways - 1 else -1
        firsts, lasts = firsts | (bit if place == 0 else 0), lasts | (bit if place == ways - 1 else 0)
        lasts_before = lasts_before | (bit if before == ways - 1 else 0)
        firsts_after = firsts_after | (bit if after == 0 else 0)
        lasts_after = lasts_after | (bit if after == ways - 1 else 0)
    busy = moving_beside(plan, room, nest, lasts_before, entered, lasts_after, firsts_after, left)
    return times * min(busy, tile_cycles(plan, room, nest, firsts, lasts)) if busy else 0


def moving_beside(
    plan: list[int], room: list[int], nest: int, before: int, entered: int, after: int, firsts: int, left: int
) -> int:
    """Cycles to store results of the tile before and load the one after; slots that step are -1 where there is none."""
    cycles = 0
    for stream in range(plan[nest + FIRST_STREAM], plan[nest + END_STREAM]):
        when, inner = plan[STREAM_ROWS + stream * STREAM + 5], room[INNER + stream]
        if when == COMPLETE:
            # Without slots of their own operands stay from the first tile to the last.
            if entered >= 0 and inner >= entered:
                cycles = cycles + carried(plan, room, stream, before)
        elif left >= 0 and inner >= left:
            # A result begins at the first tile of all slots that do not move it.
            others = (1 << room[CUT]) - 1 - room[MOVED + stream]
            if when == NEW or (when == RESUMED and firsts & others != others):
                cycles = cycles + carried(plan, room, stream, after)
    return cycles


def tile_cycles(plan: list[int], room: list[int], nest: int, firsts: int, lasts: int) -> int:
    """Of the instructions of one tile."""
    # Blocks sum = add(sum, x) of 5 issues, y = div(sum, n) of one at the last tile: 20 + 5 there, 20 + 5 + 9.
    cycles, runs = plan[FILL], 0
    for number in range(plan[nest + BLOCKS]):
        block = plan[nest + BLOCKS_AT] + number * BLOCK
        at_end, running, issues, loops = firsts if plan[block + AT_START] else lasts, 1, 1, 1
        for loop in range(plan[LOOPS]):
            slot = room[SLOT + loop]
            if (plan[block + BLOCK_LOOPS] >> loop) & 1:
                along = issues_of_kind(plan, room, loop, lasts)
                issues = issues * along
                if not (plan[block + INSIDE_LOOPS] >> loop) & 1:
                    loops = loops * along
            elif slot >= 0 and not (at_end >> slot) & 1:
                running = 0
        if running:
            cycles = cycles + issues * plan[block + BLOCK_CYCLES] + loops * plan[block + SET_UP]
            runs = runs | (1 << number)
    return cycles + waited_in_tile(plan, room, nest, lasts, runs) * plan[WAIT]
