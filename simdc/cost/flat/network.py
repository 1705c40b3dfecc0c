"""All layers of a network on one machine, in one call: tiled, priced, held to what every cost satisfies, and of each
layer the cheapest of its forms.

Whatever a kernel needs that is not here is left to the classes of `cost/exact`, which say what is wrong, too.
"""

from __future__ import annotations

from typing import Final

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
from .greedy import greedy_tile
from .lanes import TOO_FINE, price_program
from .packed import IS_PROGRAM, on_machine
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


def price_network(
    network: list[int],
    machine: list[int],
    abouts: list[list[int]],
    plans: list[list[int]],
    order: list[int],
    sizes: list[int],
    room: list[int],
    found: list[int],
    results: list[int],
) -> int:
    """Prices all layers. Gives how many have no price here."""
    results[ALL_CYCLES] = results[LEFT_OVER] = 0
    for layer in range(network[LAYERS]):
        row, chosen, least = LAYER_ROWS + layer * LAYER, NONE_CHOSEN, 0
        for form in range(network[row], network[row] + network[row + 1]):
            at = CHOSEN_FORMS + network[LAYERS] + form * FORM
            results[at] = price_form(abouts[form], plans[form], machine, order, sizes, room, found, results, at)
            if results[at] >= UNKNOWN:
                chosen, least = NONE_CHOSEN, 0
                break
            cycles = results[at + FORM_COST + COST_COMPUTE] + results[at + FORM_COST + COST_STALL]
            # Of forms of 90, 70 and 70 cycles the second.
            if results[at] == PRICED and (chosen == NONE_CHOSEN or cycles < least):
                chosen, least = form, cycles
        results[CHOSEN_FORMS + layer] = chosen
        if chosen == NONE_CHOSEN:
            results[LEFT_OVER] = results[LEFT_OVER] + 1
        results[ALL_CYCLES] = results[ALL_CYCLES] + least * network[row + 2]
    return results[LEFT_OVER]


def price_form(
    about: list[int],
    plan: list[int],
    machine: list[int],
    order: list[int],
    sizes: list[int],
    room: list[int],
    found: list[int],
    results: list[int],
    at: int,
) -> int:
    """One kernel with its tiling: PRICED, or why not."""
    on_machine(plan, about, machine)
    greedy_tile(plan, about, machine, room)
    for loop in range(plan[LOOPS]):
        order[loop], sizes[loop] = loop, room[FULL + loop]
    for place in range(plan[LOOPS]):
        results[at + FORM_ORDER + place], results[at + FORM_SIZES + place] = order[place], sizes[place]
    if about[IS_PROGRAM]:
        refused = price_program(plan, order, sizes, room, found)
        if refused:
            return UNKNOWN if refused == TOO_FINE else TOO_LARGE
        if lacks_memory(plan, machine, found):
            return TOO_LARGE
        cost_of_lanes(plan, about, machine, found, results, at + FORM_COST)
    else:
        if price(plan, order, sizes, room, found, 1):
            return UNKNOWN
        if lacks_room(plan, about, machine, found):
            return TOO_LARGE
        cost_of_array(plan, about, machine, found, results, at + FORM_COST)
    return IMPOSSIBLE if breaks_law(plan, about, machine, results, at + FORM_COST) else PRICED
