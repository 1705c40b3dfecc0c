"""The ways to cut the sides of a contraction's ladder: loops that move the same operands are a side.

A side is cut loop by loop, what lies along the array first; beside that, loops that share a dimension with others are
cut together, and the others of the side are single arrays or iterations.
"""

from __future__ import annotations

from typing import Final

from .parts import along_width, together
from .tiles import LOOP, LOOP_ROWS, LOOPS

# What is given: of the image, then of each side, its loops, those of them along the array, and those that are cut
# together, as bits (0: none); number of ways to cut it, and where they begin, which are found.
OWN_LOOPS: Final = 0
LOOPS_FIRST: Final = 1
LOOPS_TOGETHER: Final = 2
WAYS: Final = 3
WAYS_BEGIN: Final = 4
GIVEN: Final = 5
# Of each way: tiles, passes of the array in all of them, in the largest, and in the last.
NUMBERS: Final = 4
# Room for ways in turn begins behind the sizes of one loop.
TURNS: Final = 256


def cut_sides(plan: list[int], given: list[int], many: int, ways: list[int], counts: list[int], room: list[int]) -> int:
    """Writes for the image and each of `many` sides the loops in order, those of the image or the side innermost;
    behind that tile sizes by loop, 0 for those of other sides: each way to cut each side, then the image. `counts` gets
    the numbers of these. Gives how many ways there are."""
    at, begin = 0, 0
    for side in range(many + 1):
        for inside in range(2):
            for loop in range(plan[LOOPS]):
                if (given[side * GIVEN + OWN_LOOPS] >> loop) & 1 == inside:
                    ways[at] = loop
                    at = at + 1
    for place in range(many + 1):
        side = (place + 1) % (many + 1) * GIVEN
        given[side + WAYS_BEGIN] = begin
        given[side + WAYS] = cut_side(plan, given, side, ways, at, counts, begin * NUMBERS, room)
        begin = begin + given[side + WAYS]
        at = at + given[side + WAYS] * plan[LOOPS]
    return begin


def cut_image(plan: list[int], given: list[int], many: int, ways: list[int], counts: list[int], room: list[int]) -> int:
    """As `cut_sides`, where all but the image's loops stay as they were: these ways stand behind all others. Gives how
    many there are."""
    begin = given[WAYS_BEGIN]
    given[WAYS] = cut_side(plan, given, 0, ways, (many + 1 + begin) * plan[LOOPS], counts, begin * NUMBERS, room)
    return given[WAYS]


def cut_side(
    plan: list[int], given: list[int], side: int, ways: list[int], at: int, counts: list[int], to: int, room: list[int]
) -> int:
    """Writes the ways to cut one side, those with the fewest tiles first, and each of them once."""
    width, joined = plan[LOOPS], 0
    turns = in_turn(plan, given[side + OWN_LOOPS], given[side + LOOPS_FIRST], room)
    begin = TURNS + turns * width
    if given[side + LOOPS_TOGETHER]:
        joined = together(plan, given[side + LOOPS_TOGETHER], room, begin)
        # The last way in turn has single arrays or iterations of all loops.
        for way in range(joined):
            for loop in range(width):
                if not (given[side + LOOPS_TOGETHER] >> loop) & 1:
                    room[begin + way * width + loop] = room[begin - width + loop]
    turn, other, many, row, after = 0, 0, 0, TURNS, begin
    tiles, beside = tiles_of(plan, room, row), tiles_of(plan, room, after) if joined else 0
    while turn < turns or other < joined:
        if turn == turns or (other < joined and beside < tiles):
            # Ways in turn have more and more tiles, so one alone may be the same.
            if not turn or not are_same(room, after, TURNS + (turn - 1) * width, width):
                write_way(plan, room, after, ways, at + many * width, counts, to + many * NUMBERS)
                many = many + 1
            other, after = other + 1, after + width
            if other < joined:
                beside = tiles_of(plan, room, after)
        else:
            write_way(plan, room, row, ways, at + many * width, counts, to + many * NUMBERS)
            turn, row, many = turn + 1, row + width, many + 1
            if turn < turns:
                tiles = tiles_of(plan, room, row)
    return many


def write_way(plan: list[int], room: list[int], row: int, ways: list[int], at: int, counts: list[int], to: int) -> int:
    """Writes its sizes and numbers."""
    for loop in range(plan[LOOPS]):
        ways[at + loop] = room[row + loop]
    return count_way(plan, room, row, counts, to)


def in_turn(plan: list[int], loops: int, first: int, room: list[int]) -> int:
    """Cuts one loop after the other, down to one array: of those before it one array is left, those after it are
    whole. Gives how many ways there are."""
    # Bounds 4 and 2: (4, 2), (2, 2), (1, 2), (1, 1).
    many, width = 1, plan[LOOPS]
    for loop in range(width):
        room[TURNS + loop] = plan[LOOP_ROWS + loop * LOOP + 1] if (loops >> loop) & 1 else 0
    for beside in range(2):
        for loop in range(width):
            if (loops >> loop) & 1 and (first >> loop) & 1 != beside:
                row = LOOP_ROWS + loop * LOOP
                sizes = along_width(plan[row + 1], plan[row + 2], room, 0)
                for number in range(1, sizes):
                    at = TURNS + many * width
                    for other in range(width):
                        room[at + other] = room[at - width + other]
                    room[at + loop] = room[number]
                    many = many + 1
    return many


def are_same(room: list[int], one: int, other: int, width: int) -> int:
    """Whether two ways have the same sizes."""
    for loop in range(width):
        if room[one + loop] != room[other + loop]:
            return 0
    return 1


def tiles_of(plan: list[int], room: list[int], row: int) -> int:
    """Tiles of a way."""
    tiles = 1
    for loop in range(plan[LOOPS]):
        size, bound = room[row + loop], plan[LOOP_ROWS + loop * LOOP + 1]
        if size and size != bound:
            tiles = tiles * -(-bound // size)
    return tiles


def count_way(plan: list[int], room: list[int], row: int, counts: list[int], to: int) -> int:
    """Writes the four numbers of a way."""
    # 40 channels in tiles of 16, 16, 8 on 8 rows: passes of 2 + 2 + 1 = 5, 2 in the largest, 1 in the last.
    tiles, passes, most, last = 1, 1, 1, 1
    for loop in range(plan[LOOPS]):
        size = room[row + loop]
        if size:
            bound, width = plan[LOOP_ROWS + loop * LOOP + 1], plan[LOOP_ROWS + loop * LOOP + 2]
            full, count = -(-size // width), 1
            rest = full
            # Most loops are whole.
            if size != bound:
                count = -(-bound // size)
                rest = -(-(bound - (count - 1) * size) // width)
            tiles, most, last = tiles * count, most * full, last * rest
            passes = passes * ((count - 1) * full + rest)
    counts[to], counts[to + 1], counts[to + 2], counts[to + 3] = tiles, passes, most, last
    return tiles
