"""What images of a contraction's ladder have, and what they touch beside each window."""

from __future__ import annotations

from .array_ladder import IFMAP_NUMBER, PSUM_NUMBER, SIDES_COUNT, TOUCHED_PLACES, loops_of, tiles_along_loop, touch
from .array_sides import NUMBERS, OWN_LOOPS, WAYS, WAYS_BEGIN
from .rungs import ELEMENTS, IMAGE, IMAGE_ROWS, IMAGES, LEAST_PASSES, LEAST_RESULTS, RESULTS, TABLE_ROWS
from .tiles import LOOP, LOOP_ROWS, LOOPS, OPERAND_ROWS, OPERANDS


def find_images(
    plan: list[int],
    given: list[int],
    ways: list[int],
    counts: list[int],
    columns: list[int],
    windows: list[int],
    known: int,
    ladder: list[int],
    room: list[int],
) -> int:
    """Writes what a ladder has of images, from IMAGE_ROWS on, and what they touch of the ifmap beside each window.
    Behind all `known` windows there is room for one more."""
    images, width, own = given[WAYS], plan[LOOPS], plan[OPERANDS]
    ifmap, psum = columns[own + IFMAP_NUMBER], columns[own + PSUM_NUMBER]
    begin = (columns[own + SIDES_COUNT] + 1 + given[WAYS_BEGIN]) * width
    ladder[IMAGES], ladder[TABLE_ROWS] = images, ladder[IMAGE_ROWS] + images * IMAGE
    for loop in range(width):
        windows[known * width + loop] = 0
    at = ladder[IMAGE_ROWS] + RESULTS
    touch_images(plan, psum, given[OWN_LOOPS], windows, known * width, ways, begin, images, room, ladder, at, IMAGE)
    for image in range(images):
        row = ladder[IMAGE_ROWS] + image * IMAGE
        for column in range(NUMBERS):
            ladder[row + column] = counts[(given[WAYS_BEGIN] + image) * NUMBERS + column]
        passes, results = ladder[row + 1], ladder[row + RESULTS + 2]
        if image == 0 or passes < ladder[LEAST_PASSES]:
            ladder[LEAST_PASSES] = passes
        if image == 0 or results < ladder[LEAST_RESULTS]:
            ladder[LEAST_RESULTS] = results
    at = ladder[TABLE_ROWS]
    for window in range(known):
        row = window * width
        touch_images(plan, ifmap, given[OWN_LOOPS], windows, row, ways, begin, images, room, ladder, at, ELEMENTS)
        at = at + images * ELEMENTS
    return at


def touch_images(
    plan: list[int],
    operand: int,
    loops: int,
    windows: list[int],
    window: int,
    ways: list[int],
    begin: int,
    images: int,
    room: list[int],
    to: list[int],
    at: int,
    length: int,
) -> int:
    """Elements of an operand along the dimensions that any of `loops` moves, as `touch`, of each image with the window
    that stands at `window`: rows of `length` in `to`."""
    for image in range(images):
        row = at + image * length
        to[row], to[row + 1], to[row + 2], to[row + 3] = 1, 1, 1, 1
    term = plan[OPERAND_ROWS + operand] + 1
    for _ in range(plan[plan[OPERAND_ROWS + operand]]):
        if loops_of(plan, term) & loops:
            alone = alone_of(plan, term, loops)
            if alone >= 0:
                touch_along(plan, term, alone, windows, window, ways, begin, images, room, to, at, length)
            else:
                touch_dimension(plan, term, windows, window, ways, begin, images, room, to, at, length)
        term = term + 1 + 2 * plan[term]
    return at


def alone_of(plan: list[int], term: int, loops: int) -> int:
    """Which term of a dimension has one of `loops`, -1 if several have."""
    found = -1
    for number in range(plan[term]):
        if (loops >> plan[term + 1 + 2 * number]) & 1:
            if found >= 0:
                return -1
            found = number
    return found


def touch_along(
    plan: list[int],
    term: int,
    alone: int,
    windows: list[int],
    window: int,
    ways: list[int],
    begin: int,
    images: int,
    sizes: list[int],
    to: list[int],
    at: int,
    length: int,
) -> int:
    """Multiplies by what images touch along one dimension, in which they cut one loop alone: what `touch` finds, of
    which all others have the same part."""
    # oh + kh, kh 3 in tiles of 1: 3 tiles. 8 rows whole touch 8 and, in 3 tiles, 3 * 8 = 24 together; in 2 tiles of 4
    # rows they touch 4 and 2 * 3 + 3 * (8 - 2) = 24.
    loop, step = plan[term + 1 + 2 * alone], plan[term + 2 + 2 * alone]
    bound, tiles = plan[LOOP_ROWS + loop * LOOP + 1], 1
    for number in range(plan[term]):
        other = plan[term + 1 + 2 * number]
        sizes[other] = windows[window + other]
        if other != loop:
            tiles = tiles * tiles_along_loop(plan, other, sizes)
    sizes[loop] = bound
    touch(plan, term, sizes, sizes, TOUCHED_PLACES)
    still = sizes[TOUCHED_PLACES] - step * bound
    still_end = sizes[TOUCHED_PLACES + 1] - step * bound
    beside = sizes[TOUCHED_PLACES + 2] - tiles * step * (bound - 1)
    span, end, total = 0, 0, 0
    for image in range(images):
        row = at + image * length
        # From one image to the next most dimensions stay, as one loop is cut after the other.
        if image == 0 or sizes[loop] != ways[begin + image * plan[LOOPS] + loop]:
            sizes[loop] = ways[begin + image * plan[LOOPS] + loop]
            count = tiles_along_loop(plan, loop, sizes)
            span, end = still + step * sizes[loop], still_end + step * (bound - (count - 1) * sizes[loop])
            total = count * beside + tiles * step * (bound - count)
        to[row], to[row + 1] = to[row] * span, to[row + 1] * end
        to[row + 2], to[row + 3] = to[row + 2] * total, to[row + 3] * span
    return at


def touch_dimension(
    plan: list[int],
    term: int,
    windows: list[int],
    window: int,
    ways: list[int],
    begin: int,
    images: int,
    room: list[int],
    to: list[int],
    at: int,
    length: int,
) -> int:
    """Multiplies by what images touch along one dimension."""
    span, end, total = 1, 1, 1
    for number in range(plan[term]):
        room[plan[term + 1 + 2 * number]] = 0
    for image in range(images):
        way, row, changed = begin + image * plan[LOOPS], at + image * length, 0
        for number in range(plan[term]):
            loop = plan[term + 1 + 2 * number]
            size = windows[window + loop] + ways[way + loop]
            if room[loop] != size:
                room[loop], changed = size, 1
        # From one image to the next most dimensions stay, as one loop is cut after the other.
        if changed:
            touch(plan, term, room, room, TOUCHED_PLACES)
            span, end, total = room[TOUCHED_PLACES], room[TOUCHED_PLACES + 1], room[TOUCHED_PLACES + 2]
        to[row], to[row + 1] = to[row] * span, to[row + 1] * end
        to[row + 2], to[row + 3] = to[row + 2] * total, to[row + 3] * span
    return at
