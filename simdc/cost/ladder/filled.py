"""A contraction's ladder filled by `cost/flat`, where that prices the rungs, too."""

from __future__ import annotations

from collections.abc import Iterable

from simdc.cost.exact.flat import FlatContraction
from simdc.cost.flat import array_sides, tiles
from simdc.cost.flat import ladder as cuts
from simdc.cost.flat import rungs as at
from simdc.cost.flat.core import CoreForm

from .contraction import IMAGE, Moves
from .rows import LadderInForm

COLUMNS = {"weight": at.WEIGHT, "bias": at.BIAS, "ifmap": at.IFMAP, "psum": at.PSUM}


class GivenSides:
    """The sides of a contraction's ladder on arrays of one kind: `given` as `flat/array_sides.py` has it, `moves` what
    each of them but the image moves."""

    def __init__(self, flat: FlatContraction):
        kernel, numbers, along = flat.shape.kernel, flat.shape.numbers, flat.spread.widths
        roles = [set(operand.loops) for operand in (kernel.weight, kernel.ifmap, kernel.psum)]
        sides: dict[Moves, list[str]] = {IMAGE: []}
        for loop in numbers:
            moves = tuple(loop in operand for operand in roles)
            sides.setdefault((moves[0], moves[1], moves[2]), []).append(loop)
        shared = {loop for terms, _ in kernel.ifmap.index if len(terms) > 1 for loop, _ in terms}

        def bits(loops: Iterable[str]) -> int:
            return sum(1 << numbers[loop] for loop in loops)

        self.given: list[int] = []
        for loops in sides.values():
            square = [loop for loop in loops if loop in shared and loop not in along]
            first = [loop for loop in loops if loop in along]
            self.given += (bits(loops), bits(first), bits(square) if len(square) > 1 else 0, 0, 0)
        del sides[IMAGE]
        self.moves = list(sides)
        self.folds_are_passes = flat.spread.stays == "weight" and (False, False, True) not in sides


MOST_LADDERS = 256
_LADDERS: dict[object, LadderInForm] = {}
"""Filled last, by form, kernel and how its loops lie on the array."""


def filled_ladder(form: CoreForm, flat: FlatContraction) -> LadderInForm:
    """Raises OverflowError for numbers that the form has no room for."""
    key = form.name, flat.shape, flat.spread
    found = _LADDERS.get(key)
    if found is None:
        if len(_LADDERS) >= MOST_LADDERS:
            _LADDERS.clear()
        found = _LADDERS[key] = _filled(form, flat)
    return found


def _filled(form: CoreForm, flat: FlatContraction) -> LadderInForm:
    sides, plan, loops = GivenSides(flat), flat.in_form(form), flat.plan[tiles.LOOPS]
    many, roles = len(sides.moves), list(flat.shape.operands)
    # Of 1,000 iterations there are less than 4 * 10 ways to be cut into parts.
    bounds = flat.plan[tiles.LOOP_ROWS + 1 : tiles.LOOP_ROWS + loops * tiles.LOOP : tiles.LOOP]
    parts = [4 * bound.bit_length() for bound in bounds]
    most = 2 * (many + 1) + sum(parts) + (many + 1) * max(parts)
    given, ways = form.row(sides.given), form.zeros((many + 1 + most) * loops)
    counts, room = form.zeros(most * array_sides.NUMBERS), form.zeros(array_sides.TURNS + (most + 1) * loops)
    form.cut_sides(plan, given, many, ways, counts, room)

    columns = form.row([*map(COLUMNS.__getitem__, roles), roles.index("ifmap"), roles.index("psum"), many])
    found = form.zeros(3)
    form.count_factors(plan, given, columns, found)
    numbers, most_windows, most_cuts = found
    rows = cuts.SIDE_ROWS + many * cuts.SIDE
    sides_row = form.zeros(rows + (many + flat.shape.dimensions + 1) * (2 + many))
    sides_row[cuts.SIDES] = many
    for number, moves in enumerate(sides.moves):
        for place, moved in enumerate(moves):
            sides_row[cuts.SIDE_ROWS + number * cuts.SIDE + 1 + place] = int(moved)
    factors, windows = form.zeros(numbers), form.zeros((most_windows + 1) * loops)
    known = form.find_factors(plan, given, ways, counts, sides_row, columns, factors, windows, room)

    images, walks = given[array_sides.WAYS], most_cuts * (1 + many) * at.WALK
    ladder = form.zeros(at.WALK_ROWS + walks + images * at.IMAGE + known * images * at.ELEMENTS)
    ladder[at.FOLDS], ladder[at.IMAGE_ROWS] = int(sides.folds_are_passes), at.WALK_ROWS + walks
    form.find_images(plan, given, ways, counts, columns, windows, known, ladder, room)
    form.fill(sides_row, factors, ladder, form.zeros(many + 1), form.zeros(many + 1))
    return LadderInForm(ladder, sides_row, ways)
