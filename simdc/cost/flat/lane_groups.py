"""What many rungs of a vector program's ladder take at least together: those that cut the first sides alike."""

from __future__ import annotations

from typing import Final

from .lane_ladder import (
    KNOWN_GROUP,
    KNOWN_GROUPS,
    LANE_LOOP,
    LANE_STEPS,
    LAST_FITTING,
    MOST_KNOWN,
    SIDE_SIZES,
    SIDE_WAYS,
)
from .lane_rungs import fits_from, least_of_lanes
from .tiles import LOOP, LOOP_ROWS, LOOPS, OPERAND_ROWS, RESUMED, STREAM, STREAM_ROWS, STREAMS

# A group of cuts is the first of them and how many sides they cut alike; the others are cut in any way. Or it is a
# cut with all behind it that differ along the last side alone.
ONE_SIDE: Final = 1
TWO_SIDES: Final = 2
FROM_HERE: Final = 3


def least_of_group(ladder: list[int], plan: list[int], on: list[int], cut: int, sides: int, sizes: list[int]) -> int:
    """Cycles that any rung of a group takes at least. More parts are more tiles, so none has fewer of them than the
    first cut; FROM_HERE, too, what two sides say holds for what is moved."""
    if sides == ONE_SIDE:
        return least_of_lanes(ladder, plan, on, cut, 0, moved_by_group(ladder, plan, cut, ONE_SIDE, sizes), sizes)
    return least_of_lanes(ladder, plan, on, cut, 0, moved_alike(ladder, plan, cut, sizes), sizes)


def moved_alike(ladder: list[int], plan: list[int], cut: int, sizes: list[int]) -> int:
    """As `moved_by_group`, of two sides: asked for each of 30 cuts, and each of their steps, it is the same."""
    group = cut // ladder[SIDE_WAYS + 2]
    row = ladder[KNOWN_GROUPS] + group % MOST_KNOWN * KNOWN_GROUP
    if ladder[row] != group + 1:
        ladder[row + 1] = moved_by_group(ladder, plan, cut, TWO_SIDES, sizes)
        ladder[row] = group + 1
    return ladder[row + 1]


def forget_groups(ladder: list[int]) -> int:
    """As another port moves as much in other cycles."""
    for place in range(MOST_KNOWN):
        ladder[ladder[KNOWN_GROUPS] + place * KNOWN_GROUP] = 0
    return MOST_KNOWN


def moved_by_group(ladder: list[int], plan: list[int], cut: int, sides: int, sizes: list[int]) -> int:
    """Cycles to move what any tiles touch that cut the first `sides` sides as a cut does."""
    # Never more than what is moved by `least_of_step`: that has the same dimensions, or larger ones.
    ways, moving = ladder[SIDE_WAYS + 1] * ladder[SIDE_WAYS + 2], 0
    first, second = cut // ways, cut // ladder[SIDE_WAYS + 2] % ladder[SIDE_WAYS + 1]
    for loop in range(plan[LOOPS]):
        sizes[loop] = ladder[ladder[SIDE_SIZES] + first * plan[LOOPS] + loop]
        if sides == TWO_SIDES:
            sizes[loop] = sizes[loop] + ladder[ladder[SIDE_SIZES + 1] + second * plan[LOOPS] + loop]
    sizes[ladder[LANE_LOOP]] = 0
    for stream in range(plan[STREAMS]):
        row = STREAM_ROWS + stream * STREAM
        if plan[row + 5] != RESUMED:
            bits = least_touched_by(plan, plan[row], sizes) * plan[row + 1]
            moving = moving + -(-bits * plan[row + 4] // plan[row + 3])
    return moving


def least_touched_by(plan: list[int], operand: int, sizes: list[int]) -> int:
    """Elements of an operand that all tiles touch together, those of `sizes`; where a size is 0, of any."""
    touched, at = 1, plan[OPERAND_ROWS + operand]
    dimensions = plan[at]
    at = at + 1
    for _ in range(dimensions):
        touched, at = touched * least_places(plan, at, sizes), at + 1 + 2 * plan[at]
    return touched


def least_places(plan: list[int], term: int, sizes: list[int]) -> int:
    """Of them along one dimension."""
    # x[n, h + k], 10 rows in 3 tiles, 3 places k whole: 10 + 2 * 3 = 16 rows, as neighbours share none. With k cut in
    # any way at least 10, which is what h has; of n as many as there are.
    tiles, places, is_known = 1, 1, 1
    for number in range(plan[term]):
        loop = plan[term + 1 + 2 * number]
        places = max(places, plan[LOOP_ROWS + loop * LOOP + 1])
        if not sizes[loop]:
            is_known = 0
    # One loop that moves it step by step has each place once, whatever its tiles.
    if not is_known or (plan[term] == 1 and plan[term + 2] == 1):
        return places
    for number in range(plan[term]):
        loop = plan[term + 1 + 2 * number]
        tiles = tiles * -(-plan[LOOP_ROWS + loop * LOOP + 1] // sizes[loop])
    places = tiles
    for number in range(plan[term]):
        loop = plan[term + 1 + 2 * number]
        bound = plan[LOOP_ROWS + loop * LOOP + 1]
        count = -(-bound // sizes[loop])
        places = places + plan[term + 2 + 2 * number] * (bound - count) * (tiles // count)
    return places


def first_that_fits(ladder: list[int], plan: list[int], on: list[int], cut: int, sizes: list[int]) -> int:
    """Of the cuts from one on that differ along the last side alone the first of which a step fits; -1 if none does."""
    # In more parts tiles are no larger: of 30 ways the first that fits is found by looking at 5, or at it and the one
    # before it where it is as far from the first as it was the last time, in another group or batch.
    begin, step, wanted, last = cut - cut % ladder[SIDE_WAYS + 2], 1, -1, ladder[LANE_STEPS] - 1
    low, high = cut - 1, begin + ladder[SIDE_WAYS + 2]
    place = min(max(begin + ladder[LAST_FITTING], cut), high - 1)
    while low + 1 < high:
        fitting = 1 if fits_from(ladder, plan, on, place, last, sizes) == last else 0
        if fitting:
            high = place
        else:
            low = place
        # Further and further on in one direction, then between.
        place = place - step if fitting else place + step
        if fitting == 1 - wanted or place <= low or place >= high:
            place = (low + high) // 2
        wanted, step = fitting, 2 * step
    if high == begin + ladder[SIDE_WAYS + 2]:
        return -1
    ladder[LAST_FITTING] = high - begin
    return high
