"""The cheapest rung of a vector program's ladder: the most promising are priced until none can be better."""

from __future__ import annotations

from .best import BEST_BITS, BEST_CYCLES, BEST_RUNG, TOO_CUT
from .climb import FOUND_BITS, HEAP, NO_ROOM, NONE_LEFT, USED, WAITING, pop, push
from .lane_groups import FROM_HERE, ONE_SIDE, TWO_SIDES, first_that_fits, forget_groups, least_of_group, moved_alike
from .lane_ladder import LANE_STEPS, PROGRAM_CUTS, SIDE_WAYS
from .lane_rungs import cut_sizes, fits_from, least_of_lanes, least_of_program, least_of_step
from .lanes import ALL_BITS, REFUSED, TOO_FINE, price_program
from .tiles import TOTAL

# What waits is a rung, all steps of a cut from one on, or in the place of the step a group of cuts, less than 0.


def begin_cuts(
    ladder: list[int], plan: list[int], on: list[int], waiting: list[int], room: int, sizes: list[int]
) -> int:
    """Puts every way to cut the first side into `waiting`, which has `room` for so many entries: they must be as many
    as these."""
    least_of_program(plan, on)
    forget_groups(ladder)
    waiting[WAITING] = waiting[USED] = 0
    for way in range(ladder[SIDE_WAYS]):
        cut = way * ladder[SIDE_WAYS + 1] * ladder[SIDE_WAYS + 2]
        await_group(ladder, plan, on, waiting, room, 0, cut, ONE_SIDE, -1, sizes)
    return waiting[WAITING]


def await_group(
    ladder: list[int],
    plan: list[int],
    on: list[int],
    waiting: list[int],
    room: int,
    bound: int,
    cut: int,
    sides: int,
    most: int,
    sizes: list[int],
) -> int:
    """Lets a group wait that takes `bound` cycles at least, unless it takes more than `most` (-1: any number)."""
    # What holds for all of them holds for each: a bound never falls on the way down.
    least = max(bound, least_of_group(ladder, plan, on, cut, sides, sizes))
    if most < 0 or least <= most:
        push(waiting, room, least, 0, cut * ladder[LANE_STEPS], cut, -sides)
    return least


def best_cut(
    ladder: list[int],
    plan: list[int],
    on: list[int],
    waiting: list[int],
    room: int,
    order: list[int],
    sizes: list[int],
    work: list[int],
    found: list[int],
    best: list[int],
) -> int:
    """Leaves the cheapest rung in `best`: its cut times the number of steps, plus its step. NONE_LEFT when it is
    through, NO_ROOM where `waiting` has no place for what is opened, TOO_CUT for a rung that `price_program` does not
    price."""
    # Best 100 cycles and 500 bits: what is bounded by (120, 0) is never looked at, by (100, 400) it is, (100, 500) not.
    rungs, opened = ladder[PROGRAM_CUTS] * ladder[LANE_STEPS], max(ladder[SIDE_WAYS + 1], 3)
    while waiting[WAITING]:
        first = waiting[HEAP]
        bound, least_bits, rank = waiting[first], waiting[first + 1], waiting[first + 2]
        cut, step = waiting[first + 3], waiting[first + 4]
        if best[BEST_RUNG] >= 0 and (
            bound > best[BEST_CYCLES] or (bound == best[BEST_CYCLES] and least_bits >= best[BEST_BITS])
        ):
            return NONE_LEFT
        if waiting[USED] + opened > room:
            return NO_ROOM
        pop(waiting)
        if rank < rungs:
            if step < 0:
                open_group(ladder, plan, on, waiting, room, bound, cut, -step, best[BEST_CYCLES], sizes)
            else:
                open_rail(ladder, plan, on, waiting, room, bound, cut, step, best[BEST_CYCLES], sizes)
            continue
        cut_sizes(ladder, plan, cut, step, sizes)
        refused = price_program(plan, order, sizes, work, found)
        if refused == TOO_FINE:
            return TOO_CUT
        if refused != REFUSED and (
            best[BEST_RUNG] < 0
            or found[TOTAL] < best[BEST_CYCLES]
            or (found[TOTAL] == best[BEST_CYCLES] and found[ALL_BITS] < best[BEST_BITS])
        ):
            best[BEST_CYCLES], best[BEST_BITS], best[BEST_RUNG] = found[TOTAL], found[ALL_BITS], rank - rungs
    return NONE_LEFT


def open_group(
    ladder: list[int],
    plan: list[int],
    on: list[int],
    waiting: list[int],
    room: int,
    bound: int,
    cut: int,
    sides: int,
    most: int,
    sizes: list[int],
) -> int:
    """The parts of a group; nothing of more than `most` cycles (-1: any number)."""
    images, others = ladder[SIDE_WAYS + 1], ladder[SIDE_WAYS + 2]
    if sides == ONE_SIDE:
        for way in range(images):
            await_group(ladder, plan, on, waiting, room, bound, cut + way * others, TWO_SIDES, most, sizes)
    elif sides == TWO_SIDES:
        first = first_that_fits(ladder, plan, on, cut, sizes)
        if first >= 0:
            await_group(ladder, plan, on, waiting, room, bound, first, FROM_HERE, most, sizes)
    else:
        open_rail(ladder, plan, on, waiting, room, bound, cut, 0, most, sizes)
        if cut % others < others - 1:
            await_group(ladder, plan, on, waiting, room, bound, cut + 1, FROM_HERE, most, sizes)
    return sides


def open_rail(
    ladder: list[int],
    plan: list[int],
    on: list[int],
    waiting: list[int],
    room: int,
    bound: int,
    cut: int,
    step: int,
    most: int,
    sizes: list[int],
) -> int:
    """The rung of a cut at `step`, where that fits, and the steps behind it; nothing of more than `most` cycles (-1:
    any number)."""
    fitting, steps, after = fits_from(ladder, plan, on, cut, step, sizes), ladder[LANE_STEPS], step + 1
    if fitting == step:
        least = max(bound, least_of_step(ladder, plan, on, cut, step, sizes, waiting, FOUND_BITS))
        if most < 0 or least <= most:
            rank = (ladder[PROGRAM_CUTS] + cut) * steps + step
            push(waiting, room, least, waiting[FOUND_BITS], rank, cut, step)
    else:
        after = fitting
    if after < steps:
        least = max(bound, least_of_lanes(ladder, plan, on, cut, after, moved_alike(ladder, plan, cut, sizes), sizes))
        if most < 0 or least <= most:
            push(waiting, room, least, 0, cut * steps + after, cut, after)
    return after
