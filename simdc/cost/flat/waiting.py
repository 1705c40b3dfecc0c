"""Waits from one issue to the next, as `exact/waits.py` has them: how often an instruction reads the vector that the
issue before it wrote last."""

from __future__ import annotations

from typing import Final

from .program import (
    AT_START,
    BLOCK,
    BLOCK_LOOPS,
    BLOCKS_AT,
    NEST_LOOPS,
    PAIRS,
    PAIRS_AT,
    issues_along,
    issues_in_full,
    issues_in_last,
    issues_of_kind,
    tiles_along,
)
from .tiles import LOOP, LOOP_ROWS, LOOPS, OPERAND_ROWS

# Of each pair: which of three kinds it is; its blocks by number. Of a block after itself the loops that leave alone
# what is written, and those that move it, as bits; where windows meet the operand, its loops in the order in which they
# run, how many and where. Of two blocks the loops of what is written.
PAIR: Final = 6
WITHIN: Final = 0
MEETING: Final = 1
ACROSS: Final = 2
FIRST_BLOCK: Final = 1
SECOND_BLOCK: Final = 2
STILL_LOOPS: Final = 3
MOVING_LOOPS: Final = 4
WRITTEN: Final = 3
RUNNING: Final = 4
RUNNING_AT: Final = 5


def waited(plan: list[int], room: list[int], nest: int) -> int:
    """How often an issue waits for the one before it, all tiles of a nest together."""
    waits = 0
    for number in range(plan[nest + PAIRS]):
        pair = plan[nest + PAIRS_AT] + number * PAIR
        if plan[pair] == WITHIN:
            waits = waits + within_block(plan, room, pair)
        elif plan[pair] == ACROSS:
            waits = waits + across_blocks(plan, room, nest, pair)
        else:
            # Each loop has full tiles and a last one.
            for kinds in range(1 << plan[pair + RUNNING]):
                many = 1
                for place in range(plan[pair + RUNNING]):
                    if not (kinds >> place) & 1:
                        many = many * (tiles_along(room, plan[plan[pair + RUNNING_AT] + place]) - 1)
                if many:
                    waits = waits + many * windows_meet(plan, room, pair, kinds)
    return waits


def within_block(plan: list[int], room: list[int], pair: int) -> int:
    """From each issue of a block to its next: where a tile has a single vector of what is written, there all wait."""
    # sum[c] = add(sum[c], x[c, w]), 5 columns w: order w, c. 2 channels on 2 lanes are one vector of sums, and all but
    # the first of 5 issues wait: 4. 4 channels are two vectors by turns: no issue follows one of its own vector.
    tiles, issues, ones = 1, 1, 1
    for loop in range(plan[LOOPS]):
        if (plan[pair + STILL_LOOPS] >> loop) & 1:
            tiles = tiles * tiles_along(room, loop)
            issues = issues * issues_along(plan, room, loop)
        if (plan[pair + MOVING_LOOPS] >> loop) & 1:
            ones = ones * tiles_that_are(plan, room, loop, 0, 0, 1)
    return ones * (issues - tiles)


def windows_meet(plan: list[int], room: list[int], pair: int, kinds: int) -> int:
    """As `within_block`, in a tile of these kinds along the loops of the pair, whose windows have elements in common:
    one loop may step on while those inside go back, and both together lead to the element that was written last."""
    # y[ow + kw], ow 0 .. 2, kw 0 .. 1 inside: elements 0 1 | 1 2 | 2 3. From (0, 1) to (1, 0) and from (1, 1) to (2, 0)
    # the element stays: 2 waits.
    waits, outer = 0, 1
    for level in range(plan[pair + RUNNING]):
        loop = plan[plan[pair + RUNNING_AT] + level]
        many = issues_in_last(plan, room, loop) if (kinds >> level) & 1 else issues_in_full(plan, room, loop)
        if many > 1 and same_element(plan, room, pair, kinds, level):
            waits = waits + outer * (many - 1)
        outer = outer * many
    return waits


def same_element(plan: list[int], room: list[int], pair: int, kinds: int, level: int) -> int:
    """Whether one step of the loop at this level, while those inside it go back, leads to the same element."""
    at = plan[OPERAND_ROWS + plan[pair + WRITTEN]]
    dimensions = plan[at]
    at = at + 1
    for _ in range(dimensions):
        terms, stepped = plan[at], 0
        at = at + 1
        for _ in range(terms):
            loop = plan[at]
            reach = plan[at + 1] * plan[LOOP_ROWS + loop * LOOP + 2]
            at = at + 2
            for place in range(level, plan[pair + RUNNING]):
                if plan[plan[pair + RUNNING_AT] + place] == loop:
                    # ow one on: + 1; kw from its last place, 1, back to 0: - 1 * (2 - 1). Together 0.
                    if place == level:
                        stepped = stepped + reach
                    elif (kinds >> place) & 1:
                        stepped = stepped - reach * (issues_in_last(plan, room, loop) - 1)
                    else:
                        stepped = stepped - reach * (issues_in_full(plan, room, loop) - 1)
        if stepped:
            return 0
    return 1


def across_blocks(plan: list[int], room: list[int], nest: int, pair: int) -> int:
    """From the last issue of one block to the first of another: one in each tile that runs both and none between, and
    has one vector of what is written. By inclusion and exclusion over those between."""
    # 12 tiles run both ends, 4 of them one block between, 6 another, 2 both of these: 12 - 4 - 6 + 2 = 4 run none.
    found, first, second = 0, plan[pair + FIRST_BLOCK], plan[pair + SECOND_BLOCK]
    for others in range(1 << (second - first - 1)):
        tiles = 1
        for loop in range(plan[LOOPS]):
            if (plan[nest + NEST_LOOPS] >> loop) & 1:
                at_first, at_last = 0, 0
                for number in range(first, second + 1):
                    block = plan[nest + BLOCKS_AT] + number * BLOCK
                    is_end = number in (first, second)
                    if (is_end or (others >> (number - first - 1)) & 1) and not (plan[block + BLOCK_LOOPS] >> loop) & 1:
                        if plan[block + AT_START]:
                            at_first = 1
                        else:
                            at_last = 1
                tiles = tiles * tiles_that_are(plan, room, loop, at_first, at_last, (plan[pair + WRITTEN] >> loop) & 1)
        for number in range(second - first - 1):
            if (others >> number) & 1:
                tiles = -tiles
        found = found + tiles
    return found


def tiles_that_are(plan: list[int], room: list[int], loop: int, first: int, last: int, one: int) -> int:
    """Tiles along a loop that, where this is asked, are the first, are the last, have one issue only."""
    # Tiles of 2, 2, 1 issues: with one issue there is 1 tile; with one issue and first none, with one and last 1.
    count, in_full, in_last = tiles_along(room, loop), 1, 1
    if one:
        in_full = 1 if issues_in_full(plan, room, loop) == 1 else 0
        in_last = 1 if issues_in_last(plan, room, loop) == 1 else 0
    if not first:
        return in_last if last else (count - 1) * in_full + in_last
    if count == 1:
        return in_last
    return 0 if last else in_full


def waited_in_tile(plan: list[int], room: list[int], nest: int, kind: int, runs: int) -> int:
    """As `waited`, in one tile, of which the blocks that run are bits of `runs`."""
    waits = 0
    for number in range(plan[nest + PAIRS]):
        pair = plan[nest + PAIRS_AT] + number * PAIR
        first, second = plan[pair + FIRST_BLOCK], plan[pair + SECOND_BLOCK]
        between = (1 << second) - (2 << first) if second > first else 0
        if (runs >> first) & 1 and (runs >> second) & 1 and not runs & between:
            if plan[pair] == MEETING:
                waits = waits + windows_meet(plan, room, pair, kinds_along(plan, room, pair, kind))
            else:
                waits = waits + waits_of_one(plan, room, pair, kind)
    return waits


def kinds_along(plan: list[int], room: list[int], pair: int, kind: int) -> int:
    """Along which loops of the pair, as bits, a tile of this kind is as large as the last one."""
    kinds = 0
    for place in range(plan[pair + RUNNING]):
        loop = plan[plan[pair + RUNNING_AT] + place]
        if issues_of_kind(plan, room, loop, kind) == issues_in_last(plan, room, loop):
            kinds = kinds | (1 << place)
    return kinds


def waits_of_one(plan: list[int], room: list[int], pair: int, kind: int) -> int:
    """In a tile: one from a block to another, of a block after itself all issues but the first; none where what is
    written has several vectors."""
    issues, is_within = 1, plan[pair] == WITHIN
    written = plan[pair + MOVING_LOOPS] if is_within else plan[pair + WRITTEN]
    for loop in range(plan[LOOPS]):
        along = issues_of_kind(plan, room, loop, kind)
        if (written >> loop) & 1 and along != 1:
            return 0
        if is_within and (plan[pair + STILL_LOOPS] >> loop) & 1:
            issues = issues * along
    return issues - 1 if is_within else 1
