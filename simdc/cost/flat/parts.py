"""Loops in even parts: 1 to 8 of them, 10, 12, 14, 16, 20, ... in steps of a quarter of a power of two."""

from __future__ import annotations

from .tiles import LOOP, LOOP_ROWS, LOOPS


def next_part(count: int, most: int) -> int:
    """The number of parts behind `count`, which is less than `most`, the last of them."""
    # Behind 16 comes 20, behind 28 32, of 30 iterations 30.
    power = 4
    while 2 * power <= count:
        power = 2 * power
    return min(count + power // 4, most)


def along_width(bound: int, width: int, to: list[int], at: int) -> int:
    """Writes the tile sizes of a loop in whole arrays of `width`, the whole loop first, down to one array. Gives how
    many there are."""
    # 100 channels, 16 wide: 7 arrays in 1 to 7 parts are 7, 4, 3, 2, 2, 2, 1 arrays -> 100, 64, 48, 32, 16 channels.
    arrays, many, count, size = -(-bound // width), 0, 1, 0
    while True:
        size = min(bound, width * -(-arrays // count))
        if many == 0 or size < to[at + many - 1]:
            to[at + many] = size
            many = many + 1
        if count == arrays:
            return many
        count = next_part(count, arrays)


def together(plan: list[int], loops: int, to: list[int], at: int) -> int:
    """Writes the ways to cut some loops of a plan, given as bits, into as many parts each: sizes by loop, 0 for all
    others. One that has fewer iterations is cut into single ones. Gives how many ways there are."""
    # 7 rows and 3 columns in 4 parts: rows of 2, 2, 2, 1 and columns of 1, 1, 1.
    most, many, count, row, smaller = 1, 0, 1, at, 0
    for loop in range(plan[LOOPS]):
        if (loops >> loop) & 1:
            most = max(most, plan[LOOP_ROWS + loop * LOOP])
    while True:
        row = at + many * plan[LOOPS]
        smaller = 1 if many == 0 else 0
        for loop in range(plan[LOOPS]):
            to[row + loop] = -(-plan[LOOP_ROWS + loop * LOOP] // count) if (loops >> loop) & 1 else 0
            if many and to[row + loop] < to[row + loop - plan[LOOPS]]:
                smaller = 1
        many = many + smaller
        if count == most:
            return many
        count = next_part(count, most)
