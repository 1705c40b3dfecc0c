"""The most promising rung of a contraction's ladder, again and again. Only numbers and rows of them: see `tiles.py`."""

from __future__ import annotations

from typing import Final

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
)

# What waits: how many entries there are, how many there were, room for a number; then where entries stand, the most
# promising first (a heap), then these: a bound on cycles, one on DRAM bits, where it stands among those with the same
# bounds, walk, image. One rung stands behind all rails, which are the rungs of a walk from that image on.
WAITING: Final = 0
USED: Final = 1
FOUND_BITS: Final = 2
HEAP: Final = 3
ENTRY: Final = 5
NONE_LEFT: Final = -1
NO_ROOM: Final = -2


def begin(ladder: list[int], on: list[int], waiting: list[int], room: int) -> int:
    """Puts all walks that have a rung that fits into `waiting`, which has `room` for
    so many entries: they must be as many as walks."""
    waiting[WAITING] = waiting[USED] = 0
    for group in range(ladder[WALKS]):
        walk = WALK_ROWS + group * WALK
        step = first_image(ladder, on, walk)
        if step >= 0:
            bound = least_of_rail(ladder, on, walk, step, first_weights(ladder, on, walk))
            push(waiting, room, bound, 0, group * ladder[IMAGES] + step, group, step)
    return waiting[WAITING]


def next_rung(ladder: list[int], on: list[int], waiting: list[int], room: int, cycles: int, bits: int) -> int:
    """The most promising rung that may be better than `cycles` (-1: any), and for as many have less than `bits`: its
    walk times the number of images, plus its image. NONE_LEFT, or NO_ROOM where `waiting` has no place for two more."""
    # Best 100 cycles and 500 bits: what is bounded by (120, 0) is never looked at, by (100, 400) it is, (100, 500) not.
    rungs = ladder[WALKS] * ladder[IMAGES]
    while waiting[WAITING]:
        first = waiting[HEAP]
        bound, least_bits, rank = waiting[first], waiting[first + 1], waiting[first + 2]
        if cycles >= 0 and (bound > cycles or (bound == cycles and least_bits >= bits)):
            return NONE_LEFT
        if waiting[USED] + 2 > room:
            return NO_ROOM
        group, step = waiting[first + 3], waiting[first + 4]
        pop(waiting)
        if rank >= rungs:
            return rank - rungs
        walk = WALK_ROWS + group * WALK
        opening, after = first_weights(ladder, on, walk), following(ladder, on, walk, step + 1)
        # What holds for all of them holds for each: a bound never falls on the way down.
        least = max(bound, least_of_rung(ladder, on, walk, step, opening, cycles, waiting, FOUND_BITS))
        # What is more than the best is never looked at again.
        if cycles < 0 or least <= cycles:
            push(waiting, room, least, waiting[FOUND_BITS], rungs + rank, group, step)
        if after >= 0:
            least = max(bound, least_of_rail(ladder, on, walk, after, opening))
            if cycles < 0 or least <= cycles:
                push(waiting, room, least, 0, rank + after - step, group, after)
    return NONE_LEFT


def push(waiting: list[int], room: int, cycles: int, bits: int, rank: int, group: int, step: int) -> int:
    """Below its parent, which is less."""
    place, entry = waiting[WAITING], HEAP + room + waiting[USED] * ENTRY
    waiting[WAITING], waiting[USED] = place + 1, waiting[USED] + 1
    waiting[entry], waiting[entry + 1], waiting[entry + 2] = cycles, bits, rank
    waiting[entry + 3], waiting[entry + 4] = group, step
    while place > 0:
        parent = (place - 1) >> 1
        other = waiting[HEAP + parent]
        if cycles > waiting[other] or (cycles == waiting[other] and not is_less(waiting, entry, other)):
            break
        waiting[HEAP + place] = other
        place = parent
    waiting[HEAP + place] = entry
    return place


def pop(waiting: list[int]) -> int:
    """Takes the first away: the last comes in its place and sinks."""
    many, place = waiting[WAITING] - 1, 0
    waiting[WAITING] = many
    entry, child = waiting[HEAP + many], 1
    while child < many:
        other = waiting[HEAP + child]
        if child + 1 < many and is_less(waiting, waiting[HEAP + child + 1], other):
            child = child + 1
            other = waiting[HEAP + child]
        if is_less(waiting, entry, other):
            break
        waiting[HEAP + place] = other
        place = child
        child = 2 * place + 1
    waiting[HEAP + place] = entry
    return many


def is_less(waiting: list[int], one: int, other: int) -> int:
    """Of two entries, the first number that differs decides."""
    if waiting[one] != waiting[other]:
        return 1 if waiting[one] < waiting[other] else 0
    if waiting[one + 1] != waiting[other + 1]:
        return 1 if waiting[one + 1] < waiting[other + 1] else 0
    return 1 if waiting[one + 2] < waiting[other + 2] else 0
