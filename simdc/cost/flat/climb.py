"""The most promising rung of a contraction's ladder, again and again. Only numbers and rows of them: see `tiles.py`."""

from __future__ import annotations

from typing import Final

from .rungs import (
    BIAS,
    BIAS_BITS,
    BIAS_FITS,
    IMAGE_INSIDE,
    IMAGES,
    TILES,
    WALK,
    WALK_ROWS,
    WALKS,
    WEIGHT,
    WEIGHTS_FIT,
    WIDEST,
    following,
    least_of_rail,
    least_of_rung,
)

# What waits: how many entries there are, how many there were, room for a number; then where entries stand, the most
# promising first (a heap), then these: a bound on cycles, one on DRAM bits, whether it is one rung, walk, image. What
# is no rung stands for all from that image on.
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
        if ladder[walk + WEIGHT + WIDEST] > on[WEIGHTS_FIT]:
            continue
        if ladder[walk + BIAS + WIDEST] * on[BIAS_BITS] > on[BIAS_FITS]:
            continue
        # An image in one tile has nothing to walk inside: then the innermost is another side, and that is a walk of its
        # own, unless all is one tile.
        inside = 1 if ladder[walk + IMAGE_INSIDE] and ladder[walk + TILES] > 1 else 0
        step = following(ladder, on, walk, inside)
        if step >= 0:
            push(waiting, room, least_of_rail(ladder, on, walk, step), 0, 0, group, step)
    return waiting[WAITING]


def next_rung(ladder: list[int], on: list[int], waiting: list[int], room: int, cycles: int, bits: int) -> int:
    """The most promising rung that may be better than `cycles` (-1: any), and for as many have less than `bits`: its
    walk times the number of images, plus its image. NONE_LEFT, or NO_ROOM where `waiting` has no place for two more."""
    # Best 100 cycles and 500 bits: what is bounded by (120, 0) is never looked at, by (100, 400) it is, (100, 500) not.
    while waiting[WAITING]:
        first = waiting[HEAP]
        bound, least_bits = waiting[first], waiting[first + 1]
        if cycles >= 0 and (bound > cycles or (bound == cycles and least_bits >= bits)):
            return NONE_LEFT
        if waiting[USED] + 2 > room:
            return NO_ROOM
        is_rung, group, step = waiting[first + 2], waiting[first + 3], waiting[first + 4]
        pop(waiting)
        if is_rung:
            return group * ladder[IMAGES] + step
        walk = WALK_ROWS + group * WALK
        after = following(ladder, on, walk, step + 1)
        # What holds for all of them holds for each: a bound never falls on the way down.
        least = max(bound, least_of_rung(ladder, on, walk, step, waiting, FOUND_BITS))
        push(waiting, room, least, waiting[FOUND_BITS], 1, group, step)
        if after >= 0:
            push(waiting, room, max(bound, least_of_rail(ladder, on, walk, after)), 0, 0, group, after)
    return NONE_LEFT


def push(waiting: list[int], room: int, cycles: int, bits: int, is_rung: int, group: int, step: int) -> int:
    """Below its parent, which is less."""
    place, entry = waiting[WAITING], HEAP + room + waiting[USED] * ENTRY
    waiting[WAITING], waiting[USED] = place + 1, waiting[USED] + 1
    waiting[entry], waiting[entry + 1], waiting[entry + 2] = cycles, bits, is_rung
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
    cycles = waiting[entry]
    while child < many:
        other = waiting[HEAP + child]
        if child + 1 < many and is_less(waiting, waiting[HEAP + child + 1], other):
            child = child + 1
            other = waiting[HEAP + child]
        if cycles < waiting[other] or (cycles == waiting[other] and is_less(waiting, entry, other)):
            break
        waiting[HEAP + place] = other
        place = child
        child = 2 * place + 1
    waiting[HEAP + place] = entry
    return many


def is_less(waiting: list[int], one: int, other: int) -> int:
    """Of two entries, the first number that differs decides."""
    for column in range(ENTRY):
        this, that = waiting[one + column], waiting[other + column]
        if this != that:
            return 1 if this < that else 0
    return 0
