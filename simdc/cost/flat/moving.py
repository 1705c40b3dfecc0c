"""Kernels of which numbers move along a line, a step for each length or batch, and what a network costs in sum."""

from __future__ import annotations

from typing import Final

from .costs import COST
from .network import CHOSEN_FORMS, FORM, FORM_COST, LAYER, LAYER_ROWS, LAYERS, NONE_CHOSEN
from .packed import ABOUT_ROW, IS_PROGRAM, KERNEL_ROWS

# A kernel has these rows behind each other in a table of them: what a plan does not say, the plan, what moves of these,
# the row whose first number says what its ladder was filled for, and how many multiply-accumulates it has.
MOVE_ABOUT: Final = 0
MOVE_PLAN: Final = 1
MOVE_MOVES: Final = 2
MOVE_FILLED: Final = 3
MOVE_MACS: Final = 4
MOVE_ROWS: Final = 5
# What moves: how many numbers of the plan, how many of what it does not say, how many products; each number's place,
# what it is at the first step and what one step adds; each product's place (MACS: how many multiply-accumulates), its
# number of factors, and of each factor the same two. Products are added to what the numbers left at their places.
PLAN_MOVES: Final = 0
ABOUT_MOVES: Final = 1
PRODUCTS: Final = 2
MOVE_ENTRIES: Final = 3
MACS: Final = -1
# In sum: a cost of all that runs on the array and one of all on the lanes, and multiply-accumulates that count.
SUM_OF_ARRAY: Final = 0
SUM_OF_LANES: Final = COST
SUM_OF_MACS: Final = 2 * COST
SUMMED: Final = 2 * COST + 1


def move_kernels(tables: list[list[int]], many: int, step: int) -> int:
    """Writes what `many` kernels are at a step. Their ladders are for no machine then. Gives their number."""
    for number in range(many):
        first = number * MOVE_ROWS
        tables[first + MOVE_FILLED][0] = 0
        tables[first + MOVE_MACS][0] = 0
        at = MOVE_ENTRIES
        for _ in range(tables[first + MOVE_MOVES][PLAN_MOVES]):
            at = move_number(tables[first + MOVE_MOVES], at, step, tables[first + MOVE_PLAN])
        for _ in range(tables[first + MOVE_MOVES][ABOUT_MOVES]):
            at = move_number(tables[first + MOVE_MOVES], at, step, tables[first + MOVE_ABOUT])
        for _ in range(tables[first + MOVE_MOVES][PRODUCTS]):
            place = tables[first + MOVE_MOVES][at]
            if place == MACS:
                at = add_product(tables[first + MOVE_MOVES], at, step, tables[first + MOVE_MACS], 0)
            else:
                at = add_product(tables[first + MOVE_MOVES], at, step, tables[first + MOVE_ABOUT], place)
    return many


def move_number(moves: list[int], at: int, step: int, to: list[int]) -> int:
    """Gives where the next one stands."""
    # 128 keys at the first length, 40 more with each step: 248 after 3.
    to[moves[at]] = moves[at + 1] + step * moves[at + 2]
    return at + 3


def add_product(moves: list[int], at: int, step: int, to: list[int], place: int) -> int:
    """Gives where the next one stands."""
    # 8 bits, 128 keys and 40 more each step, 64 channels: 8 * 248 * 64 = 126,976 bits after 3.
    product, factor = 1, at + 2
    for _ in range(moves[at + 1]):
        product = product * (moves[factor] + step * moves[factor + 1])
        factor = factor + 2
    to[place] = to[place] + product
    return factor


def sum_costs(
    network: list[int],
    kernels: list[list[int]],
    macs: list[list[int]],
    counted: list[int],
    results: list[int],
    sums: list[int],
) -> int:
    """Adds up what `price_network` found, of each layer as often as the network has it. `macs` are those of each form,
    of which a layer's are `counted` so often. Gives cycles of the layers that have a price."""
    for column in range(SUMMED):
        sums[column] = 0
    for layer in range(network[LAYERS]):
        form, times = results[CHOSEN_FORMS + layer], network[LAYER_ROWS + layer * LAYER + 2]
        if form == NONE_CHOSEN:
            continue
        to = SUM_OF_LANES if kernels[form * KERNEL_ROWS + ABOUT_ROW][IS_PROGRAM] else SUM_OF_ARRAY
        row = CHOSEN_FORMS + network[LAYERS] + form * FORM + FORM_COST
        for column in range(COST):
            sums[to + column] = sums[to + column] + times * results[row + column]
        sums[SUM_OF_MACS] = sums[SUM_OF_MACS] + counted[layer] * macs[form][0]
    return sums[SUM_OF_ARRAY] + sums[SUM_OF_ARRAY + 1] + sums[SUM_OF_LANES] + sums[SUM_OF_LANES + 1]
