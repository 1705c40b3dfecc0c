"""All layers of a network on one machine, in one call: tiled, priced, held to what every cost satisfies, and of each
layer the cheapest of its forms.

Whatever a kernel needs that is not here is left to the classes of `cost/exact`, which say what is wrong, too.
"""

from __future__ import annotations

from typing import Final

from .best import BEST_CYCLES
from .climb import NO_ROOM, NONE_LEFT
from .costs import (
    COST,
    COST_COMPUTE,
    COST_STALL,
    breaks_law,
    cost_of_array,
    cost_of_lanes,
    lacks_memory,
    lacks_room,
)
from .defaults import climb_array, climb_lanes, nothing_best
from .greedy import greedy_tile
from .lanes import TOO_FINE, price_program
from .packed import (
    ABOUT_ROW,
    BEST_ROW,
    FOUND_ROW,
    IS_PROGRAM,
    KERNEL_ROWS,
    ORDER_ROW,
    PLAN_ROW,
    ROOM_ROW,
    SIZES_ROW,
    on_machine,
)
from .price import price
from .tiles import FULL, LOOPS, MOST_LOOPS

# A network: its number of layers, then of each its first form, how many it has, how often the network has the layer.
LAYERS: Final = 0
LAYER_ROWS: Final = 1
LAYER: Final = 3

# What is found. Cycles of the whole network; how many layers have no price here. Of each layer its cheapest form. Of
# each form whether it has a price, its cost, the order of its loops, and tile sizes in that order.
ALL_CYCLES: Final = 0
LEFT_OVER: Final = 1
CHOSEN_FORMS: Final = 2
FORM: Final = 1 + COST + 2 * MOST_LOOPS
FORM_COST: Final = 1
FORM_ORDER: Final = 1 + COST
FORM_SIZES: Final = FORM_ORDER + MOST_LOOPS
PRICED: Final = 0
TOO_LARGE: Final = 1
"""The tile does not fit, or cannot be run."""
UNKNOWN: Final = 2
IMPOSSIBLE: Final = 3
"""No schedule has such a cost."""
NONE_CHOSEN: Final = -1
NOTHING_KNOWN: Final = -1
"""In the place of the cycles."""


def price_network(
    network: list[int],
    machine: list[int],
    kernels: list[list[int]],
    climbs: int,
    space: int,
    work: list[list[int]],
    known_array: list[int],
    known_lanes: list[int],
    results: list[int],
) -> int:
    """Prices all layers, with default tilings if it `climbs`, else with greedy ones. What they cost on a machine with
    the same array is in `known_array`, with the same lanes in `known_lanes`, or NOTHING_KNOWN. Gives how many have no
    price here, or NO_ROOM where climbs have no `space` for all that waits."""
    results[ALL_CYCLES] = results[LEFT_OVER] = 0
    for layer in range(network[LAYERS]):
        row, chosen, least, unknown = LAYER_ROWS + layer * LAYER, NONE_CHOSEN, 0, 0
        for form in range(network[row], network[row] + network[row + 1]):
            at, first = CHOSEN_FORMS + network[LAYERS] + form * FORM, form * KERNEL_ROWS
            loops = kernels[first + PLAN_ROW][LOOPS]
            if kernels[first + ABOUT_ROW][IS_PROGRAM]:
                is_known = take(known_lanes, results, at, loops)
            else:
                is_known = take(known_array, results, at, loops)
            if not is_known:
                results[at] = price_form(kernels, first, machine, climbs, space, work, results, at)
            if results[at] == NO_ROOM:
                return NO_ROOM
            # All are priced, whatever becomes of them: on the next machine they may be known.
            unknown = max(unknown, results[at])
            cycles = results[at + FORM_COST + COST_COMPUTE] + results[at + FORM_COST + COST_STALL]
            # Of forms of 90, 70 and 70 cycles the second.
            if results[at] == PRICED and (chosen == NONE_CHOSEN or cycles < least):
                chosen, least = form, cycles
        if unknown >= UNKNOWN:
            chosen, least = NONE_CHOSEN, 0
        results[CHOSEN_FORMS + layer] = chosen
        if chosen == NONE_CHOSEN:
            results[LEFT_OVER] = results[LEFT_OVER] + 1
        results[ALL_CYCLES] = results[ALL_CYCLES] + least * network[row + 2]
    return results[LEFT_OVER]


def take(known: list[int], results: list[int], at: int, loops: int) -> int:
    """Copies what is known of a form with so many loops, if anything is."""
    if known[ALL_CYCLES] == NOTHING_KNOWN:
        return 0
    for column in range(at, at + FORM_ORDER + loops):
        results[column] = known[column]
    for column in range(at + FORM_SIZES, at + FORM_SIZES + loops):
        results[column] = known[column]
    return 1


def price_form(
    kernels: list[list[int]],
    first: int,
    machine: list[int],
    climbs: int,
    space: int,
    work: list[list[int]],
    results: list[int],
    at: int,
) -> int:
    """One kernel with its tiling: PRICED, or why not."""
    on_machine(kernels[first + PLAN_ROW], kernels[first + ABOUT_ROW], machine)
    nothing_best(work[BEST_ROW])
    if not climbs:
        greedy_schedule(kernels[first + PLAN_ROW], kernels[first + ABOUT_ROW], machine, work)
        ended = NONE_LEFT
    elif kernels[first + ABOUT_ROW][IS_PROGRAM]:
        ended = climb_lanes(kernels, first, machine, work, space)
    else:
        ended = climb_array(kernels, first, machine, work, space)
    if ended == NO_ROOM:
        return NO_ROOM
    if ended != NONE_LEFT:
        return UNKNOWN
    for place in range(kernels[first + PLAN_ROW][LOOPS]):
        results[at + FORM_ORDER + place] = work[ORDER_ROW][place]
        results[at + FORM_SIZES + place] = work[SIZES_ROW][place]
    return price_tiled(
        kernels[first + PLAN_ROW],
        kernels[first + ABOUT_ROW],
        machine,
        work[ORDER_ROW],
        work[SIZES_ROW],
        work[ROOM_ROW],
        work[FOUND_ROW],
        work[BEST_ROW][BEST_CYCLES],
        results,
        at + FORM_COST,
    )


def greedy_schedule(plan: list[int], about: list[int], machine: list[int], work: list[list[int]]) -> int:
    """Leaves the order of loops, which is the kernel's own, and tile sizes."""
    fits = greedy_tile(plan, about, machine, work[ROOM_ROW])
    for loop in range(plan[LOOPS]):
        work[ORDER_ROW][loop], work[SIZES_ROW][loop] = loop, work[ROOM_ROW][FULL + loop]
    return fits


def price_tiled(
    plan: list[int],
    about: list[int],
    machine: list[int],
    order: list[int],
    sizes: list[int],
    room: list[int],
    found: list[int],
    known: int,
    results: list[int],
    at: int,
) -> int:
    """Writes the cost of a tiled kernel. Cycles of a contraction may be `known` (-1: they are not). PRICED, or why it
    has none."""
    if about[IS_PROGRAM]:
        refused = price_program(plan, order, sizes, room, found)
        if refused:
            return UNKNOWN if refused == TOO_FINE else TOO_LARGE
        if lacks_memory(plan, machine, found):
            return TOO_LARGE
        cost_of_lanes(plan, about, machine, found, results, at)
    else:
        if price(plan, order, sizes, room, found, known):
            return UNKNOWN
        if lacks_room(plan, about, machine, found):
            return TOO_LARGE
        cost_of_array(plan, about, machine, found, results, at)
    return IMPOSSIBLE if breaks_law(plan, about, machine, results, at) else PRICED
