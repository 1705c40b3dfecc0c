"""The rungs of a contraction's ladder that may be as good as one that was priced. Only numbers and rows of them: see
`tiles.py`."""

from __future__ import annotations

from .climb import ENTRY, FOUND_BITS, HEAP, NO_ROOM, NONE_LEFT, USED, WAITING, push
from .rungs import (
    IMAGE,
    IMAGE_ROWS,
    IMAGES,
    TILES,
    WALK,
    WALK_ROWS,
    WALKS,
    first_image,
    first_weights,
    following,
    least_of_rung,
    most_image_tiles,
    walk_exceeds,
)


def waiting_row(room: int) -> int:
    """How long the row of what waits is that has `room` for so many rungs."""
    return HEAP + room * (1 + ENTRY)


def await_rungs(ladder: list[int], on: list[int], waiting: list[int], room: int, most: int) -> int:
    """Lets all rungs wait that may take no more than `most` cycles, and nothing else. NO_ROOM where there is none."""
    waiting[WAITING] = waiting[USED] = 0
    for group in range(ladder[WALKS]):
        if await_walk(ladder, on, waiting, room, group, most) == NO_ROOM:
            return NO_ROOM
    return waiting[WAITING]


def most_promising(ladder: list[int], on: list[int], waiting: list[int], room: int) -> int:
    """The rung with the least bound; NONE_LEFT where none fits, or NO_ROOM."""
    least = -1
    waiting[WAITING] = waiting[USED] = 0
    for group in range(ladder[WALKS]):
        # What takes longer than the best bound so far is left out: 3 or 4 rungs are pushed after those of the first.
        least = await_walk(ladder, on, waiting, room, group, least)
        if least == NO_ROOM:
            return NO_ROOM
    return waiting[waiting[HEAP] + 2] if waiting[WAITING] else NONE_LEFT


def await_walk(ladder: list[int], on: list[int], waiting: list[int], room: int, group: int, most: int) -> int:
    """Lets the rungs of a walk wait that may take no more than `most` cycles (-1: any number). Gives the least of
    `most` and their bounds, or NO_ROOM."""
    walk, least = WALK_ROWS + group * WALK, most
    if most >= 0 and walk_exceeds(ladder, on, walk, most):
        return most
    image, rows = first_image(ladder, on, walk), ladder[IMAGE_ROWS]
    if image < 0:
        return most
    opening = first_weights(ladder, on, walk)
    # Images behind one have as many tiles or more.
    tiles = most_image_tiles(ladder, on, walk, opening, most)
    while image >= 0 and ladder[rows + image * IMAGE + TILES] <= tiles:
        bound = least_of_rung(ladder, on, walk, image, opening, most, waiting, FOUND_BITS)
        if most < 0 or bound <= most:
            if waiting[USED] + 1 > room:
                return NO_ROOM
            push(waiting, room, bound, waiting[FOUND_BITS], group * ladder[IMAGES] + image, group, image)
            least = bound if least < 0 else min(least, bound)
        image = following(ladder, on, walk, image + 1)
    return least
