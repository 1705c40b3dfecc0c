"""The default tiling of a kernel: the cheapest rung of its ladder, as `cost/ladder` has it."""

from __future__ import annotations

from .best import BEST_BITS, BEST_CYCLES, BEST_RUNG, GIVEN_RUNG, best_rung
from .climb import NO_ROOM, NONE_LEFT
from .ladder import schedule
from .lane_best import begin_cuts, best_cut
from .lane_ladder import LANE_STEPS, SIDE_WAYS, fill_lanes
from .lane_rungs import MEMORY_BITS, cut_sizes
from .packed import (
    ABOUT_ROW,
    ARRAY_FILL,
    BEST_ROW,
    BIAS_OPERAND,
    BUFFERS_HOLD,
    ELEMENT_BITS,
    FOUND_ROW,
    IFMAP_OPERAND,
    LADDER_ROW,
    LANES,
    LAST_ROW,
    MEMORY_HOLDS,
    ON_ROW,
    ORDER_ROW,
    PLAN_ROW,
    PSUM_OPERAND,
    ROOM_ROW,
    SIDES_ROW,
    SIZES_ROW,
    WAITING_ROW,
    WAYS_ROW,
    WEIGHT_OPERAND,
)
from .recent import recalled, remember
from .rungs import (
    BIAS_FITS,
    FILLED,
    IFMAP_FITS,
    IFMAP_PORT,
    PSUM_FITS,
    RESULT_PORT,
    WEIGHT_PORT,
    WEIGHTS_FIT,
)
from .tiles import COMPLETE, LOOP, LOOP_ROWS, LOOPS, NEW, STREAM, STREAM_ROWS, STREAMS


def climb_array(kernels: list[list[int]], first: int, machine: list[int], work: list[list[int]], space: int) -> int:
    """Leaves the order of a contraction's loops and their tile sizes. NONE_LEFT, or as `best_rung` why that cannot be
    said; what waits has `space` for so many entries."""
    limits_of_rungs(kernels[first + PLAN_ROW], kernels[first + ABOUT_ROW], machine, kernels[first + ON_ROW])
    work[BEST_ROW][GIVEN_RUNG] = recalled(
        kernels[first + LADDER_ROW], kernels[first + ON_ROW], kernels[first + LAST_ROW], work[WAITING_ROW]
    )
    ended = best_rung(
        kernels[first + LADDER_ROW],
        kernels[first + SIDES_ROW],
        kernels[first + WAYS_ROW],
        kernels[first + ON_ROW],
        work[WAITING_ROW],
        space,
        kernels[first + PLAN_ROW],
        work[ORDER_ROW],
        work[SIZES_ROW],
        work[ROOM_ROW],
        work[FOUND_ROW],
        work[BEST_ROW],
    )
    if ended == NONE_LEFT and work[BEST_ROW][BEST_RUNG] < 0:
        return smallest_tile(kernels[first + PLAN_ROW], work[ORDER_ROW], work[SIZES_ROW])
    if ended == NONE_LEFT:
        remember(kernels[first + LADDER_ROW], kernels[first + LAST_ROW], work[BEST_ROW][BEST_RUNG])
        schedule(
            kernels[first + SIDES_ROW],
            kernels[first + WAYS_ROW],
            kernels[first + LADDER_ROW],
            work[BEST_ROW][BEST_RUNG],
            kernels[first + PLAN_ROW][LOOPS],
            work[ORDER_ROW],
            work[SIZES_ROW],
        )
    return ended


def nothing_best(best: list[int]) -> int:
    """Before anything is priced."""
    best[BEST_CYCLES], best[BEST_BITS], best[BEST_RUNG] = -1, -1, -1
    return -1


def limits_of_rungs(plan: list[int], about: list[int], machine: list[int], on: list[int]) -> int:
    """Writes what a machine changes into the row that bounds of rungs read: what fits, in elements, fill, ports."""
    # Half of 64 Kibit are 32,768 bits, 4,096 weights of 8.
    hold, bits = BUFFERS_HOLD, ELEMENT_BITS
    on[FILLED] = machine[ARRAY_FILL]
    on[WEIGHTS_FIT] = machine[hold + WEIGHT_OPERAND] // about[bits + WEIGHT_OPERAND]
    on[IFMAP_FITS] = machine[hold + IFMAP_OPERAND] // about[bits + IFMAP_OPERAND]
    on[PSUM_FITS] = machine[hold + PSUM_OPERAND] // about[bits + PSUM_OPERAND]
    on[BIAS_FITS] = machine[hold + BIAS_OPERAND]
    for stream in range(plan[STREAMS]):
        row, port = STREAM_ROWS + stream * STREAM, -1
        if plan[row + 5] == COMPLETE:
            port = RESULT_PORT
        if plan[row + 5] == NEW and plan[row] == WEIGHT_OPERAND:
            port = WEIGHT_PORT
        if plan[row + 5] == NEW and plan[row] == IFMAP_OPERAND:
            port = IFMAP_PORT
        if port >= 0:
            on[port], on[port + 1] = plan[row + 3], plan[row + 4]
    return on[FILLED]


def climb_lanes(kernels: list[list[int]], first: int, machine: list[int], work: list[list[int]], space: int) -> int:
    """As `climb_array`, of a program. Its ladder is filled anew for another number of lanes than before."""
    if kernels[first + WAYS_ROW][0] != machine[LANES]:
        # Nobody may find half of one, should this fail.
        kernels[first + WAYS_ROW][0] = 0
        fill_lanes(kernels[first + PLAN_ROW], kernels[first + SIDES_ROW], kernels[first + LADDER_ROW])
        kernels[first + WAYS_ROW][0] = machine[LANES]
    if kernels[first + LADDER_ROW][SIDE_WAYS] > space:
        return NO_ROOM
    kernels[first + ON_ROW][MEMORY_BITS] = machine[MEMORY_HOLDS]
    return climb_cuts(kernels[first + PLAN_ROW], kernels[first + LADDER_ROW], kernels[first + ON_ROW], work, space)


def climb_cuts(plan: list[int], ladder: list[int], on: list[int], work: list[list[int]], space: int) -> int:
    """The ladder being filled."""
    for loop in range(plan[LOOPS]):
        work[ORDER_ROW][loop] = loop
    begin_cuts(ladder, plan, on, work[WAITING_ROW], space, work[SIZES_ROW])
    ended = best_cut(
        ladder,
        plan,
        on,
        work[WAITING_ROW],
        space,
        work[ORDER_ROW],
        work[SIZES_ROW],
        work[ROOM_ROW],
        work[FOUND_ROW],
        work[BEST_ROW],
    )
    rung = work[BEST_ROW][BEST_RUNG]
    if ended == NONE_LEFT and rung < 0:
        return smallest_tile(plan, work[ORDER_ROW], work[SIZES_ROW])
    if ended == NONE_LEFT:
        cut_sizes(ladder, plan, rung // ladder[LANE_STEPS], rung % ladder[LANE_STEPS], work[SIZES_ROW])
    return ended


def smallest_tile(plan: list[int], order: list[int], sizes: list[int]) -> int:
    """Where no rung fits: one array of what lies along it, one iteration of all other loops."""
    # A 3x3 convolution of 64 channels on 16 x 16 PEs: ic 16, oc 16, kh, kw, oh, ow 1.
    for loop in range(plan[LOOPS]):
        row = LOOP_ROWS + loop * LOOP
        order[loop], sizes[loop] = loop, min(plan[row + 2], plan[row + 1])
    return NONE_LEFT
