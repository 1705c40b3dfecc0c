"""Machines and kernels in rows, and what of a kernel's plan a machine changes: so much is written into it in place."""

from __future__ import annotations

from typing import Final

from .program import DOUBLED, NEST, NEST_ROWS, NESTS, VECTOR_BITS
from .tiles import FILL, LOOP, LOOP_ROWS, MOST_STREAMS, STREAM, STREAM_ROWS, STREAMS

# A machine: PEs along the rows and the columns, cycles to fill the array; lanes, cycles to fill them, whether tiles
# load beside others; bits of a temporary and of an instruction; bits that vector memory holds at a time; bits per cycle
# of the port of the lanes as a fraction. Then, by operand as plans number them (ifmap, weight, psum, bias), what its
# buffer holds at a time, in bits; elements of weight, ifmap, psum, bias that a step moves; bits per cycle of each port.
HEIGHT: Final = 0
BREADTH: Final = 1
ARRAY_FILL: Final = 2
LANES: Final = 3
LANES_FILL: Final = 4
LANES_DOUBLED: Final = 5
LANE_BITS: Final = 6
INSTRUCTION_BITS: Final = 7
MEMORY_HOLDS: Final = 8
LANES_RATE: Final = 9
BUFFERS_HOLD: Final = 11
STEP_ELEMENTS: Final = 15
PORT_RATES: Final = 19
IFMAP_OPERAND: Final = 0
WEIGHT_OPERAND: Final = 1
PSUM_OPERAND: Final = 2
BIAS_OPERAND: Final = 3

# What a plan does not say of its kernel: whether it is a program; bits in use, by traffic (`DramBits`); as which
# traffic each stream counts.
IS_PROGRAM: Final = 0
USED_BITS: Final = 1
TRAFFIC: Final = 6
# Of a contraction: its loops along rows and columns; the loop that has the array's height to itself (-1: none), and
# whether it is rounded up to that, the same of the width; loops by what greedy tilings take them for, as bits;
# multiply-accumulates that are useful; bits of an element by operand.
ROW_LOOP: Final = TRAFFIC + MOST_STREAMS
COLUMN_LOOP: Final = ROW_LOOP + 1
HIGH_LOOP: Final = ROW_LOOP + 2
HIGH_PADDED: Final = ROW_LOOP + 3
WIDE_LOOP: Final = ROW_LOOP + 4
WIDE_PADDED: Final = ROW_LOOP + 5
SUMMED_WINDOW: Final = ROW_LOOP + 6
REUSING_IMAGE: Final = ROW_LOOP + 7
REUSING_BATCH: Final = ROW_LOOP + 8
GROUP_LOOPS: Final = ROW_LOOP + 9
USEFUL_MACS: Final = ROW_LOOP + 10
ELEMENT_BITS: Final = ROW_LOOP + 11
ABOUT_ARRAY: Final = ROW_LOOP + 15
# Of a program: the loop along the lanes, whether it is rounded up to whole vectors; loops by what greedy tilings take
# them for, as bits; whether an operand has one value per channel; vectors of temporaries by nest; how many other loops
# there are, and of each its number, whether it runs over a batch, the nests that have it, as bits.
ALONG_LANES: Final = ROW_LOOP
LANES_PADDED: Final = ROW_LOOP + 1
SLIDING_WINDOW: Final = ROW_LOOP + 2
WHOLE_LOOPS: Final = ROW_LOOP + 3
IMAGE_LOOPS: Final = ROW_LOOP + 4
PER_CHANNEL: Final = ROW_LOOP + 5
NEST_VECTORS: Final = ROW_LOOP + 6
OTHERS: Final = NEST_VECTORS + 16
OTHER_ROWS: Final = OTHERS + 1
OTHER: Final = 3

# A kernel has seven rows behind each other in a table of them: what a plan does not say, the plan; the machine as
# bounds of rungs read it; its ladder, what that is made of, the schedules of its rungs (of a program: for how many
# lanes); the rungs that were the best lately (`recent.py`).
ABOUT_ROW: Final = 0
PLAN_ROW: Final = 1
ON_ROW: Final = 2
LADDER_ROW: Final = 3
SIDES_ROW: Final = 4
WAYS_ROW: Final = 5
LAST_ROW: Final = 6
KERNEL_ROWS: Final = 7
# A table of what is worked in: the order of loops, tile sizes in that order, room and `found` of prices, what waits to
# be climbed to, the best so far.
ORDER_ROW: Final = 0
SIZES_ROW: Final = 1
ROOM_ROW: Final = 2
FOUND_ROW: Final = 3
WAITING_ROW: Final = 4
BEST_ROW: Final = 5


def on_machine(plan: list[int], about: list[int], machine: list[int]) -> int:
    """Writes all that depends on the machine into a plan. Gives its number of streams."""
    if about[IS_PROGRAM]:
        on_lanes(plan, about, machine)
    else:
        on_array(plan, about, machine)
    return plan[STREAMS]


def on_array(plan: list[int], about: list[int], machine: list[int]) -> int:
    """Of a contraction."""
    plan[FILL] = machine[ARRAY_FILL]
    widen(plan, about[HIGH_LOOP], machine[HEIGHT], about[HIGH_PADDED])
    widen(plan, about[WIDE_LOOP], machine[BREADTH], about[WIDE_PADDED])
    for stream in range(plan[STREAMS]):
        row = STREAM_ROWS + stream * STREAM
        rate = PORT_RATES + 2 * plan[row + 2]
        plan[row + 3], plan[row + 4] = machine[rate], machine[rate + 1]
    return plan[FILL]


def on_lanes(plan: list[int], about: list[int], machine: list[int]) -> int:
    """Of a program."""
    plan[FILL], plan[DOUBLED] = machine[LANES_FILL], machine[LANES_DOUBLED]
    widen(plan, about[ALONG_LANES], machine[LANES], about[LANES_PADDED])
    for stream in range(plan[STREAMS]):
        row = STREAM_ROWS + stream * STREAM
        plan[row + 3], plan[row + 4] = machine[LANES_RATE], machine[LANES_RATE + 1]
    for number in range(plan[NESTS]):
        bits = about[NEST_VECTORS + number] * machine[LANES] * machine[LANE_BITS]
        plan[NEST_ROWS + number * NEST + VECTOR_BITS] = bits
    return plan[FILL]


def widen(plan: list[int], loop: int, width: int, padded: int) -> int:
    """So many PEs along a loop, which is stored as whole arrays if it is `padded`. Gives its bound on the machine."""
    # 20 channels on 16 rows are stored as 32.
    if loop < 0:
        return 0
    row = LOOP_ROWS + loop * LOOP
    plan[row + 1], plan[row + 2] = -(-plan[row] // width) * width if padded else plan[row], width
    return plan[row + 1]
