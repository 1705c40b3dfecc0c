"""What `machine.sv` is built as, and the words that it reads: one list for a schedule, one for each tile."""

from __future__ import annotations

ROWS = COLUMNS = 6
PORT_BITS = 512
LOOPS = 12
GUARDS = 4
WIDTHS = (4, 8, 16, 32)
"""Of elements; sums have 8, 16 or 32."""
SUM_WIDTHS = (8, 16, 32)
WEIGHT_LOADS = ("resident", "hidden", "exposed")
LINE_BITS = {"weight": 1024, "ifmap": 512, "bias": 512, "psum": 2048}
"""What a half buffer gives in a cycle."""
HALF_BITS = {"weight": 1 << 20, "ifmap": 1 << 20, "bias": 1 << 18, "psum": 1 << 20}
SUMS = 6 + GUARDS
SETTINGS = 16
SUM_AT = 20
LIMIT_AT = SUM_AT + SUMS
BOUND_AT = LIMIT_AT + GUARDS
MOVE_AT = BOUND_AT + LOOPS
FIELDS = MOVE_AT + SUMS * LOOPS
COUNTERS: tuple[str, ...] = (
    "cycles.total",
    "cycles.compute",
    "busy.weight_port",
    "busy.ifmap_port",
    "busy.psum_port",
    "dram_bits.weight",
    "dram_bits.ifmap",
    "dram_bits.psum",
    "dram_bits.ofmap",
    "dram_bits.bias",
    "sram_bits.wbuf",
    "sram_bits.ibuf",
    "sram_bits.obuf",
    "sram_bits.bbuf",
    "steps",
)
COUNTS = 17
"""Words that the machine counts in; more than there are counters."""


def parameters() -> dict[str, int]:
    """What `machine.sv` is given as it is built."""
    names = {role: f"{role.upper()}_WORD" for role in LINE_BITS}
    words = {name: LINE_BITS[role] for role, name in names.items()}
    depths = {f"{name}S": HALF_BITS[role] // LINE_BITS[role] for role, name in names.items()}
    return {"ROWS": ROWS, "COLUMNS": COLUMNS, "PORT": PORT_BITS, "LOOPS": LOOPS, **words, **depths}
