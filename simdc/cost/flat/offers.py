"""Ways to cut the same loops of a contraction, tried in one loop order after the other: which of all these schedules
takes the fewest cycles, if any takes fewer than are known, and how much work that was (`search/pricing.py`)."""

from __future__ import annotations

from typing import Final

from .least import PLACE, least_in_order, prepare, slots_of
from .price import price_within
from .tiles import FULL, LARGEST, LAST, LOOPS, MOST_CUT, OPERANDS, SLOT, TOTAL, cut

# Steps of work, one or two microseconds each on a core of 2024, as they were measured with arrays: a search ends after
# so many of them, with the same result whatever counts them.
STEPS_OF_TILES: Final = 150
STEPS_OF_ARRAYS: Final = 150
FEW: Final = 8
"""From so many schedules on arrays are quicker than one after the other."""
BOUNDS_AT_ONCE: Final = 2048
NO_CYCLES: Final = 1 << 62
"""More than any schedule takes."""
UNENDING: Final = 1 << 62
"""Steps."""

# What is known: the fewest cycles; steps that are left. What is found: steps that were spent, schedules that were
# looked at, order and way of the best, -1 where none is better than what is known.
FEWEST: Final = 0
STEPS_LEFT: Final = 1
SPENT: Final = 2
LOOKED_AT: Final = 3
FEWEST_ORDER: Final = 4
FEWEST_WAY: Final = 5


def try_orders(
    plan: list[int],
    orders: list[int],
    walks: int,
    table: list[int],
    ways: int,
    most: list[int],
    order: list[int],
    sizes: list[int],
    room: list[int],
    way: list[int],
    found: list[int],
    bounds: list[int],
    told: list[int],
    least: list[int],
    state: list[int],
) -> int:
    """`table` has the sizes of each way, by loop, `orders` the loops of each order, outermost first, `most` the
    elements that a tile of each operand may have. `least` gets the fewest cycles of each way, NO_CYCLES where none is
    better than what was known; `state` is said above. `bounds` has room for BOUNDS_AT_ONCE or a number a way, or for
    all, `told` for two numbers a way. 0, or 1 where ways are cut along too many loops."""
    several, first, known = ways * walks >= FEW, 0, 0
    for number in range(ways):
        least[number] = NO_CYCLES
    if several:
        state[SPENT] = state[SPENT] + STEPS_OF_TILES + ways
    for walk in range(walks):
        if walk == first + known:
            first, known = walk, min(walks - walk, max(1, BOUNDS_AT_ONCE // ways))
            if bound_orders(
                plan, orders, first, known, -1, table, ways, most, order, sizes, room, way, found, bounds, told
            ):
                return 1
        many, row = 0, (walk - first) * ways
        for number in range(ways):
            if not several or bounds[row + number] < state[FEWEST]:
                told[ways + many] = number
                many = many + 1
        if several:
            state[SPENT], state[LOOKED_AT] = state[SPENT] + STEPS_OF_ARRAYS + ways, state[LOOKED_AT] + ways
        if many >= FEW:
            many = try_many(plan, orders, walk, table, ways, many, order, sizes, room, found, told, least, state)
        for entry in range(many):
            number = told[ways + entry]
            state[SPENT], state[LOOKED_AT] = state[SPENT] + STEPS_OF_TILES, state[LOOKED_AT] + 1
            if told[number] > 0 and bounds[row + number] < state[FEWEST]:
                state[SPENT] = state[SPENT] + told[number]
                cycles = cycles_of(plan, orders, walk, table, number, order, sizes, room, found, told)
                least[number] = min(least[number], cycles)
                if cycles < state[FEWEST]:
                    state[FEWEST], state[FEWEST_ORDER], state[FEWEST_WAY] = cycles, walk, number
        if several and state[SPENT] >= state[STEPS_LEFT]:
            return 0
    return 0


def try_many(
    plan: list[int],
    orders: list[int],
    walk: int,
    table: list[int],
    ways: int,
    many: int,
    order: list[int],
    sizes: list[int],
    room: list[int],
    found: list[int],
    told: list[int],
    least: list[int],
    state: list[int],
) -> int:
    """Of those that are chosen in an order leaves the one with fewest cycles."""
    fewest, chosen, work = NO_CYCLES, told[ways], told[told[ways]]
    # On arrays as many steps as six one by one, and a 64th of one more for each.
    state[SPENT] = state[SPENT] + (STEPS_OF_TILES + max(work, -work)) * (6 + many // 64)
    for entry in range(many):
        number = told[ways + entry]
        cycles = cycles_of(plan, orders, walk, table, number, order, sizes, room, found, told)
        least[number] = min(least[number], cycles)
        if cycles < fewest:
            chosen, fewest = number, cycles
    told[ways] = chosen
    return 1


def bound_orders(
    plan: list[int],
    orders: list[int],
    first: int,
    known: int,
    family: int,
    table: list[int],
    ways: int,
    most: list[int],
    order: list[int],
    sizes: list[int],
    room: list[int],
    way: list[int],
    found: list[int],
    bounds: list[int],
    told: list[int],
) -> int:
    """Writes what so many orders from the `first` on take at least, order by order, and of each way what pricing it
    counts for, below zero where it does not fit. A `family` that is not negative is that of `least.bound_many`. 0, or 1
    where a way is cut along too many loops."""
    loops = plan[LOOPS]
    for number in range(ways):
        for loop in range(loops):
            order[loop], sizes[loop] = loop, table[number * loops + loop]
        if cut(plan, order, sizes, room) > MOST_CUT:
            return 1
        prepare(plan, room, way, found)
        told[number] = work_of(plan, room)
        for operand in range(plan[OPERANDS]):
            if found[LARGEST + operand] > most[operand]:
                told[number] = -work_of(plan, room)
        for walk in range(known):
            for place in range(loops):
                slot = room[SLOT + orders[(first + walk) * loops + place]]
                if slot >= 0:
                    way[PLACE + slot] = place
            least_in_order(plan, room, way, found, slots_of(plan, room, family) if family >= 0 else -1)
            bounds[walk * ways + number] = found[TOTAL]
    return 0


def work_of(plan: list[int], room: list[int]) -> int:
    """About how many kinds of a tile between two others pricing tells apart."""
    # Two loops of 4, 4, 2 have 2 segments each: (2 + 1) * (2 + 1) = 9; one of 4, 4, 4 has one.
    work = 1
    for loop in range(plan[LOOPS]):
        if room[SLOT + loop] >= 0:
            work = work * (2 if room[LAST + loop] == room[FULL + loop] else 3)
    return work


def cycles_of(
    plan: list[int],
    orders: list[int],
    walk: int,
    table: list[int],
    number: int,
    order: list[int],
    sizes: list[int],
    room: list[int],
    found: list[int],
    told: list[int],
) -> int:
    """Of one way in one order. NO_CYCLES where it does not fit."""
    if told[number] < 0:
        return NO_CYCLES
    loops = plan[LOOPS]
    for place in range(loops):
        loop = orders[walk * loops + place]
        order[place], sizes[place] = loop, table[number * loops + loop]
    price_within(plan, order, sizes, room, found, -1)
    return found[TOTAL]
