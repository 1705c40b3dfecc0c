"""A tiled vector program priced: its cycles, what it moves, and what it needs of the vector memory."""

from __future__ import annotations

from typing import Final

from .beside import hidden_cycles
from .price import alike, transfers
from .program import (
    BLOCK,
    BLOCK_COUNTS,
    BLOCK_CYCLES,
    BLOCK_LOOPS,
    BLOCKS,
    BLOCKS_AT,
    END_STREAM,
    FIRST_STREAM,
    INSIDE_LOOPS,
    MOST_NESTS,
    NEST,
    NEST_ROWS,
    NESTS,
    SET_UP,
    WAIT,
    cannot_run,
    cut_nest,
    issues_along,
    needed,
    slots_along,
    tiles_along,
)
from .tiles import (
    COMPUTE,
    COUNT,
    CUT,
    FILL,
    INNER,
    LOOPS,
    MOST_CUT,
    MOST_STREAMS,
    MOVED,
    PORTS,
    RESUMED,
    STREAM,
    STREAM_ROWS,
    TOTAL,
    elements,
    elements_once,
)
from .waiting import waited

# `found`: TOTAL, COMPUTE, bits of all streams; instructions, bits that a lane reads and writes, immediates; then bits
# by stream, cycles by port, bits of memory by nest.
ALL_BITS: Final = 2
COUNTS: Final = 3
STREAM_BITS: Final = 6
PORT_CYCLES: Final = STREAM_BITS + MOST_STREAMS
NEEDS: Final = PORT_CYCLES + 8
PROGRAM_FOUND: Final = NEEDS + MOST_NESTS

TOO_FINE: Final = 1
REFUSED: Final = 2


def price_program(plan: list[int], order: list[int], sizes: list[int], room: list[int], found: list[int]) -> int:
    """The program with its loops, outermost first, in tiles of `sizes`. 0; TOO_FINE where it is cut along too many
    loops to be priced here, REFUSED where it cannot be run so, whatever the memory."""
    compute, moving = 0, 0
    for place in range(NEEDS):
        found[place] = 0
    for number in range(plan[NESTS]):
        nest = NEST_ROWS + number * NEST
        if cut_nest(plan, order, sizes, room, nest) > MOST_CUT:
            return TOO_FINE
        if cannot_run(plan, room, nest):
            return REFUSED
        found[NEEDS + number] = needed(plan, room, nest)
        # 3 tiles with 10 issues each of a 4-cycle sequence, 20 cycles of fill: 3 * (10 * 4 + 20) = 180 cycles.
        tiles = 1
        for slot in range(room[CUT]):
            tiles = tiles * room[COUNT + slot]
        compute = compute + tiles * plan[FILL] + count_code(plan, room, nest, found)
        if plan[WAIT]:
            compute = compute + waited(plan, room, nest) * plan[WAIT]
        for stream in range(plan[nest + FIRST_STREAM], plan[nest + END_STREAM]):
            move_stream(plan, room, stream, found)
        hidden = hidden_cycles(plan, room, nest)
        if hidden < 0:
            return TOO_FINE
        moving = moving - hidden
    # Load, compute and store take turns: every port's time is stall, but for what tiles hide that load beside others.
    for port in range(plan[PORTS]):
        moving = moving + found[PORT_CYCLES + port]
    found[COMPUTE], found[TOTAL] = compute, compute + moving
    return 0


def count_code(plan: list[int], room: list[int], nest: int, found: list[int]) -> int:
    """Cycles of all instructions of a nest, and of what sets their loops up; counts them."""
    # sum = add(sum, x), sums of 32 and x of 8 bits, issued 5 times: a lane reads and writes 5 * (32 + 32 + 8) bits.
    cycles = 0
    for number in range(plan[nest + BLOCKS]):
        block, issues, loops = plan[nest + BLOCKS_AT] + number * BLOCK, 1, 1
        for loop in range(plan[LOOPS]):
            if (plan[block + BLOCK_LOOPS] >> loop) & 1:
                along = issues_along(plan, room, loop)
                issues = issues * along
                loops = loops * (tiles_along(room, loop) if (plan[block + INSIDE_LOOPS] >> loop) & 1 else along)
        cycles = cycles + issues * plan[block + BLOCK_CYCLES] + loops * plan[block + SET_UP]
        for count in range(3):
            found[COUNTS + count] = found[COUNTS + count] + issues * plan[block + BLOCK_COUNTS + count]
    return cycles


def shared_slots(plan: list[int], room: list[int], stream: int) -> int:
    """Along which cut loops tiles of a result that is loaded again overlap."""
    # Only the first along these loops begins anew. dx[2*oh + kh] with kh 0 .. 2 and oh in 3 tiles of 2: rows 0 .. 4,
    # 4 .. 8, 8 .. 12. The second tile finds row 4 begun by the first and loads all its 5 rows; the first loads none.
    row = STREAM_ROWS + stream * STREAM
    return slots_along(plan, room, plan[row + 6]) & room[MOVED + stream] if plan[row + 5] == RESUMED else 0


def times_moved(plan: list[int], room: list[int], stream: int, shared: int) -> int:
    """How often each tile of a stream moves, the first of those that overlap along `shared` loops as well."""
    times = 1
    for slot in range(room[INNER + stream]):
        if not (room[MOVED + stream] >> slot) & 1:
            times = times * room[COUNT + slot]
    # A result in use 3 times is loaded twice, for at first there is nothing of it.
    return times - 1 if plan[STREAM_ROWS + stream * STREAM + 5] == RESUMED and not shared else times


def move_stream(plan: list[int], room: list[int], stream: int, found: list[int]) -> int:
    """Bits and cycles of all tiles of a stream, as often as they move."""
    row, own = STREAM_ROWS + stream * STREAM, room[MOVED + stream]
    operand, bits, port = plan[row], plan[row + 1], PORT_CYCLES + plan[row + 2]
    shared = shared_slots(plan, room, stream)
    times = times_moved(plan, room, stream, shared)
    if not times:
        return 0
    moving = times * elements_once(plan, operand, room)
    cycles = times * transfers(plan, room, stream, 0)
    if shared:
        cycles = cycles - transfers(plan, room, stream, shared)
        for kind in range(1 << room[CUT]):
            if kind & ~own == 0 and kind & shared == 0:
                moving = moving - alike(room, own & ~shared, kind) * elements(plan, operand, room, kind)
    found[STREAM_BITS + stream] = moving * bits
    found[ALL_BITS] = found[ALL_BITS] + moving * bits
    found[port] = found[port] + cycles
    return cycles
