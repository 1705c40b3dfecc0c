"""A tiled contraction priced: its cycles, and whatever else a cost has."""

from __future__ import annotations

from .segments import walk
from .tiles import (
    COMPLETE,
    COMPUTE,
    COUNT,
    CUT,
    INNER,
    LARGEST,
    MOST_CUT,
    MOVED,
    MOVES,
    NEW,
    OPERANDS,
    PORTS,
    RESULT,
    STREAM,
    STREAM_ROWS,
    STREAMS,
    SUMS,
    TABLES,
    TOTAL,
    TRANSFERS,
    carried,
    count_steps,
    cut,
    elements_once,
    full_elements,
    moved,
)


def price(plan: list[int], order: list[int], sizes: list[int], room: list[int], found: list[int], known: int) -> int:
    """The contraction with its loops, outermost first, in tiles of `sizes`: its cycles, which may be `known` (-1: they
    are not), and all else that `found` has. 0, or 1 where it is cut along too many loops to be priced here."""
    if cut_tiles(plan, order, sizes, room):
        return 1
    count_steps(plan, room, found)
    found[TOTAL] = walk(plan, room, found[COMPUTE], -1) if known < 0 else known
    for operand in range(plan[OPERANDS]):
        found[LARGEST + operand] = full_elements(plan, operand, room)
    dram_bits(plan, room, found)
    for port in range(plan[PORTS]):
        found[TRANSFERS + port] = 0
    for stream in range(plan[STREAMS]):
        port = TRANSFERS + plan[STREAM_ROWS + stream * STREAM + 2]
        cycles = found[MOVES + 2 * stream] * transfers(plan, room, stream, 0)
        found[port] = found[port] + cycles
    return 0


def price_within(
    plan: list[int], order: list[int], sizes: list[int], room: list[int], found: list[int], most: int
) -> int:
    """As `price`, but cycles alone, and of what takes more than `most` (-1: any number) only that it does."""
    if cut_tiles(plan, order, sizes, room):
        return 1
    count_steps(plan, room, found)
    found[TOTAL] = walk(plan, room, found[COMPUTE], most)
    return 0


def cut_tiles(plan: list[int], order: list[int], sizes: list[int], room: list[int]) -> int:
    """Leaves in `room` which tiles there are and what moves them, and that nothing is known of them. 0, or 1 where
    they are cut along too many loops."""
    if cut(plan, order, sizes, room) > MOST_CUT:
        return 1
    for stream in range(plan[STREAMS]):
        moved(plan, plan[STREAM_ROWS + stream * STREAM], room, stream)
    kinds = 1 << room[CUT]
    room[SUMS] = (kinds - 1) & ~moved(plan, plan[RESULT], room, plan[STREAMS])
    for entry in range((plan[STREAMS] + 1) * kinds):
        room[TABLES + entry] = -1
    return 0


def dram_bits(plan: list[int], room: list[int], found: list[int]) -> int:
    """Of all streams together, of a contraction that was priced; what each has is in `found`."""
    bits = 0
    for stream in range(plan[STREAMS]):
        count_stream(plan, room, found, stream)
        bits = bits + moved_bits(plan, found, stream)
    return bits


def count_stream(plan: list[int], room: list[int], found: list[int], stream: int) -> int:
    """How often all tiles of a stream move, and the elements that they have."""
    # Walk oc 4 tiles, ic 2, oh 8: ifmap[ic, oh] comes into use 4 times, a result of [oc, oh] twice: then it is resumed
    # once, leaves once as partial sum and once complete.
    times, when = 1, plan[STREAM_ROWS + stream * STREAM + 5]
    for slot in range(room[INNER + stream]):
        if not (room[MOVED + stream] >> slot) & 1:
            times = times * room[COUNT + slot]
    if when != NEW:
        times = 1 if when == COMPLETE else times - 1
    found[MOVES + 2 * stream] = times
    found[MOVES + 2 * stream + 1] = elements_once(plan, plan[STREAM_ROWS + stream * STREAM], room)
    return times


def moved_bits(plan: list[int], found: list[int], stream: int) -> int:
    """What crosses a port as this stream."""
    moves = MOVES + 2 * stream
    return found[moves] * found[moves + 1] * plan[STREAM_ROWS + stream * STREAM + 1]


def transfers(plan: list[int], room: list[int], stream: int, firsts: int) -> int:
    """Cycles to move all tiles of a stream once; along the slots `firsts` the first tiles alone."""
    cycles, own = 0, room[MOVED + stream]
    for kind in range(1 << room[CUT]):
        if kind & ~own == 0 and kind & firsts == 0:
            cycles = cycles + alike(room, own & ~firsts, kind) * carried(plan, room, stream, kind)
    return cycles


def alike(room: list[int], slots: int, kind: int) -> int:
    """How many tiles there are of a kind along these slots."""
    # 4 and 3 tiles, last along the second: 3 of them.
    many = 1
    for slot in range(room[CUT]):
        if (slots >> slot) & 1 and not (kind >> slot) & 1:
            many = many * (room[COUNT + slot] - 1)
    return many
