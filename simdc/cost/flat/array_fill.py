"""Ladders of contractions filled in place, each for the array that a machine has and for the bounds in its plan."""

from __future__ import annotations

from typing import Final

from .array_images import find_images
from .array_ladder import count_factors, find_factors, find_windows
from .array_sides import OWN_LOOPS, WAYS, cut_image, cut_sides
from .ladder import CUTS, fill
from .packed import BREADTH, HEIGHT, HIGH_LOOP, HIGH_PADDED, WIDE_LOOP, WIDE_PADDED, widen
from .rungs import ELEMENTS, FOLDS, IMAGE, IMAGE_ROWS, WALK, WALK_ROWS
from .tiles import LOOP, LOOP_ROWS, LOOPS, MOST_LOOPS

# A contraction has these rows behind each other in a table of them: what a plan does not say, the plan, the ladder, its
# sides and schedules as `ladder.py` has them; its sides as `array_sides.py` has them; which numbers of a walk its
# operands have (`array_ladder.py`); what is said of the ladder.
FILL_ABOUT: Final = 0
FILL_PLAN: Final = 1
FILL_LADDER: Final = 2
FILL_SIDES: Final = 3
FILL_WAYS: Final = 4
FILL_GIVEN: Final = 5
FILL_COLUMNS: Final = 6
FILL_MADE: Final = 7
FILL_ROWS: Final = 8
# Of a ladder: height and breadth of the array that it is for (0: of none), its number of sides, whether a pass over the
# image's positions is a fold; for how many numbers its row has room, and how many it needs. Then what its walks are
# for: height and breadth of the array (0: there are none), of each loop its bound by the kernel and on the machine.
MADE_HEIGHT: Final = 0
MADE_BREADTH: Final = 1
MADE_SIDES: Final = 2
MADE_FOLDS: Final = 3
MADE_ROOM: Final = 4
MADE_NEED: Final = 5
WALKS_HEIGHT: Final = 6
WALKS_BREADTH: Final = 7
WALKS_BOUNDS: Final = 8
MADE: Final = WALKS_BOUNDS + 2 * MOST_LOOPS
# A table of what is worked in, for any of them: numbers of ways, ways in turn, factors, windows; twice a number a side;
# for how many numbers rows of factors and windows have room, and how many these need; the first row of the ladder whose
# ways, factors and windows stand there (NO_PARTS: of none), and how many windows.
FILL_COUNTS: Final = 0
FILL_TURNS: Final = 1
FILL_FACTORS: Final = 2
FILL_WINDOWS: Final = 3
FILL_DIGITS: Final = 4
FILL_TILES: Final = 5
FILL_ROOMS: Final = 6
ROOM_FACTORS: Final = 0
ROOM_WINDOWS: Final = 1
NEED_FACTORS: Final = 2
NEED_WINDOWS: Final = 3
PARTS_OF: Final = 4
PARTS_WINDOWS: Final = 5
ROOMS: Final = 6
NO_PARTS: Final = -1
ALL_FILLED: Final = -1


def fill_ladders(tables: list[list[int]], begin: int, many: int, machine: list[int], work: list[list[int]]) -> int:
    """Fills those of `many` ladders, from number `begin` on, that are for another array. ALL_FILLED, or the number of
    the first that needs more room than it has, or than there is to work in."""
    for number in range(begin, many):
        first = number * FILL_ROWS
        if (
            tables[first + FILL_MADE][MADE_HEIGHT] == machine[HEIGHT]
            and tables[first + FILL_MADE][MADE_BREADTH] == machine[BREADTH]
        ):
            continue
        # Nobody may find half of one.
        tables[first + FILL_MADE][MADE_HEIGHT] = 0
        about = FILL_ABOUT + first
        widen(tables[first + FILL_PLAN], tables[about][HIGH_LOOP], machine[HEIGHT], tables[about][HIGH_PADDED])
        widen(tables[first + FILL_PLAN], tables[about][WIDE_LOOP], machine[BREADTH], tables[about][WIDE_PADDED])
        if not fill_ladder(tables, first, machine, work):
            return number
        tables[first + FILL_MADE][MADE_HEIGHT] = machine[HEIGHT]
        tables[first + FILL_MADE][MADE_BREADTH] = machine[BREADTH]
    return ALL_FILLED


def fill_ladder(tables: list[list[int]], first: int, machine: list[int], work: list[list[int]]) -> int:
    """One of them. Gives whether there is room."""
    if walks_stay(tables, first, machine):
        cut_image(
            tables[first + FILL_PLAN],
            tables[first + FILL_GIVEN],
            tables[first + FILL_MADE][MADE_SIDES],
            tables[first + FILL_WAYS],
            work[FILL_COUNTS],
            work[FILL_TURNS],
        )
        return fill_images(tables, first, work, find_cut_windows(tables, first, work))
    tables[first + FILL_MADE][WALKS_HEIGHT] = 0
    # A ladder that lacked room is asked for again, with room, before any other.
    if work[FILL_ROOMS][PARTS_OF] != first and not find_parts(tables, first, work):
        return 0
    if not fill_images(tables, first, work, work[FILL_ROOMS][PARTS_WINDOWS]):
        return 0
    work[FILL_ROOMS][PARTS_OF] = NO_PARTS
    tables[first + FILL_LADDER][FOLDS] = tables[first + FILL_MADE][MADE_FOLDS]
    fill(
        tables[first + FILL_SIDES],
        work[FILL_FACTORS],
        tables[first + FILL_LADDER],
        work[FILL_DIGITS],
        work[FILL_TILES],
    )
    for loop in range(tables[first + FILL_PLAN][LOOPS]):
        for place in range(2):
            bound = tables[first + FILL_PLAN][LOOP_ROWS + loop * LOOP + place]
            tables[first + FILL_MADE][WALKS_BOUNDS + 2 * loop + place] = bound
    tables[first + FILL_MADE][WALKS_HEIGHT] = machine[HEIGHT]
    tables[first + FILL_MADE][WALKS_BREADTH] = machine[BREADTH]
    return 1


def walks_stay(tables: list[list[int]], first: int, machine: list[int]) -> int:
    """Whether walks are as they were filled last: on the same array only loops of the image changed, as a batch."""
    made = FILL_MADE + first
    if tables[made][WALKS_HEIGHT] != machine[HEIGHT] or tables[made][WALKS_BREADTH] != machine[BREADTH]:
        return 0
    for loop in range(tables[first + FILL_PLAN][LOOPS]):
        if not (tables[first + FILL_GIVEN][OWN_LOOPS] >> loop) & 1:
            for place in range(2):
                bound = tables[first + FILL_PLAN][LOOP_ROWS + loop * LOOP + place]
                if tables[made][WALKS_BOUNDS + 2 * loop + place] != bound:
                    return 0
    return 1


def find_cut_windows(tables: list[list[int]], first: int, work: list[list[int]]) -> int:
    """The windows of walks that stay. Gives how many there are."""
    return find_windows(
        tables[first + FILL_PLAN],
        tables[first + FILL_GIVEN],
        tables[first + FILL_WAYS],
        tables[first + FILL_SIDES],
        tables[first + FILL_COLUMNS],
        work[FILL_FACTORS],
        work[FILL_WINDOWS],
        work[FILL_TURNS],
    )


def find_parts(tables: list[list[int]], first: int, work: list[list[int]]) -> int:
    """Writes what walks are made of. Gives whether there is room."""
    work[FILL_ROOMS][PARTS_OF] = NO_PARTS
    cut_sides(
        tables[first + FILL_PLAN],
        tables[first + FILL_GIVEN],
        tables[first + FILL_MADE][MADE_SIDES],
        tables[first + FILL_WAYS],
        work[FILL_COUNTS],
        work[FILL_TURNS],
    )
    if not has_work_room(tables, first, work):
        return 0
    find_factors(
        tables[first + FILL_PLAN],
        tables[first + FILL_GIVEN],
        tables[first + FILL_WAYS],
        work[FILL_COUNTS],
        tables[first + FILL_SIDES],
        tables[first + FILL_COLUMNS],
        work[FILL_FACTORS],
        work[FILL_TURNS],
    )
    work[FILL_ROOMS][PARTS_OF], work[FILL_ROOMS][PARTS_WINDOWS] = first, find_cut_windows(tables, first, work)
    return 1


def fill_images(tables: list[list[int]], first: int, work: list[list[int]], known: int) -> int:
    """Writes all but the walks, with so many windows `known`. Gives whether there is room."""
    images, cuts = tables[first + FILL_GIVEN][WAYS], tables[first + FILL_SIDES][CUTS]
    walks = cuts * (1 + tables[first + FILL_MADE][MADE_SIDES]) * WALK
    need = WALK_ROWS + walks + images * IMAGE + known * images * ELEMENTS
    tables[first + FILL_MADE][MADE_NEED] = need
    if need > tables[first + FILL_MADE][MADE_ROOM]:
        # There will be another row, without walks.
        tables[first + FILL_MADE][WALKS_HEIGHT] = 0
        return 0
    tables[first + FILL_LADDER][IMAGE_ROWS] = WALK_ROWS + walks
    find_images(
        tables[first + FILL_PLAN],
        tables[first + FILL_GIVEN],
        tables[first + FILL_WAYS],
        work[FILL_COUNTS],
        tables[first + FILL_COLUMNS],
        work[FILL_WINDOWS],
        known,
        tables[first + FILL_LADDER],
        work[FILL_TURNS],
    )
    return 1


def has_work_room(tables: list[list[int]], first: int, work: list[list[int]]) -> int:
    """Whether all factors and windows have room to be worked out in; how much they need is written down."""
    count_factors(
        tables[first + FILL_PLAN], tables[first + FILL_GIVEN], tables[first + FILL_COLUMNS], work[FILL_DIGITS]
    )
    factors, windows = work[FILL_DIGITS][0], work[FILL_DIGITS][1]
    work[FILL_ROOMS][NEED_FACTORS] = factors
    work[FILL_ROOMS][NEED_WINDOWS] = (windows + 1) * tables[first + FILL_PLAN][LOOPS]
    if factors > work[FILL_ROOMS][ROOM_FACTORS]:
        return 0
    return 1 if work[FILL_ROOMS][NEED_WINDOWS] <= work[FILL_ROOMS][ROOM_WINDOWS] else 0
