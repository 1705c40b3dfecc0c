"""What a kernel costs as one row, as `Cost` has it, and what every such row satisfies, as `exact/laws.py` has that."""

from __future__ import annotations

from typing import Final

from .lanes import COUNTS, NEEDS, PORT_CYCLES, STREAM_BITS
from .packed import (
    BIAS_OPERAND,
    BREADTH,
    BUFFERS_HOLD,
    ELEMENT_BITS,
    HEIGHT,
    IFMAP_OPERAND,
    INSTRUCTION_BITS,
    IS_PROGRAM,
    LANE_BITS,
    LANES,
    LANES_DOUBLED,
    MEMORY_HOLDS,
    PSUM_OPERAND,
    STEP_ELEMENTS,
    TRAFFIC,
    USED_BITS,
    USEFUL_MACS,
    WEIGHT_OPERAND,
)
from .price import moved_bits
from .program import NESTS
from .tiles import COMPUTE, LARGEST, OPERANDS, OUTPUTS, PORTS, STEPS, STREAMS, TOTAL, TRANSFERS, VISITS

# A cost: cycles that compute and that do not; DRAM bits by traffic; SRAM bits by memory; multiply-accumulates that the
# array executes; busy cycles of the array and of each port: the fields of `Cost` in their order.
COST_COMPUTE: Final = 0
COST_STALL: Final = 1
COST_DRAM: Final = 2
COST_SRAM: Final = 7
COST_EXECUTED: Final = 14
COST_BUSY: Final = 15
COST: Final = 20
SIMD_PORT: Final = 4


def lacks_room(plan: list[int], about: list[int], machine: list[int], found: list[int]) -> int:
    """Whether the largest tile of an operand is more than its buffer holds at a time."""
    for operand in range(plan[OPERANDS]):
        if found[LARGEST + operand] * about[ELEMENT_BITS + operand] > machine[BUFFERS_HOLD + operand]:
            return 1
    return 0


def lacks_memory(plan: list[int], machine: list[int], found: list[int]) -> int:
    """Whether the tiles of a nest are together more than the vector memory holds at a time."""
    for number in range(plan[NESTS]):
        if found[NEEDS + number] > machine[MEMORY_HOLDS]:
            return 1
    return 0


def cost_of_array(
    plan: list[int], about: list[int], machine: list[int], found: list[int], cost: list[int], at: int
) -> int:
    """Writes the cost of a contraction into a row at `at`."""
    for column in range(COST):
        cost[at + column] = 0
    steps, sums = found[STEPS], 2 * found[VISITS] - found[OUTPUTS]
    cost[at + COST_COMPUTE], cost[at + COST_STALL] = found[COMPUTE], found[TOTAL] - found[COMPUTE]
    for stream in range(plan[STREAMS]):
        to = at + COST_DRAM + about[TRAFFIC + stream]
        cost[to] = cost[to] + moved_bits(plan, found, stream)
    sram, bits = at + COST_SRAM, ELEMENT_BITS
    cost[sram] = steps * machine[STEP_ELEMENTS] * about[bits + WEIGHT_OPERAND]
    cost[sram + 1] = steps * machine[STEP_ELEMENTS + 1] * about[bits + IFMAP_OPERAND]
    cost[sram + 2] = sums * machine[STEP_ELEMENTS + 2] * about[bits + PSUM_OPERAND]
    # Without a bias it has no bits.
    cost[sram + 3] = found[OUTPUTS] * machine[STEP_ELEMENTS + 3] * about[bits + BIAS_OPERAND]
    cost[at + COST_EXECUTED] = steps * machine[HEIGHT] * machine[BREADTH]
    cost[at + COST_BUSY] = found[COMPUTE]
    for port in range(plan[PORTS]):
        cost[at + COST_BUSY + 1 + port] = found[TRANSFERS + port]
    return at


def cost_of_lanes(
    plan: list[int], about: list[int], machine: list[int], found: list[int], cost: list[int], at: int
) -> int:
    """Of a program."""
    for column in range(COST):
        cost[at + column] = 0
    cost[at + COST_COMPUTE], cost[at + COST_STALL] = found[COMPUTE], found[TOTAL] - found[COMPUTE]
    for stream in range(plan[STREAMS]):
        to = at + COST_DRAM + about[TRAFFIC + stream]
        cost[to] = cost[to] + found[STREAM_BITS + stream]
    sram = at + COST_SRAM + 4
    cost[sram] = found[COUNTS + 1] * machine[LANES]
    cost[sram + 1] = found[COUNTS + 2] * machine[LANE_BITS]
    cost[sram + 2] = found[COUNTS] * machine[INSTRUCTION_BITS]
    cost[at + COST_BUSY], cost[at + COST_BUSY + SIMD_PORT] = found[COMPUTE], found[PORT_CYCLES]
    return at


def breaks_law(plan: list[int], about: list[int], machine: list[int], cost: list[int], at: int) -> int:
    """Whether it is a cost that no schedule has: more than one thing at a time, or less moved than is used."""
    compute, stall, array, sram = cost[at + COST_COMPUTE], cost[at + COST_STALL], at + COST_BUSY, at + COST_SRAM
    # Written out: each cost of each layer is held to this, and in plain Python loops take three times as long.
    weights, inputs, sums, vectors = cost[array + 1], cost[array + 2], cost[array + 3], cost[array + SIMD_PORT]
    busiest = max(0, cost[array], weights, inputs, sums, vectors)
    busy = cost[array] + weights + inputs + sums + vectors
    least = min(stall, cost[sram], cost[sram + 1], cost[sram + 2], cost[sram + 3])
    if min(least, cost[sram + 4], cost[sram + 5], cost[sram + 6]) < 0:
        return 1
    for traffic in range(5):
        if cost[at + COST_DRAM + traffic] < about[USED_BITS + traffic]:
            return 1
    if about[IS_PROGRAM]:
        port = busy - compute
        hidden = compute if machine[LANES_DOUBLED] else 0
        return 1 if port - hidden > stall or stall > port else 0
    executed, trip = cost[at + COST_EXECUTED], 2 * about[ELEMENT_BITS + PSUM_OPERAND]
    if busiest > compute + stall or compute + stall > busy or vectors:
        return 1
    if about[USEFUL_MACS] > executed or executed > machine[HEIGHT] * machine[BREADTH] * compute:
        return 1
    return 1 if cost[at + COST_DRAM + 2] % trip else 0
