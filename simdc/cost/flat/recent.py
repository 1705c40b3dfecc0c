"""The rungs of a contraction's ladder that were the best on the last machines, or in the last batches."""

from __future__ import annotations

from typing import Final

from .climb import FOUND_BITS, NONE_LEFT
from .rungs import (
    IMAGE,
    IMAGE_ROWS,
    IMAGES,
    RESULTS,
    WALK,
    WALK_ROWS,
    WALKS,
    first_image,
    first_weights,
    following,
    least_of_rung,
)

# Of each, the last one first: its walk (NONE_LEFT: there is none), and elements of the result in its first tile. Where
# the image has grown it is cut in other ways, and tiles of the same size are the best again.
MOST_RECENT: Final = 3
RECENT: Final = 2
RECENT_ROW: Final = MOST_RECENT * RECENT


def recalled(ladder: list[int], on: list[int], recent: list[int], waiting: list[int]) -> int:
    """Of the recent rungs that fit the one that promises most, NONE_LEFT where there is none."""
    found, least = NONE_LEFT, -1
    for place in range(MOST_RECENT):
        group = recent[place * RECENT]
        if 0 <= group < ladder[WALKS]:
            walk = WALK_ROWS + group * WALK
            image = image_like(ladder, on, walk, recent[place * RECENT + 1])
            if image >= 0:
                opening = first_weights(ladder, on, walk)
                bound = least_of_rung(ladder, on, walk, image, opening, least, waiting, FOUND_BITS)
                if least < 0 or bound < least:
                    found, least = group * ladder[IMAGES] + image, bound
    return found


def image_like(ladder: list[int], on: list[int], walk: int, results: int) -> int:
    """The first image that fits beside a walk and has no more than so many elements of the result in its first tile; -1
    if there is none."""
    image = first_image(ladder, on, walk)
    if image < 0:
        return -1
    # Tiles of 8, 4, 2, 1 positions, the last time it was 3: 2.
    while image < ladder[IMAGES] and ladder[ladder[IMAGE_ROWS] + image * IMAGE + RESULTS] > results:
        image = image + 1
    return following(ladder, on, walk, image)


def remember(ladder: list[int], recent: list[int], rung: int) -> int:
    """Puts a rung before those that are remembered, each of which is another one."""
    group = rung // ladder[IMAGES]
    results = ladder[ladder[IMAGE_ROWS] + rung % ladder[IMAGES] * IMAGE + RESULTS]
    place = 0
    while place < MOST_RECENT - 1 and (recent[place * RECENT] != group or recent[place * RECENT + 1] != results):
        place = place + 1
    while place > 0:
        for number in range(RECENT):
            recent[place * RECENT + number] = recent[(place - 1) * RECENT + number]
        place = place - 1
    recent[0], recent[1] = group, results
    return group
