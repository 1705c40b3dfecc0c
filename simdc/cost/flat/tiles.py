"""The tiles of a contraction as whole numbers: how many there are, what each touches, computes and moves.

This folder prices a tiled contraction as `cost/exact` does, of one tiling, where no border clips it and folds follow
each other; `lanes.py` prices vector programs, whose tiles are the same. It runs as it stands, and compiled: a compiler
for it reads `int` as 64 bits and `list[int]` as a row of them, and each name that is no argument as `int`. So there are
no objects here, no lists are made, and nothing of a library is called but `range`, `min` and `max`. The classes of
`cost/exact` do the same for whole arrays of tilings, for borders and for machines with options; tests hold both to the
same numbers.
"""

from __future__ import annotations

from typing import Final

MOST_LOOPS: Final = 24
MOST_CUT: Final = 10
"""Most loops, and most of them with more than one tile: tables have an entry for each way to be last along these."""
MOST_STREAMS: Final = 48
MOST_OPERANDS: Final = 32

# A plan: a contraction on a machine. Numbers of loops, operands, streams, ports; the result's operand; cycles to fill
# the array; whether PEs keep their sums.
LOOPS: Final = 0
OPERANDS: Final = 1
STREAMS: Final = 2
PORTS: Final = 3
RESULT: Final = 4
FILL: Final = 5
KEPT: Final = 6
# Of each loop: its bound by the kernel and on the machine, PEs along it, whether it moves the result.
LOOP_ROWS: Final = 8
LOOP: Final = 4
# Of each stream: operand, bits of an element, port, bits per cycle as a fraction, when it moves; of a program's results
# also the loops along which their tiles overlap, as bits.
STREAM_ROWS: Final = 104
STREAM: Final = 7
NEW: Final = 0
RESUMED: Final = 1
PARTIAL: Final = 2
COMPLETE: Final = 3
# Where each operand stands; there number of dimensions, then for each number of terms and (loop, step) of each term.
OPERAND_ROWS: Final = STREAM_ROWS + STREAM * MOST_STREAMS
PLAN: Final = OPERAND_ROWS + MOST_OPERANDS

# Room for what is worked out. Of loops: slot (-1 where it is whole), size in a full tile and in the last one. Of slots:
# number of tiles. Of streams and the result: slots that move it, as bits, and the innermost of them. Of ports: cycles.
# A tile's kind is a number with a bit for each slot along which it is the last.
SLOT: Final = 0
FULL: Final = 24
LAST: Final = 48
COUNT: Final = 72
MOVED: Final = 96
INNER: Final = MOVED + MOST_STREAMS + 1
BUSY: Final = INNER + MOST_STREAMS + 1
CUT: Final = BUSY + 8
SUMS: Final = CUT + 1
FIRSTS: Final = CUT + 2
LASTS: Final = CUT + 3
TABLES: Final = CUT + 4
"""From here on cycles by kind of tile, -1 where nobody asked yet: of the array, then of each stream."""


# `found`: cycles from first load to last store, of these those in which the array computes, its steps, visits to
# sums, sums begun; then largest tile by operand, then (times that all tiles move, elements moved once) by stream, then
# cycles by port.
TOTAL: Final = 0
COMPUTE: Final = 1
STEPS: Final = 2
VISITS: Final = 3
OUTPUTS: Final = 4
LARGEST: Final = 5
MOVES: Final = 10
TRANSFERS: Final = 26
FOUND: Final = 34


def cut(plan: list[int], order: list[int], sizes: list[int], room: list[int]) -> int:
    """Cuts the loops and numbers those with several tiles, outermost first. Gives how many these are."""
    room[CUT] = 0
    for place in range(plan[LOOPS]):
        cut_loop(plan, order[place], sizes[place], room)
    return room[CUT]


def cut_loop(plan: list[int], loop: int, tile: int, room: list[int]) -> int:
    """One loop behind those that were cut before. Gives its number of tiles."""
    # Bound 10 in tiles of 4: 3 tiles, full ones of 4, the last of 2. A tile as large as the kernel's own bound is the
    # whole loop, what the machine adds to it included.
    bound = plan[LOOP_ROWS + loop * LOOP + 1]
    if tile >= plan[LOOP_ROWS + loop * LOOP] or tile >= bound:
        tile = bound
    count = -(-bound // tile)
    room[FULL + loop] = tile
    room[LAST + loop] = bound - (count - 1) * tile
    room[SLOT + loop] = -1
    if count > 1:
        room[SLOT + loop] = room[CUT]
        room[COUNT + room[CUT]] = count
        room[CUT] = room[CUT] + 1
    return count


def moved(plan: list[int], operand: int, room: list[int], stream: int) -> int:
    """The slots that move an operand, as bits, and the innermost of them (-1 where none does)."""
    bits, inner, at = 0, -1, plan[OPERAND_ROWS + operand]
    dimensions = plan[at]
    at = at + 1
    for _ in range(dimensions):
        terms = plan[at]
        at = at + 1
        for _ in range(terms):
            slot = room[SLOT + plan[at]]
            at = at + 2
            if slot >= 0:
                bits = bits | (1 << slot)
                inner = max(inner, slot)
    room[MOVED + stream], room[INNER + stream] = bits, inner
    return bits


def size_of(room: list[int], loop: int, kind: int) -> int:
    """Iterations of a loop in a tile."""
    slot = room[SLOT + loop]
    return room[LAST + loop] if slot >= 0 and (kind >> slot) & 1 else room[FULL + loop]


def elements(plan: list[int], operand: int, room: list[int], kind: int) -> int:
    """What a tile touches of an operand."""
    # 2*oh + kh with 4 rows and a window of 3: 1 + 2 * 3 + 2 = 9 positions along this dimension.
    touched, at = 1, plan[OPERAND_ROWS + operand]
    dimensions = plan[at]
    at = at + 1
    for _ in range(dimensions):
        terms, reach = plan[at], 1
        at = at + 1
        for _ in range(terms):
            slot, size = room[SLOT + plan[at]], room[FULL + plan[at]]
            if slot >= 0 and (kind >> slot) & 1:
                size = room[LAST + plan[at]]
            reach = reach + plan[at + 1] * (size - 1)
            at = at + 2
        touched = touched * reach
    return touched


def full_elements(plan: list[int], operand: int, room: list[int]) -> int:
    """As `elements`, of a full tile, asked for most: no other loop needs to be cut yet."""
    touched, at = 1, plan[OPERAND_ROWS + operand]
    dimensions = plan[at]
    at = at + 1
    for _ in range(dimensions):
        terms, reach = plan[at], 1
        at = at + 1
        for _ in range(terms):
            reach = reach + plan[at + 1] * (room[FULL + plan[at]] - 1)
            at = at + 2
        touched = touched * reach
    return touched


def elements_once(plan: list[int], operand: int, room: list[int]) -> int:
    """What all tiles of an operand touch together, each counted once."""
    # oh + kh, oh 4 in tiles of 3 and 1, kh 3 whole: 5 + 3 = 8 = 2 tiles of 1, 2 more along oh, 2 * 2 along kh.
    touched, at = 1, plan[OPERAND_ROWS + operand]
    dimensions = plan[at]
    at = at + 1
    for _ in range(dimensions):
        terms = plan[at]
        tiles, term = 1, 0
        for term in range(terms):
            slot = room[SLOT + plan[at + 1 + 2 * term]]
            if slot >= 0:
                tiles = tiles * room[COUNT + slot]
        reach = tiles
        for term in range(terms):
            loop, step = plan[at + 1 + 2 * term], plan[at + 2 + 2 * term]
            slot, count = room[SLOT + loop], 1
            if slot >= 0:
                count = room[COUNT + slot]
            reach = reach + step * (plan[LOOP_ROWS + loop * LOOP + 1] - count) * (tiles // count)
        touched, at = touched * reach, at + 1 + 2 * terms
    return touched


def count_steps(plan: list[int], room: list[int], found: list[int]) -> int:
    """Steps of all tiles, sums begun and visits to them, cycles of the array."""
    # 40 channels in tiles of 16, 16, 8 on 8 rows: 2 + 2 + 1 passes.
    steps, outputs, tiles, visits = 1, 1, 1, 1
    for loop in range(plan[LOOPS]):
        width, slot, along = plan[LOOP_ROWS + loop * LOOP + 2], room[SLOT + loop], 1
        if slot >= 0:
            count = room[COUNT + slot]
            tiles = tiles * count
            along = (count - 1) * -(-room[FULL + loop] // width)
            along = along + -(-room[LAST + loop] // width)
        else:
            along, count = -(-room[FULL + loop] // width), 1
        steps = steps * along
        if plan[LOOP_ROWS + loop * LOOP + 3]:
            outputs = outputs * along
        else:
            visits = visits * count
    found[STEPS], found[OUTPUTS] = steps, outputs
    found[VISITS] = outputs * visits if plan[KEPT] else steps
    found[COMPUTE] = steps + tiles * plan[FILL]
    return tiles


def computed(plan: list[int], room: list[int], kind: int) -> int:
    """Cycles of a tile on the array."""
    known = room[TABLES + kind]
    if known < 0:
        known = 1
        for loop in range(plan[LOOPS]):
            known = known * -(-size_of(room, loop, kind) // plan[LOOP_ROWS + loop * LOOP + 2])
        known = known + plan[FILL]
        room[TABLES + kind] = known
    return known


def carried(plan: list[int], room: list[int], stream: int, kind: int) -> int:
    """Cycles of a stream's tile on its port."""
    kind = kind & room[MOVED + stream]
    entry, row = TABLES + ((stream + 1) << room[CUT]) + kind, stream * STREAM
    known = room[entry]
    if known < 0:
        bits = elements(plan, plan[STREAM_ROWS + row], room, kind) * plan[STREAM_ROWS + row + 1]
        known = -(-bits * plan[STREAM_ROWS + row + 4] // plan[STREAM_ROWS + row + 3])
        room[entry] = known
    return known
