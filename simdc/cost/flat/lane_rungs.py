"""What the rungs of a vector program's ladder take at least on a machine.

A rung is a way to cut all loops but the lanes, and a step along these: tiles of so many lanes' iterations, the largest
first. Of an operand at most one dimension moves with the lanes, so its elements grow evenly with the size of a tile
along them, and those of all tiles with their number: four numbers say all that a cut has of it.
"""

from __future__ import annotations

from typing import Final

from .lane_ladder import (
    KNOWN_CUT,
    KNOWN_CUTS,
    LANE_LOOP,
    LANE_STEPS,
    MOST_KNOWN,
    SIDE_SIZES,
    SIDE_WAYS,
    STEP_SIZES,
    TOUCHED,
    tiles_of_cut,
)
from .program import (
    BLOCK,
    BLOCK_CYCLES,
    BLOCK_LOOPS,
    BLOCKS,
    BLOCKS_AT,
    DOUBLED,
    HELD,
    HELD_AT,
    INSIDE_LOOPS,
    NEST,
    NEST_ROWS,
    NESTS,
    SET_UP,
    VECTOR_BITS,
)
from .tiles import FILL, LOOP, LOOP_ROWS, LOOPS, OPERAND_ROWS, OPERANDS, RESUMED, STREAM, STREAM_ROWS, STREAMS

# A machine: cycles of all instructions, and to move all that is used once; bits of memory.
CODE_CYCLES: Final = 0
LEAST_MOVING: Final = 1
MEMORY_BITS: Final = 2


def cut_sizes(ladder: list[int], plan: list[int], cut: int, step: int, sizes: list[int]) -> int:
    """The tile size of each loop."""
    others, loops = ladder[SIDE_WAYS + 2], plan[LOOPS]
    first = ladder[SIDE_SIZES] + cut // others // ladder[SIDE_WAYS + 1] * loops
    second = ladder[SIDE_SIZES + 1] + cut // others % ladder[SIDE_WAYS + 1] * loops
    third = ladder[SIDE_SIZES + 2] + cut % others * loops
    for loop in range(loops):
        # Each loop is of one side, and 0 in the others.
        sizes[loop] = ladder[first + loop] + ladder[second + loop] + ladder[third + loop]
    sizes[ladder[LANE_LOOP]] = ladder[ladder[STEP_SIZES] + step]
    return cut


def know_cut(ladder: list[int], plan: list[int], cut: int, sizes: list[int]) -> int:
    """Where the numbers of a cut stand, which are worked out unless it was asked for lately."""
    row = ladder[KNOWN_CUTS] + cut % MOST_KNOWN * ladder[KNOWN_CUT]
    if ladder[row] != cut + 1:
        cut_sizes(ladder, plan, cut, 0, sizes)
        for operand in range(plan[OPERANDS]):
            touch_operand(ladder, plan, operand, sizes, row + TOUCHED + 4 * operand)
        ladder[row] = cut + 1
    return row


def touch_operand(ladder: list[int], plan: list[int], operand: int, sizes: list[int], to: int) -> int:
    """Writes the four numbers of an operand."""
    # x[c + k, h], 3 places k whole, c along the lanes, 10 rows in tiles of 4. With tiles of n channels (2 + n) * 4
    # elements: 8 and 4 for each n. Of 8 channels in m tiles all have (8 + 2 * m) * 10: 80 and 20 for each m.
    still, all_still, at = 1, 1, plan[OPERAND_ROWS + operand]
    base, slope, all_base, all_slope = 1, 0, 1, 0
    dimensions = plan[at]
    at = at + 1
    for _ in range(dimensions):
        terms, tiles, step, reach, term = plan[at], 1, 0, 1, 0
        at = at + 1
        # Most dimensions have one loop that moves them step by step: no place is touched twice.
        if terms == 1 and plan[at + 1] == 1:
            loop, at = plan[at], at + 2
            bound = plan[LOOP_ROWS + loop * LOOP + 1]
            if loop == ladder[LANE_LOOP]:
                base, slope, all_base, all_slope = 0, 1, bound, 0
            else:
                still, all_still = still * sizes[loop], all_still * bound
            continue
        for term in range(terms):
            loop = plan[at + 2 * term]
            if loop != ladder[LANE_LOOP]:
                tiles = tiles * -(-plan[LOOP_ROWS + loop * LOOP + 1] // sizes[loop])
        every = tiles
        for term in range(terms):
            loop, own = plan[at + 2 * term], plan[at + 2 * term + 1]
            if loop == ladder[LANE_LOOP]:
                step = own
            else:
                bound = plan[LOOP_ROWS + loop * LOOP + 1]
                count = -(-bound // sizes[loop])
                reach = reach + own * (sizes[loop] - 1)
                every = every + own * (bound - count) * (tiles // count)
        at = at + 2 * terms
        if step:
            base, slope = reach - step, step
            all_base, all_slope = step * plan[LOOP_ROWS + ladder[LANE_LOOP] * LOOP + 1] * tiles, every - step * tiles
        else:
            still, all_still = still * reach, all_still * every
    ladder[to], ladder[to + 1] = base * still, slope * still
    ladder[to + 2], ladder[to + 3] = all_base * all_still, all_slope * all_still
    return to


def tiles_of_step(ladder: list[int], plan: list[int], step: int) -> int:
    """Tiles along the lanes."""
    bound = plan[LOOP_ROWS + ladder[LANE_LOOP] * LOOP + 1]
    return -(-bound // ladder[ladder[STEP_SIZES] + step])


def fits_from(ladder: list[int], plan: list[int], on: list[int], cut: int, step: int, sizes: list[int]) -> int:
    """The first step from `step` on whose tiles fit the memory beside each other; the number of steps if none do."""
    # 500 bits and 20 for each iteration along the lanes, 1,000 bits of memory: 25 iterations.
    row, most = know_cut(ladder, plan, cut, sizes), ladder[ladder[STEP_SIZES]]
    for number in range(plan[NESTS]):
        nest, slope = NEST_ROWS + number * NEST, 0
        bits = plan[nest + VECTOR_BITS]
        for place in range(plan[nest + HELD]):
            held = plan[nest + HELD_AT] + 2 * place
            touched = row + TOUCHED + 4 * plan[held]
            bits = bits + ladder[touched] * plan[held + 1]
            slope = slope + ladder[touched + 1] * plan[held + 1]
        if slope:
            most = min(most, (on[MEMORY_BITS] - bits) // slope)
        elif bits > on[MEMORY_BITS]:
            return ladder[LANE_STEPS]
    for later in range(step, ladder[LANE_STEPS]):
        if ladder[ladder[STEP_SIZES] + later] <= most:
            return later
    return ladder[LANE_STEPS]


def least_of_lanes(
    ladder: list[int], plan: list[int], on: list[int], cut: int, step: int, moving: int, sizes: list[int]
) -> int:
    """Cycles that a rung takes at least, `moving` of them at least to move what it uses."""
    tiles = tiles_of_cut(ladder, plan, cut, tiles_of_step(ladder, plan, step))
    cycles = on[CODE_CYCLES] + tiles * plan[FILL] + least_set_up(ladder, plan, cut, step, sizes)
    return max(cycles, moving) if plan[DOUBLED] else cycles + moving


def least_set_up(ladder: list[int], plan: list[int], cut: int, step: int, sizes: list[int]) -> int:
    """Cycles that set loops of one instruction each up, all tiles together."""
    cycles, is_cut = 0, 0
    for number in range(plan[NESTS]):
        nest = NEST_ROWS + number * NEST
        for place in range(plan[nest + BLOCKS]):
            block = plan[nest + BLOCKS_AT] + place * BLOCK
            if plan[block + SET_UP]:
                if not is_cut:
                    cut_sizes(ladder, plan, cut, step, sizes)
                    is_cut = 1
                loops = plan[block + SET_UP]
                for loop in range(plan[LOOPS]):
                    if (plan[block + BLOCK_LOOPS] >> loop) & 1:
                        bound, width = plan[LOOP_ROWS + loop * LOOP + 1], plan[LOOP_ROWS + loop * LOOP + 2]
                        if (plan[block + INSIDE_LOOPS] >> loop) & 1:
                            width = sizes[loop]
                        loops = loops * -(-bound // width)
                cycles = cycles + loops
    return cycles


def least_of_step(
    ladder: list[int], plan: list[int], on: list[int], cut: int, step: int, sizes: list[int], found: list[int], to: int
) -> int:
    """Cycles of a rung at least, as if every tile moved once and tiles filled the port; its bits are left in `found` at
    `to`."""
    # 3 tiles of 40 bits at 16 a cycle: ceil(120 / 16) = 8 cycles here, 3 * ceil(40 / 16) = 9 when it is priced.
    row, tiles, moving = know_cut(ladder, plan, cut, sizes), tiles_of_step(ladder, plan, step), 0
    found[to] = 0
    for stream in range(plan[STREAMS]):
        at = STREAM_ROWS + stream * STREAM
        if plan[at + 5] != RESUMED:
            bits = stream_bits(ladder, plan, row, stream, tiles)
            moving = moving + -(-bits * plan[at + 4] // plan[at + 3])
            found[to] = found[to] + bits
    return least_of_lanes(ladder, plan, on, cut, step, moving, sizes)


def stream_bits(ladder: list[int], plan: list[int], row: int, stream: int, tiles: int) -> int:
    """Of all tiles of a stream, each moved once, with so many `tiles` along the lanes and the cut at `row`."""
    at = STREAM_ROWS + stream * STREAM
    touched = row + TOUCHED + 4 * plan[at]
    return (ladder[touched + 2] + ladder[touched + 3] * tiles) * plan[at + 1]


def least_of_program(plan: list[int], on: list[int]) -> int:
    """Writes what holds for all rungs: cycles of all instructions, which come in whole vectors however loops are cut,
    and cycles to move what is used once."""
    # y[c, 2*h + k], 8 channels, 10 rows, 3 places: 8 * 10 elements at least, whatever the windows share.
    code, moving = 0, 0
    for number in range(plan[NESTS]):
        nest = NEST_ROWS + number * NEST
        for place in range(plan[nest + BLOCKS]):
            block, issues = plan[nest + BLOCKS_AT] + place * BLOCK, 1
            for loop in range(plan[LOOPS]):
                if (plan[block + BLOCK_LOOPS] >> loop) & 1:
                    issues = issues * -(-plan[LOOP_ROWS + loop * LOOP + 1] // plan[LOOP_ROWS + loop * LOOP + 2])
            code = code + issues * plan[block + BLOCK_CYCLES]
    for stream in range(plan[STREAMS]):
        row = STREAM_ROWS + stream * STREAM
        if plan[row + 5] != RESUMED:
            bits = least_touched(plan, plan[row]) * plan[row + 1]
            moving = moving + -(-bits * plan[row + 4] // plan[row + 3])
    on[CODE_CYCLES], on[LEAST_MOVING] = code, moving
    return code


def least_touched(plan: list[int], operand: int) -> int:
    """Elements of an operand that any tiles touch together: along each dimension the positions of the loop that has the
    most."""
    touched, at = 1, plan[OPERAND_ROWS + operand]
    dimensions = plan[at]
    at = at + 1
    for _ in range(dimensions):
        terms, places = plan[at], 1
        at = at + 1
        for _ in range(terms):
            places = max(places, plan[LOOP_ROWS + plan[at] * LOOP + 1])
            at = at + 2
        touched = touched * places
    return touched
