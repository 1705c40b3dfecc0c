"""A contraction's ladder from the ways to cut its sides: what walks are made of."""

from __future__ import annotations

from typing import Final

from .array_sides import GIVEN, NUMBERS, OWN_LOOPS, WAYS, WAYS_BEGIN
from .ladder import CUTS, FACTORS, SIDE, SIDE_ROWS, SIDES
from .rungs import TABLE, TILES
from .tiles import LOOP, LOOP_ROWS, LOOPS, OPERAND_ROWS, OPERANDS

# Of a kernel, behind the numbers of a walk that each of its operands has: the operands that are ifmap and psum, and how
# many sides there are.
IFMAP_NUMBER: Final = 0
PSUM_NUMBER: Final = 1
SIDES_COUNT: Final = 2
# Room to work in: sizes by loop, then which sides they are of, as bits, what is touched along one dimension.
SIDES_ON: Final = 24
TOUCHED_PLACES: Final = 25


def count_factors(plan: list[int], given: list[int], columns: list[int], found: list[int]) -> int:
    """Writes how many numbers all factors have, and how many windows there are at most."""
    many, length, windows = columns[plan[OPERANDS] + SIDES_COUNT], 0, 1
    for side in range(many):
        length = length + given[(side + 1) * GIVEN + WAYS] * NUMBERS
    for operand in range(plan[OPERANDS]):
        term = plan[OPERAND_ROWS + operand] + 1
        for _ in range(plan[plan[OPERAND_ROWS + operand]]):
            if not loops_of(plan, term) & given[OWN_LOOPS]:
                length = length + NUMBERS * ways_of(given, many, sides_of(given, many, loops_of(plan, term)))
            term = term + 1 + 2 * plan[term]
    windows = ways_of(given, many, sides_of(given, many, window_loops(plan, given, columns)))
    found[0], found[1] = length + windows, windows
    return windows


def find_factors(
    plan: list[int],
    given: list[int],
    ways: list[int],
    counts: list[int],
    sides: list[int],
    columns: list[int],
    factors: list[int],
    room: list[int],
) -> int:
    """Writes what is behind the sides in a plan of what is cut (`ladder.py`), and all factors but the last one, which
    begins there. `columns` says of each operand which numbers of a walk are its. Gives how many factors these are."""
    many, number, at = sides[SIDES], 0, 0
    sides[CUTS] = 1
    for side in range(many):
        entries = given[(side + 1) * GIVEN + WAYS]
        sides[SIDE_ROWS + side * SIDE], sides[CUTS] = entries, sides[CUTS] * entries
        at = begin_factor(sides, given, room, number, TILES, at, NUMBERS, 1 << side)
        number = number + 1
    for place in range(at):
        factors[place] = counts[place]
    for operand in range(plan[OPERANDS]):
        term = plan[OPERAND_ROWS + operand] + 1
        for _ in range(plan[plan[OPERAND_ROWS + operand]]):
            loops, begin = loops_of(plan, term), at
            if not loops & given[OWN_LOOPS]:
                on = sides_of(given, many, loops)
                at = begin_factor(sides, given, room, number, columns[operand], at, NUMBERS, on)
                number = number + 1
                for entry in range((at - begin) // NUMBERS):
                    sizes_of(plan, given, ways, many, room, entry)
                    touch(plan, term, room, factors, begin + entry * NUMBERS)
            term = term + 1 + 2 * plan[term]
    sides[FACTORS] = number
    begin_factor(sides, given, room, number, TABLE, at, 1, sides_of(given, many, window_loops(plan, given, columns)))
    return number


def find_windows(
    plan: list[int],
    given: list[int],
    ways: list[int],
    sides: list[int],
    columns: list[int],
    factors: list[int],
    windows: list[int],
    room: list[int],
) -> int:
    """Writes the last factor, which window a cut has. `windows` gets the tile sizes of the loops that move the ifmap
    beside the image's: cuts with the same window share what images touch. Gives how many windows there are."""
    loops, known, width, many = window_loops(plan, given, columns), 0, plan[LOOPS], sides[SIDES]
    at, on = sides[SIDE_ROWS + many * SIDE + sides[FACTORS] * (2 + many) + 1], sides_of(given, many, loops)
    room[SIDES_ON] = on
    for entry in range(ways_of(given, many, on)):
        sizes_of(plan, given, ways, many, room, entry)
        for loop in range(width):
            windows[known * width + loop] = room[loop] if (loops >> loop) & 1 else 0
        found = known
        # The one before most often: it is looked at first.
        for back in range(1, known + 1):
            if is_window(windows, known - back, known, width):
                found = known - back
                break
        factors[at + entry] = found
        if found == known:
            known = known + 1
    return known


def window_loops(plan: list[int], given: list[int], columns: list[int]) -> int:
    """The loops beside the image's that move the ifmap along a dimension with one of them, as bits."""
    # oh + kh: 8 rows of output touch 10 rows with kh in a tile of 3 and 8 with kh in tiles of 1.
    row, loops = OPERAND_ROWS + columns[plan[OPERANDS] + IFMAP_NUMBER], 0
    term = plan[row] + 1
    for _ in range(plan[plan[row]]):
        if loops_of(plan, term) & given[OWN_LOOPS]:
            loops = loops | loops_of(plan, term)
        term = term + 1 + 2 * plan[term]
    return loops & ~given[OWN_LOOPS]


def is_window(windows: list[int], one: int, other: int, width: int) -> int:
    """Whether two windows have the same sizes."""
    for loop in range(width):
        if windows[one * width + loop] != windows[other * width + loop]:
            return 0
    return 1


def begin_factor(
    sides: list[int], given: list[int], room: list[int], number: int, column: int, at: int, length: int, on: int
) -> int:
    """Writes where a factor stands that depends on the sides `on`, the last one changing first. Gives where it ends."""
    many, stride = sides[SIDES], length
    row = SIDE_ROWS + many * SIDE + number * (2 + many)
    sides[row], sides[row + 1] = column, at
    for back in range(many):
        side = many - 1 - back
        sides[row + 2 + side] = 0
        if (on >> side) & 1:
            sides[row + 2 + side], stride = stride, stride * given[(side + 1) * GIVEN + WAYS]
    room[SIDES_ON] = on
    return at + stride


def sizes_of(plan: list[int], given: list[int], ways: list[int], many: int, room: list[int], entry: int) -> int:
    """Writes the sizes of a factor's entry by loop: those of the sides that it depends on."""
    rest, begin = entry, (many + 1) * plan[LOOPS]
    for loop in range(plan[LOOPS]):
        room[loop] = 0
    for back in range(many):
        side = many - 1 - back
        if (room[SIDES_ON] >> side) & 1:
            own = (side + 1) * GIVEN
            row = begin + (given[own + WAYS_BEGIN] + rest % given[own + WAYS]) * plan[LOOPS]
            rest = rest // given[own + WAYS]
            for loop in range(plan[LOOPS]):
                room[loop] = room[loop] + ways[row + loop]
    return entry


def loops_of(plan: list[int], term: int) -> int:
    """The loops of a dimension, as bits."""
    loops = 0
    for number in range(plan[term]):
        loops = loops | (1 << plan[term + 1 + 2 * number])
    return loops


def sides_of(given: list[int], many: int, loops: int) -> int:
    """The sides that have any of these loops, as bits."""
    on = 0
    for side in range(many):
        if given[(side + 1) * GIVEN + OWN_LOOPS] & loops:
            on = on | (1 << side)
    return on


def ways_of(given: list[int], many: int, on: int) -> int:
    """How many ways there are to cut these sides, each with each."""
    ways = 1
    for side in range(many):
        if (on >> side) & 1:
            ways = ways * given[(side + 1) * GIVEN + WAYS]
    return ways


def touch(plan: list[int], term: int, sizes: list[int], to: list[int], at: int) -> int:
    """Writes how many elements along one dimension the first tile touches, the last, all of them, and the largest."""
    # oh + kh, oh 4 in tiles of 3 and 1, kh 3 in one: tiles touch 5 and 3 positions. Without the tiles: 2 of them, 2
    # positions more along oh (4 rows, 2 tiles), 2 in each of 2 tiles along kh: 2 + 2 + 4 = 8.
    tiles, span, end = 1, 1, 1
    if plan[term] == 1 and plan[term + 2] == 1:
        # One loop, step by step: no place is touched twice.
        bound, size = plan[LOOP_ROWS + plan[term + 1] * LOOP + 1], sizes[plan[term + 1]]
        to[at], to[at + 1], to[at + 2], to[at + 3] = size, bound - (bound - 1) // size * size, bound, size
        return size
    for number in range(plan[term]):
        tiles = tiles * tiles_along_loop(plan, plan[term + 1 + 2 * number], sizes)
    total = tiles
    for number in range(plan[term]):
        loop, step = plan[term + 1 + 2 * number], plan[term + 2 + 2 * number]
        bound, size, count = plan[LOOP_ROWS + loop * LOOP + 1], sizes[loop], tiles_along_loop(plan, loop, sizes)
        span, end = span + step * (size - 1), end + step * (bound - (count - 1) * size - 1)
        total = total + step * (bound - count) * (1 if count == tiles else tiles // count)
    to[at], to[at + 1], to[at + 2], to[at + 3] = span, end, total, span
    return span


def tiles_along_loop(plan: list[int], loop: int, sizes: list[int]) -> int:
    """Most loops are whole: nothing is divided then."""
    bound = plan[LOOP_ROWS + loop * LOOP + 1]
    return 1 if sizes[loop] == bound else -(-bound // sizes[loop])
