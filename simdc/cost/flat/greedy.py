"""Greedy tiles, as `cost/greedy` makes them: the buffers are filled one loop after the other.

Sizes are left in `room`, by loop.
"""

from __future__ import annotations

from typing import Final

from .packed import (
    ALONG_LANES,
    BIAS_OPERAND,
    BREADTH,
    COLUMN_LOOP,
    GROUP_LOOPS,
    HEIGHT,
    IFMAP_OPERAND,
    IMAGE_LOOPS,
    IS_PROGRAM,
    LANES,
    OTHER,
    OTHER_ROWS,
    OTHERS,
    PER_CHANNEL,
    PSUM_OPERAND,
    REUSING_BATCH,
    REUSING_IMAGE,
    ROW_LOOP,
    SLIDING_WINDOW,
    SUMMED_WINDOW,
    WEIGHT_OPERAND,
    WHOLE_LOOPS,
)
from .program import NESTS
from .splits import (
    ANY_BITS,
    BELOW_BITS,
    FROM_BITS,
    VECTORS,
    bound_of,
    fits,
    split_evenly,
    split_exactly,
    split_until,
    times_held,
    tried,
)
from .tiles import FULL, LOOPS

SMALL_WINDOW: Final = 3
"""Up to 3x3 the release cuts images into equal parts, if it can."""
INPUT_BUFFERS: Final = (1 << IFMAP_OPERAND) | (1 << WEIGHT_OPERAND)
IMAGE_BUFFERS: Final = (1 << IFMAP_OPERAND) | (1 << PSUM_OPERAND)
OUTPUT_BUFFERS: Final = (1 << WEIGHT_OPERAND) | (1 << PSUM_OPERAND) | (1 << BIAS_OPERAND)
EVERY_BUFFER: Final = (1 << 16) - 1


def greedy_tile(plan: list[int], about: list[int], machine: list[int], room: list[int]) -> int:
    """1, or 0 where nothing fits: then it is the innermost tile. Leaves for which memories it is the same, too."""
    for memory in range(4):
        room[FROM_BITS + memory], room[BELOW_BITS + memory] = 0, ANY_BITS
    innermost_tile(plan, about, machine, room)
    is_program = about[IS_PROGRAM]
    fits_all = fill_memory(plan, about, machine, room) if is_program else fill_buffers(plan, about, machine, room)
    if not fits_all:
        innermost_tile(plan, about, machine, room)
    return fits_all


def innermost_tile(plan: list[int], about: list[int], machine: list[int], room: list[int]) -> int:
    """One array of what lies along it, one iteration of all else that may be cut."""
    for loop in range(plan[LOOPS]):
        is_whole = (about[WHOLE_LOOPS] >> loop) & 1 if about[IS_PROGRAM] else 0
        room[FULL + loop] = bound_of(plan, loop) if is_whole else 1
    if about[IS_PROGRAM]:
        return begin_with(plan, room, about[ALONG_LANES], machine[LANES])
    begin_with(plan, room, about[ROW_LOOP], machine[HEIGHT])
    return begin_with(plan, room, about[COLUMN_LOOP], machine[BREADTH])


def begin_with(plan: list[int], room: list[int], loop: int, width: int) -> int:
    """One array along a loop, or all of it."""
    room[FULL + loop] = min(width, bound_of(plan, loop))
    return room[FULL + loop]


def fill_buffers(plan: list[int], about: list[int], machine: list[int], room: list[int]) -> int:
    """Of a contraction: window, input channels, image, batch, output channels, groups. 0 where one array of channels
    does not fit."""
    rows, columns, is_small = about[ROW_LOOP], about[COLUMN_LOOP], 1
    split_evenly(plan, about, machine, room, about[SUMMED_WINDOW], INPUT_BUFFERS)
    row_tiles = times_held(plan, about, machine, room, INPUT_BUFFERS, -(-bound_of(plan, rows) // machine[HEIGHT]))
    # 16 x 16 channels of 3x3 weights fit 7 times: 112 input channels on 16 rows.
    begin_with(plan, room, rows, machine[HEIGHT] * max(1, row_tiles))
    for loop in range(plan[LOOPS]):
        if (about[SUMMED_WINDOW] >> loop) & 1 and bound_of(plan, loop) > SMALL_WINDOW:
            is_small = 0
    if not is_small or not split_exactly(plan, about, machine, room, about[REUSING_IMAGE], IMAGE_BUFFERS):
        split_evenly(plan, about, machine, room, about[REUSING_IMAGE], IMAGE_BUFFERS)
    for loop in range(plan[LOOPS]):
        if (about[REUSING_BATCH] >> loop) & 1 and bound_of(plan, loop) > 1:
            split_exactly(plan, about, machine, room, 1 << loop, IMAGE_BUFFERS)
    # Input channels have their final size by now; output channels take what room that leaves.
    column_tiles = times_held(
        plan, about, machine, room, OUTPUT_BUFFERS, -(-bound_of(plan, columns) // machine[BREADTH])
    )
    if min(row_tiles, column_tiles) < 1:
        return 0
    begin_with(plan, room, columns, machine[BREADTH] * column_tiles)
    if room[FULL + rows] == bound_of(plan, rows) and room[FULL + columns] == bound_of(plan, columns):
        for loop in range(plan[LOOPS]):
            if (about[GROUP_LOOPS] >> loop) & 1:
                split_evenly(plan, about, machine, room, 1 << loop, EVERY_BUFFER)
    return 1


def fill_memory(plan: list[int], about: list[int], machine: list[int], room: list[int]) -> int:
    """Of a program: window, image, then lanes and all others, or these before the lanes where an operand has one value
    per channel. 0 where that does not fit."""
    image, every = about[IMAGE_LOOPS], (1 << plan[NESTS]) - 1
    split_evenly(plan, about, machine, room, about[SLIDING_WINDOW], every)
    if not split_exactly(plan, about, machine, room, image, every):
        split_evenly(plan, about, machine, room, image, every)
    if about[PER_CHANNEL]:
        grown = grow_others(plan, about, machine, room)
        if grown:
            grown = grow_lanes(plan, about, machine, room, every)
    else:
        grown = grow_lanes(plan, about, machine, room, every)
        if grown:
            grown = grow_others(plan, about, machine, room)
    return fits(plan, about, machine, room, every) if grown else 0


def grow_lanes(plan: list[int], about: list[int], machine: list[int], room: list[int], every: int) -> int:
    """As many vectors as fit."""
    if tried(plan, about, machine, room, VECTORS, 0, every):
        return 1
    most = -(-bound_of(plan, about[ALONG_LANES]) // machine[LANES])
    return split_until(plan, about, machine, room, VECTORS, 1, most - 1, every) if most > 1 else 0


def grow_others(plan: list[int], about: list[int], machine: list[int], room: list[int]) -> int:
    """One after the other."""
    for number in range(about[OTHERS]):
        row = OTHER_ROWS + number * OTHER
        loops, among = 1 << about[row], about[row + 2]
        # Of a concatenation of 100 inputs each loop is asked of its own nest only.
        if about[row + 1]:
            grown = split_exactly(plan, about, machine, room, loops, among)
        else:
            grown = split_evenly(plan, about, machine, room, loops, among)
        if not grown:
            return 0
    return 1
