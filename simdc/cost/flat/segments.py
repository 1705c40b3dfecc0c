"""The segments of a contraction whose tiles follow each other behind a barrier, as `exact/segments.py` has them."""

from __future__ import annotations

from .tiles import (
    BUSY,
    COMPLETE,
    COUNT,
    CUT,
    FIRSTS,
    INNER,
    LASTS,
    NEW,
    PARTIAL,
    PORTS,
    RESUMED,
    STREAM,
    STREAM_ROWS,
    STREAMS,
    SUMS,
    carried,
    computed,
)


def walk(plan: list[int], room: list[int], compute: int, most: int) -> int:
    """From the first load to the last store, of tiles that `compute` for so many cycles. What takes more than `most`
    (-1: any number) is not added up to the end, but to more than that."""
    slots, last = room[CUT], (1 << room[CUT]) - 1
    cycles = compute + ends(plan, room, NEW, 0) + ends(plan, room, COMPLETE, last)
    if slots == 0:
        return cycles
    own = slots - 1
    own_bit, count = 1 << own, room[COUNT + own]
    # 3 x 4 tiles: of each inner row of 4 the 2 in the middle; of these one is followed by the last of its row.
    if count > 2:
        for entry in range(kinds(room, own)):
            times = kind(room, own, entry)
            lasts, firsts = room[LASTS], room[FIRSTS]
            if count > 3:
                same = stall(plan, room, lasts, lasts, lasts, firsts, own, own)
                cycles = cycles + times * (count - 3) * same
            after = lasts | own_bit
            cycles = cycles + times * stall(plan, room, lasts, lasts, after, firsts, own, own)
            if 0 <= most < cycles:
                return cycles
    second = own_bit if count == 2 else 0
    # The very first tile of all, and the very last.
    cycles = cycles + stall(plan, room, -1, 0, second, own_bit - 1, 0, own)
    cycles = cycles + stall(plan, room, last - own_bit, last, -1, 0, own, 0)
    for level in range(own):
        if 0 <= most < cycles:
            return cycles
        cycles = cycles + turns(plan, room, level, second)
    return cycles


def turns(
    plan: list[int],
    room: list[int],
    level: int,
    second: int,
) -> int:
    """Stalls of the tiles before and after the axis at `level` steps and all inside it wrap; `second` is the kind of a
    row's second tile, along the innermost."""
    # Axes of 2, 3 and 4 tiles; the second steps twice for each tile of the first, from (a, b, 3) to (a, b + 1, 0): of
    # these steps one leads to its last tile.
    cycles, own = 0, room[CUT] - 1
    inside, own_bit = (1 << room[CUT]) - (2 << level), 1 << own
    for entry in range(kinds(room, level)):
        times = kind(room, level, entry)
        lasts, firsts = room[LASTS], room[FIRSTS]
        before = lasts | inside
        for is_last in range(2):
            many = times if is_last else times * (room[COUNT + level] - 2)
            if many:
                after = lasts | (is_last << level)
                here = stall(plan, room, before, after, after | second, firsts | (inside - own_bit), level, own)
                there = stall(plan, room, before - own_bit, before, after, firsts | inside, own, level)
                cycles = cycles + many * (here + there)
    return cycles


def kinds(room: list[int], slots: int) -> int:
    """How many kinds of tiles there are along the outermost slots."""
    many = 1
    for slot in range(slots):
        many = many * ways(room, slot)
    return many


def ways(room: list[int], slot: int) -> int:
    """Kinds along one slot: the last tile and the others; where it is summed over, the first is another one, too."""
    return 3 if (room[SUMS] >> slot) & 1 and room[COUNT + slot] > 2 else 2


def kind(room: list[int], slots: int, entry: int) -> int:
    """How many tiles are of the kind numbered `entry` along the outermost slots. Leaves it in `LASTS` and, for loops
    that are summed over, `FIRSTS`."""
    times, lasts, firsts = 1, 0, 0
    for slot in range(slots):
        many, count = ways(room, slot), room[COUNT + slot]
        which, entry = entry % many, entry // many
        # Summed over: first, last, those between. Else: all but the last, last.
        if (room[SUMS] >> slot) & 1:
            if which == 0:
                firsts = firsts | (1 << slot)
            if which == 2:
                times = times * (count - 2)
        elif which == 0:
            times = times * (count - 1)
        if which == 1:
            lasts = lasts | (1 << slot)
    room[LASTS], room[FIRSTS] = lasts, firsts
    return times


def stall(
    plan: list[int],
    room: list[int],
    before: int,
    here: int,
    after: int,
    firsts: int,
    entered: int,
    left: int,
) -> int:
    """How much longer the tile `here` takes than it computes: -1 stands for no tile before or after it. `firsts` has
    the slots along which the one after is the first; `entered` and `left` are those that step before and after it."""
    stored, result, sums = 0, room[INNER + plan[STREAMS]], room[SUMS]
    for port in range(plan[PORTS]):
        room[BUSY + port] = 0
    if before >= 0 and result >= entered:
        gone = COMPLETE if (before & sums) == sums else PARTIAL
        for stream in range(plan[STREAMS]):
            if plan[STREAM_ROWS + stream * STREAM + 5] == gone:
                cycles = carried(plan, room, stream, before)
                room[BUSY + plan[STREAM_ROWS + stream * STREAM + 2]] = cycles
                stored = max(stored, cycles)
    if after >= 0:
        for stream in range(plan[STREAMS]):
            port, when = BUSY + plan[STREAM_ROWS + stream * STREAM + 2], plan[STREAM_ROWS + stream * STREAM + 5]
            if when == NEW and room[INNER + stream] >= left:
                room[port] = room[port] + carried(plan, room, stream, after)
            # Resumed unless it is the first tile of all loops that are summed over. Also on another port it waits for
            # stores: it may go where they come from.
            if when == RESUMED and result >= left and (firsts & sums) != sums:
                room[port] = max(room[port], stored) + carried(plan, room, stream, after)
    compute, longest = computed(plan, room, here), 0
    for port in range(plan[PORTS]):
        longest = max(longest, room[BUSY + port])
    return max(longest - compute, 0)


def ends(plan: list[int], room: list[int], when: int, tile: int) -> int:
    """What nothing overlaps: all that is loaded before the first `tile`, or stored behind the last one."""
    longest = 0
    for port in range(plan[PORTS]):
        busy = 0
        for stream in range(plan[STREAMS]):
            row = stream * STREAM
            if plan[STREAM_ROWS + row + 2] == port and plan[STREAM_ROWS + row + 5] == when:
                busy = busy + carried(plan, room, stream, tile)
        longest = max(longest, busy)
    return longest
