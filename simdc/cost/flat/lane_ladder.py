"""The ladder of a vector program: the ways to cut its loops, and the tiles that each makes."""

from __future__ import annotations

from typing import Final

from .parts import along_width, together
from .program import NEST, NEST_LOOPS, NEST_ROWS, NESTS
from .tiles import LOOP, LOOP_ROWS, LOOPS, OPERANDS

# A ladder of a program. Numbers of cuts and steps; the loop along the lanes; of each of three sides how many ways there
# are to cut its loops, where the sizes of each way stand, by loop, 0 for those of another side, and where tiles of
# each way do, by nest; where sizes of steps stand; where places are for what cuts touch, and how long each is; where
# places are for what groups of cuts move; which way to cut the last side was found last as the first that fits.
PROGRAM_CUTS: Final = 0
LANE_STEPS: Final = 1
LANE_LOOP: Final = 2
SIDE_WAYS: Final = 3
SIDE_SIZES: Final = 6
SIDE_TILES: Final = 9
STEP_SIZES: Final = 12
KNOWN_CUTS: Final = 13
KNOWN_CUT: Final = 14
KNOWN_GROUPS: Final = 15
LAST_FITTING: Final = 16
LANE_LADDER: Final = 17
# So many cuts are known at a time, each in the place of its number's rest. Of each: its number and one, then of each
# operand what a tile has and what of it for each iteration along the lanes, what all have and what of it for each tile
# along these.
MOST_KNOWN: Final = 64
TOUCHED: Final = 1
# And of so many groups of cuts that are alike along two sides: the group's number and one, cycles to move what it uses.
KNOWN_GROUP: Final = 2


def fill_lanes(plan: list[int], sides: list[int], ladder: list[int]) -> int:
    """Writes the ladder, in which no cut is known, whatever stood there. `sides` has the loop along the lanes, then as
    bits the loops that are never cut, those of the window, of the image, and all that are left. Gives the numbers that
    it has."""
    at, lane, cuts = LANE_LADDER, sides[0], 1
    ladder[LANE_LOOP] = lane
    for side in range(3):
        ways = together(plan, sides[2 + side], ladder, at)
        ladder[SIDE_WAYS + side], ladder[SIDE_SIZES + side] = ways, at
        if side == 0:
            # What is never cut stands with the first side.
            for way in range(ways):
                for loop in range(plan[LOOPS]):
                    if (sides[1] >> loop) & 1:
                        ladder[at + way * plan[LOOPS] + loop] = plan[LOOP_ROWS + loop * LOOP]
        cuts, at = cuts * ways, at + ways * plan[LOOPS]
    for side in range(3):
        ladder[SIDE_TILES + side] = at
        for way in range(ladder[SIDE_WAYS + side]):
            at = tiles_of_way(plan, ladder, ladder[SIDE_SIZES + side] + way * plan[LOOPS], at)
    ladder[STEP_SIZES] = at
    row = LOOP_ROWS + lane * LOOP
    ladder[LANE_STEPS] = along_width(plan[row + 1], plan[row + 2], ladder, at)
    ladder[KNOWN_CUTS], ladder[KNOWN_CUT] = at + ladder[LANE_STEPS], TOUCHED + 4 * plan[OPERANDS]
    ladder[KNOWN_GROUPS] = ladder[KNOWN_CUTS] + MOST_KNOWN * ladder[KNOWN_CUT]
    ladder[PROGRAM_CUTS] = cuts
    # A place may hold a cut as it was for another number of lanes.
    for place in range(MOST_KNOWN):
        ladder[ladder[KNOWN_CUTS] + place * ladder[KNOWN_CUT]] = 0
    return ladder[KNOWN_GROUPS] + MOST_KNOWN * KNOWN_GROUP


def tiles_of_way(plan: list[int], ladder: list[int], sizes: int, at: int) -> int:
    """Of each nest the tiles along the loops of one side. Gives where the next number stands."""
    for number in range(plan[NESTS]):
        loops, tiles = plan[NEST_ROWS + number * NEST + NEST_LOOPS], 1
        for loop in range(plan[LOOPS]):
            if ladder[sizes + loop] and loop != ladder[LANE_LOOP] and (loops >> loop) & 1:
                tiles = tiles * -(-plan[LOOP_ROWS + loop * LOOP] // ladder[sizes + loop])
        ladder[at + number] = tiles
    return at + plan[NESTS]


def tiles_of_cut(ladder: list[int], plan: list[int], cut: int, along: int) -> int:
    """Tiles of all nests, with so many along the lanes."""
    # Two nests over the lanes with 4 and 3 tiles of their other loops, one of 2 tiles without lanes: with n tiles along
    # the lanes there are 7 n + 2.
    tiles, rest = 0, cut // ladder[SIDE_WAYS + 2]
    first = ladder[SIDE_TILES] + rest // ladder[SIDE_WAYS + 1] * plan[NESTS]
    second = ladder[SIDE_TILES + 1] + rest % ladder[SIDE_WAYS + 1] * plan[NESTS]
    third = ladder[SIDE_TILES + 2] + cut % ladder[SIDE_WAYS + 2] * plan[NESTS]
    for number in range(plan[NESTS]):
        own = ladder[first + number] * ladder[second + number] * ladder[third + number]
        if (plan[NEST_ROWS + number * NEST + NEST_LOOPS] >> ladder[LANE_LOOP]) & 1:
            own = own * along
        tiles = tiles + own
    return tiles
