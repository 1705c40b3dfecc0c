"""What many schedules of a contraction take at least, and what they take: tile sizes with loop orders, each with each.

All that a bound needs but the reloads is the same in every order, and found once for each way to cut.
"""

from __future__ import annotations

from typing import Final

from .price import price
from .segments import ends
from .tiles import (
    COMPLETE,
    COMPUTE,
    COUNT,
    CUT,
    FOUND,
    LARGEST,
    LOOPS,
    MOST_CUT,
    MOVED,
    MOVES,
    NEW,
    OPERANDS,
    PARTIAL,
    PORTS,
    RESULT,
    RESUMED,
    SLOT,
    STREAM,
    STREAM_ROWS,
    STREAMS,
    TABLES,
    TOTAL,
    TRANSFERS,
    carried,
    computed,
    count_steps,
    cut,
    elements_once,
    full_elements,
    moved,
)

# What of one way to cut holds in all orders. By stream: bits of all its tiles together. By port: cycles of the first
# loads, and of the last stores. The longest of each, cycles of the first tile and of the last. Then what an order says:
# by slot its place in it, by port the cycles of loads, and of results; room for an order and sizes in that order.
BITS: Final = 0
OPENED: Final = 8
CLOSED: Final = 16
OPENING: Final = 24
CLOSING: Final = 25
FIRST_COMPUTES: Final = 26
LAST_COMPUTES: Final = 27
PLACE: Final = 28
PORT_LOADS: Final = 40
PORT_RESULTS: Final = 48
WAY: Final = 56


def bound_many(
    plan: list[int],
    families: list[int],
    orders: list[int],
    walks: int,
    table: list[int],
    ways: int,
    order: list[int],
    sizes: list[int],
    room: list[int],
    way: list[int],
    found: list[int],
    every: list[int],
) -> int:
    """Bounds of `ways` times `walks` schedules. `table` has the sizes of each way, by loop; `orders` the loops of each
    walk, outermost first. Where `families` has a number that is not negative, a walk is any whose innermost cut loop is
    of that family, its loops as bits. `every` gets what `found` has, with what cycles are at least, column by column:
    first the first of all schedules, walk by walk. 0, or 1 where a way is cut along too many loops."""
    loops, many = plan[LOOPS], ways * walks
    for number in range(ways):
        for loop in range(loops):
            order[loop], sizes[loop] = loop, table[number * loops + loop]
        if cut(plan, order, sizes, room) > MOST_CUT:
            return 1
        prepare(plan, room, way, found)
        for walk in range(walks):
            for place in range(loops):
                slot = room[SLOT + orders[walk * loops + place]]
                if slot >= 0:
                    way[PLACE + slot] = place
            family = families[walk]
            if family >= 0:
                family = slots_of(plan, room, family)
            least_in_order(plan, room, way, found, family)
            for column in range(FOUND):
                every[column * many + walk * ways + number] = found[column]
    return 0


def price_many(
    plan: list[int],
    orders: list[int],
    table: list[int],
    chosen: list[int],
    many: int,
    order: list[int],
    sizes: list[int],
    room: list[int],
    found: list[int],
    every: list[int],
) -> int:
    """Exact. `chosen` has the walk and the way of each schedule; the rest is as in `bound_many`."""
    loops = plan[LOOPS]
    for number in range(many):
        walk, way = chosen[2 * number] * loops, chosen[2 * number + 1] * loops
        for place in range(loops):
            loop = orders[walk + place]
            order[place], sizes[place] = loop, table[way + loop]
        if price(plan, order, sizes, room, found, -1):
            return 1
        for column in range(FOUND):
            every[column * many + number] = found[column]
    return 0


def slots_of(plan: list[int], room: list[int], family: int) -> int:
    """Of loops, as bits, those that are cut, by slot."""
    slots = 0
    for loop in range(plan[LOOPS]):
        if (family >> loop) & 1 and room[SLOT + loop] >= 0:
            slots = slots | (1 << room[SLOT + loop])
    return slots


def prepare(plan: list[int], room: list[int], way: list[int], found: list[int]) -> int:
    """All that does not depend on the order. Gives the kind of the last tile."""
    last = (1 << room[CUT]) - 1
    for entry in range((plan[STREAMS] + 1) << room[CUT]):
        room[TABLES + entry] = -1
    count_steps(plan, room, found)
    for operand in range(plan[OPERANDS]):
        found[LARGEST + operand] = full_elements(plan, operand, room)
    for stream in range(plan[STREAMS]):
        row = STREAM_ROWS + stream * STREAM
        moved(plan, plan[row], room, stream)
        once = elements_once(plan, plan[row], room)
        found[MOVES + 2 * stream + 1], way[BITS + stream] = once, once * plan[row + 1]
    moved(plan, plan[RESULT], room, plan[STREAMS])
    for port in range(plan[PORTS]):
        way[OPENED + port] = way[CLOSED + port] = 0
    for stream in range(plan[STREAMS]):
        row = STREAM_ROWS + stream * STREAM
        if plan[row + 5] == NEW:
            way[OPENED + plan[row + 2]] = way[OPENED + plan[row + 2]] + carried(plan, room, stream, 0)
        if plan[row + 5] == COMPLETE:
            way[CLOSED + plan[row + 2]] = way[CLOSED + plan[row + 2]] + carried(plan, room, stream, last)
    way[OPENING], way[CLOSING] = ends(plan, room, NEW, 0), ends(plan, room, COMPLETE, last)
    way[FIRST_COMPUTES], way[LAST_COMPUTES] = computed(plan, room, 0), computed(plan, room, last)
    return last


def reloads_of(room: list[int], way: list[int], stream: int, family: int) -> int:
    """How often each tile of a stream comes into use, or at least comes."""
    # oc, oh, ic: the weight's innermost loop is ic, and oh outside it does not move it: each tile once for each oh.
    own, times, innermost = room[MOVED + stream], 1, -1
    for slot in range(room[CUT]):
        if (own >> slot) & 1:
            innermost = max(innermost, way[PLACE + slot])
    if family >= 0 and not family & own:
        return 1
    for slot in range(room[CUT]):
        if not (own >> slot) & 1 and (family >= 0 or way[PLACE + slot] < innermost):
            times = times * room[COUNT + slot]
    return times


def least_in_order(plan: list[int], room: list[int], way: list[int], found: list[int], family: int) -> int:
    """As `least_cost` in `exact/contraction.py`: the array computes, or one port moves all that it has to, between the
    first loads and the last store."""
    for port in range(plan[PORTS]):
        way[PORT_LOADS + port] = way[PORT_RESULTS + port] = -1
    for stream in range(plan[STREAMS]):
        row = STREAM_ROWS + stream * STREAM
        port, when = plan[row + 2], plan[row + 5]
        times = 1 if when == COMPLETE else reloads_of(room, way, stream, family)
        if when in (RESUMED, PARTIAL):
            times = times - 1
        found[MOVES + 2 * stream] = times
        if when == NEW:
            way[PORT_LOADS + port] = max(way[PORT_LOADS + port], 0) + least_moved(plan, row, times * way[BITS + stream])
        else:
            bits = twice(plan, stream, times) * way[BITS + stream]
            way[PORT_RESULTS + port] = max(way[PORT_RESULTS + port], 0) + least_moved(plan, row, bits)
    least = way[OPENING] + found[COMPUTE] + way[CLOSING]
    for port in range(plan[PORTS]):
        loads, results, both = way[PORT_LOADS + port], way[PORT_RESULTS + port], 0
        if loads >= 0:
            both = loads - way[OPENED + port]
            least = max(least, way[OPENING] + both + way[LAST_COMPUTES] + way[CLOSING])
        if results >= 0:
            stored = results - way[CLOSED + port] + way[CLOSING]
            least = max(least, way[OPENING] + way[FIRST_COMPUTES] + stored)
            if loads >= 0:
                least = max(least, way[OPENING] + both + stored)
        found[TRANSFERS + port] = max(loads, 0) + max(results, 0)
    found[TOTAL] = least
    return least


def twice(plan: list[int], stream: int, times: int) -> int:
    """How often all its tiles are rounded up together. What is stored as partial sums and resumed over the same port
    counts with the second of the two streams, for both."""
    # 3 uses of 20 bits: stored twice and resumed twice. On a port of 16 these are 80 bits, 5 cycles, and not 3 + 3.
    row = STREAM_ROWS + stream * STREAM
    if plan[row + 5] == COMPLETE:
        return times
    for other in range(plan[STREAMS]):
        beside = STREAM_ROWS + other * STREAM
        is_sums = plan[beside + 5] in (RESUMED, PARTIAL)
        if is_sums and other != stream and plan[beside + 2] == plan[row + 2]:
            return 2 * times if stream > other else 0
    return times


def least_moved(plan: list[int], row: int, bits: int) -> int:
    """Cycles of so many bits on the port of the stream in this row, as if it were full in each."""
    return -(-bits * plan[row + 4] // plan[row + 3])
