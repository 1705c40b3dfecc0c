"""What `lanes.sv` is built as, and the words that it reads: settings and code for a schedule, then commands."""

from __future__ import annotations

LANES = 6
DEPTH = 16384
"""Rows of vector memory."""
MOST = 128
"""Elements that cross the port in a cycle."""
LOOPS = 8
OPERANDS = 24
GUARDS = 8
CODE = 512
IMMEDIATES = 256
STAGES = 6
SUMS = OPERANDS + GUARDS + 2
SETTINGS = 24
KIND_AT, BITS_AT, ELEMENTS_AT, WIDTH_AT, WHOLE_AT, REST_AT, MOVED_STAMP_AT = range(7)
CODE_AT, CODE_COUNT_AT, BEGINS_AT, ENDS_AT, LANE_LOW_AT, LANE_HIGH_AT, MOVED_INITIAL_AT, PART_LIMIT_AT = range(7, 15)
STAMP_AT = 16
INITIAL_AT = STAMP_AT + OPERANDS
LIMIT_AT = INITIAL_AT + OPERANDS
BOUND_AT = LIMIT_AT + GUARDS
SUM_AT = BOUND_AT + LOOPS
MOVE_AT = SUM_AT + SUMS
FIELDS = MOVE_AT + SUMS * LOOPS
BRING, TAKE, RUN = 0, 1, 2
OPCODES = (
    *("add", "sub", "mul", "max", "min", "compare", "conditional_move", "move"),
    *("div", "exp", "inv_sqrt", "log", "sqrt", "mac"),
)
COUNTERS: tuple[str, ...] = (
    "cycles.total",
    "cycles.compute",
    "busy.simd_port",
    "dram_bits.ifmap",
    "dram_bits.ofmap",
    "sram_bits.vmem",
    "sram_bits.imm",
    "sram_bits.insmem",
)
COUNTS = 9
"""Words that the lanes count in; the last are instructions."""
NO_LANE = 0xFFFFFFFE
NOWHERE = 0xFFFFFFFF
"""The place of an element that is not in DRAM, and the lane of one that is in all lanes."""


def parameters() -> dict[str, int]:
    """What `lanes.sv` is given as it is built."""
    sizes = {"LANES": LANES, "DEPTH": DEPTH, "MOST": MOST, "LOOPS": LOOPS, "OPERANDS": OPERANDS}
    return {**sizes, "GUARDS": GUARDS, "CODE": CODE, "IMMEDIATES": IMMEDIATES}
