"""A vector program on a machine as whole numbers, and its nests cut into tiles.

Its plan begins as a contraction's (`tiles.py`), with the loops of all nests and a stream for each way in which an
operand moves. The nests run one after the other, each cut along the loops that it has.
"""

from __future__ import annotations

from typing import Final

from .tiles import (
    COUNT,
    CUT,
    FULL,
    INNER,
    LAST,
    LOOP,
    LOOP_ROWS,
    LOOPS,
    MOST_CUT,
    MOST_STREAMS,
    PLAN,
    SLOT,
    STREAM,
    STREAM_ROWS,
    TABLES,
    cut_loop,
    full_elements,
    moved,
    size_of,
)

# Beside what a contraction's plan has: number of nests, cycles that an instruction waits for the one before, whether
# tiles load beside others; behind the streams where the rows of nests begin. FILL is what a tile takes beside its
# instructions. The width of a loop is the number of lanes along it.
NESTS: Final = 4
WAIT: Final = 6
DOUBLED: Final = 7
MOST_NESTS: Final = 16
MOST_BLOCKS: Final = 32
"""Most of one nest: which of them run in a tile are bits of a number, which no shift may leave."""
# Of each nest: its loops, as bits; its streams, from one to before another; its blocks, pairs of these (`waiting.py`),
# what it holds in memory (operand and bits) and what of that may not leave it, of each how many and where; bits of
# vectors beside these; the loops that must stay whole, as bits.
NEST_ROWS: Final = PLAN
NEST: Final = 13
NEST_LOOPS: Final = 0
FIRST_STREAM: Final = 1
END_STREAM: Final = 2
BLOCKS: Final = 3
BLOCKS_AT: Final = 4
PAIRS: Final = 5
PAIRS_AT: Final = 6
HELD: Final = 7
HELD_AT: Final = 8
SCRATCH: Final = 9
SCRATCH_AT: Final = 10
VECTOR_BITS: Final = 11
KEPT_WHOLE: Final = 12
# Of each block: its loops, as bits; whether it runs at the first tile of all others, else at the last; cycles of its
# instructions, and to set their loops up; the loops that run for one instruction, as bits; how many instructions it
# has, bits that a lane reads and writes with each issue, immediates.
BLOCK: Final = 8
BLOCK_LOOPS: Final = 0
AT_START: Final = 1
BLOCK_CYCLES: Final = 2
SET_UP: Final = 3
INSIDE_LOOPS: Final = 4
BLOCK_COUNTS: Final = 5


def cut_nest(plan: list[int], order: list[int], sizes: list[int], room: list[int], nest: int) -> int:
    """Cuts the loops of a nest and numbers those with several tiles. Gives how many these are."""
    room[CUT] = 0
    for place in range(plan[LOOPS]):
        room[SLOT + order[place]] = -1
        if (plan[nest + NEST_LOOPS] >> order[place]) & 1:
            cut_loop(plan, order[place], sizes[place], room)
    if room[CUT] <= MOST_CUT:
        for stream in range(plan[nest + FIRST_STREAM], plan[nest + END_STREAM]):
            moved(plan, plan[STREAM_ROWS + stream * STREAM], room, stream)
            for entry in range(1 << room[CUT]):
                room[TABLES + ((stream + 1) << room[CUT]) + entry] = -1
    return room[CUT]


def cannot_run(plan: list[int], room: list[int], nest: int) -> int:
    """Whether a loop is cut that must be whole, or the order leaves what is in memory only before it is complete."""
    # sum[c] over h, both cut. Order c, h: sum has slot 0, h runs through before c steps. Order h, c: sum has slot 1 and
    # lacks 0, so c steps while h has more to add.
    if slots_along(plan, room, plan[nest + KEPT_WHOLE]):
        return 1
    for place in range(plan[nest + SCRATCH]):
        # Room for one operand more is behind those of the streams.
        own = moved(plan, plan[plan[nest + SCRATCH_AT] + place], room, MOST_STREAMS)
        if own and own != (2 << room[INNER + MOST_STREAMS]) - 1:
            return 1
    return 0


def slots_along(plan: list[int], room: list[int], loops: int) -> int:
    """The slots of these loops, as bits."""
    slots = 0
    if loops:
        for loop in range(plan[LOOPS]):
            if (loops >> loop) & 1 and room[SLOT + loop] >= 0:
                slots = slots | (1 << room[SLOT + loop])
    return slots


def needed(plan: list[int], room: list[int], nest: int) -> int:
    """Bits of the largest tiles of all that a nest holds, and of its vectors."""
    bits = plan[nest + VECTOR_BITS]
    for place in range(plan[nest + HELD]):
        held = plan[nest + HELD_AT] + 2 * place
        bits = bits + full_elements(plan, plan[held], room) * plan[held + 1]
    return bits


def tiles_along(room: list[int], loop: int) -> int:
    """How many tiles a loop is cut into."""
    slot = room[SLOT + loop]
    return room[COUNT + slot] if slot >= 0 else 1


def issues_in_full(plan: list[int], room: list[int], loop: int) -> int:
    """Vector instructions along a loop in each of its tiles but the last."""
    return -(-room[FULL + loop] // plan[LOOP_ROWS + loop * LOOP + 2])


def issues_in_last(plan: list[int], room: list[int], loop: int) -> int:
    """And in that one."""
    return -(-room[LAST + loop] // plan[LOOP_ROWS + loop * LOOP + 2])


def issues_of_kind(plan: list[int], room: list[int], loop: int, kind: int) -> int:
    """In a tile of this kind."""
    return -(-size_of(room, loop, kind) // plan[LOOP_ROWS + loop * LOOP + 2])


def issues_along(plan: list[int], room: list[int], loop: int) -> int:
    """In all tiles together."""
    # 40 channels in tiles of 16, 16, 8 on 8 lanes: 2 + 2 + 1 = 5; 5 rows: 5.
    full = issues_in_full(plan, room, loop)
    return (tiles_along(room, loop) - 1) * full + issues_in_last(plan, room, loop)
