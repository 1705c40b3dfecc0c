"""What is left to look at of a contraction's ladder: of each walk the images from one on. Only numbers and rows of
them: see `tiles.py`."""

from __future__ import annotations

from typing import Final

from .climb import ENTRY, FOUND_BITS, HEAP, NO_ROOM, NONE_LEFT, USED, WAITING, push
from .rungs import (
    IMAGES,
    WALK,
    WALK_ROWS,
    WALKS,
    first_image,
    first_weights,
    following,
    least_of_rail,
    least_of_rung,
    walk_exceeds,
)

# Behind what waits, of each walk of which something is left: its number, the next image that fits beside it, what that
# and all behind it take at least (NONE_LEFT if there is no more), cycles to load the first weights.
RAIL: Final = 4
RAIL_WALK: Final = 0
RAIL_IMAGE: Final = 1
RAIL_BOUND: Final = 2
RAIL_OPENING: Final = 3
MOST_DIVES: Final = 4


def waiting_row(room: int) -> int:
    """How long the row of what waits is that has `room` for so many rungs, and as many walks."""
    return HEAP + room * (1 + ENTRY + RAIL)


def begin_rails(ladder: list[int], on: list[int], waiting: list[int], room: int, most: int) -> int:
    """Writes the rails of all walks that may take no more than `most` cycles (-1: any number); there is `room` for so
    many. Nothing waits. Gives how many rails there are."""
    rails, many = HEAP + room * (1 + ENTRY), 0
    waiting[WAITING] = waiting[USED] = 0
    for group in range(ladder[WALKS]):
        walk = WALK_ROWS + group * WALK
        if most >= 0 and walk_exceeds(ladder, on, walk, most):
            continue
        image = first_image(ladder, on, walk)
        if image < 0:
            continue
        opening = first_weights(ladder, on, walk)
        bound, rail = least_of_rail(ladder, on, walk, image, opening), rails + many * RAIL
        if most < 0 or bound <= most:
            waiting[rail], waiting[rail + RAIL_IMAGE] = group, image
            waiting[rail + RAIL_BOUND], waiting[rail + RAIL_OPENING] = bound, opening
            many = many + 1
    return many


def dive(ladder: list[int], on: list[int], waiting: list[int], room: int, rails: int, most: int) -> int:
    """Lets rungs wait of which the first is most often as good as the best one, or nearly: of the `rails` with the
    least bounds all that may be better than the best bound of a rung, and none of more than `most` cycles (-1: any
    number). NO_ROOM where there is none."""
    least = most
    for _ in range(MOST_DIVES):
        rail = most_promising(waiting, room, rails)
        if rail < 0:
            return 0
        while waiting[rail + RAIL_BOUND] >= 0 and (least < 0 or waiting[rail + RAIL_BOUND] <= least):
            bound = open_rung(ladder, on, waiting, room, rail, most)
            if bound == NO_ROOM:
                return NO_ROOM
            if least < 0 or bound < least:
                least = bound
    return 0


def most_promising(waiting: list[int], room: int, rails: int) -> int:
    """Where the first of the rails with the least bound stands; NONE_LEFT if nothing is left of any."""
    found, least, begin = NONE_LEFT, NONE_LEFT, HEAP + room * (1 + ENTRY)
    for number in range(rails):
        bound = waiting[begin + number * RAIL + RAIL_BOUND]
        if bound >= 0 and (least < 0 or bound < least):
            found, least = begin + number * RAIL, bound
    return found


def open_rails(ladder: list[int], on: list[int], waiting: list[int], room: int, rails: int, most: int) -> int:
    """Lets all rungs wait that may take no more than `most` cycles. NO_ROOM where there is none."""
    begin = HEAP + room * (1 + ENTRY)
    for number in range(rails):
        rail = begin + number * RAIL
        while 0 <= waiting[rail + RAIL_BOUND] <= most:
            if open_rung(ladder, on, waiting, room, rail, most) == NO_ROOM:
                return NO_ROOM
    return 0


def open_rung(ladder: list[int], on: list[int], waiting: list[int], room: int, rail: int, most: int) -> int:
    """Takes the first rung of a rail away, and lets it wait unless it takes more than `most` cycles (-1: any number).
    Gives what it takes at least, or NO_ROOM."""
    group, image, bound = waiting[rail], waiting[rail + RAIL_IMAGE], waiting[rail + RAIL_BOUND]
    walk, opening = WALK_ROWS + group * WALK, waiting[rail + RAIL_OPENING]
    # What holds for all of them holds for each: a bound never falls on the way down.
    least = max(bound, least_of_rung(ladder, on, walk, image, opening, most, waiting, FOUND_BITS))
    if most < 0 or least <= most:
        if waiting[USED] + 1 > room:
            return NO_ROOM
        push(waiting, room, least, waiting[FOUND_BITS], group * ladder[IMAGES] + image, group, image)
    after = following(ladder, on, walk, image + 1)
    waiting[rail + RAIL_IMAGE], waiting[rail + RAIL_BOUND] = after, NONE_LEFT
    if after >= 0:
        waiting[rail + RAIL_BOUND] = max(bound, least_of_rail(ladder, on, walk, after, opening))
    return least
