"""Contractions' ladders filled by `cost/flat`, where that prices the rungs, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from simdc.cost.exact.flat import FlatContraction, Shape
from simdc.cost.flat import array_fill as made
from simdc.cost.flat import array_sides, tiles
from simdc.cost.flat import packed as about
from simdc.cost.flat import rungs as at
from simdc.cost.flat.core import CoreForm
from simdc.cost.spread import Spread

from .contraction import IMAGE, Moves
from .rows import LadderInForm

COLUMNS = {"weight": at.WEIGHT, "bias": at.BIAS, "ifmap": at.IFMAP, "psum": at.PSUM}
OWN_WIDTHS = [-1 if place in (about.HIGH_LOOP, about.WIDE_LOOP) else 0 for place in range(about.ABOUT_ARRAY)]
"""About a kernel whose plan says already how many PEs there are along its loops."""


class GivenSides:
    """The sides of a contraction's ladder on arrays of one kind: `given` as `flat/array_sides.py` has it, `columns` as
    `flat/array_ladder.py`, `sides` as `flat/ladder.py` with room for what is found, `made` as `flat/array_fill.py`."""

    def __init__(self, shape: Shape, spread: Spread):
        kernel, numbers, along, roles = shape.kernel, shape.numbers, spread.widths, list(shape.operands)
        moved = [set(operand.loops) for operand in (kernel.weight, kernel.ifmap, kernel.psum)]
        sides: dict[Moves, list[str]] = {IMAGE: []}
        for loop in numbers:
            moves = tuple(loop in operand for operand in moved)
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
        many, folds_are_passes = len(sides), spread.stays == "weight" and (False, False, True) not in sides
        self.columns = [*map(COLUMNS.__getitem__, roles), roles.index("ifmap"), roles.index("psum"), many]
        self.sides = [many, 0, 0]
        for moves in sides:
            self.sides += (0, *map(int, moves))
        self.sides += [0] * ((many + shape.dimensions + 1) * (2 + many))
        self.made = [0] * made.MADE
        self.made[made.MADE_SIDES], self.made[made.MADE_FOLDS] = many, int(folds_are_passes)

    @property
    def many(self) -> int:
        """Sides, the image left out."""
        return self.made[made.MADE_SIDES]


class LaddersInForm:
    """Ladders of contractions, for one array at a time. Each has `sides`, what a plan does not say of it
    (`flat/packed.py`) and a plan; bounds of loops are at most those of `largest`, a plan each."""

    def __init__(
        self,
        form: CoreForm,
        sides: Sequence[GivenSides],
        abouts: Sequence[list[int]],
        plans: Sequence[list[int]],
        largest: Sequence[Sequence[int]],
    ):
        self._form, self._many, self._rows = form, len(sides), list[list[int]]()
        most_sides = max(each.many for each in sides) + 1
        most_counts = most_turns = 0
        for each, own, plan, bounds in zip(sides, abouts, plans, largest, strict=True):
            loops, most = plan[tiles.LOOPS], _most_ways(bounds, each.many)
            ways = form.zeros((each.many + 1 + most) * loops)
            most_counts = max(most_counts, most * array_sides.NUMBERS)
            most_turns = max(most_turns, array_sides.TURNS + (most + 1) * loops)
            ladder = [form.zeros(0), form.row(each.sides), ways]
            self._rows += (own, plan, *ladder, *map(form.row, (each.given, each.columns, each.made)))
        self._work = [
            *(form.zeros(most_counts), form.zeros(most_turns), form.zeros(0), form.zeros(0)),
            *(form.zeros(max(most_sides, 3)), form.zeros(most_sides), form.zeros(made.ROOMS)),
        ]
        self._tables, self._work_table = self._form.rows(self._rows), self._form.rows(self._work)

    def fill(self, machine: list[int]) -> bool:
        """For the array of a machine (`flat/packed.py`). Whether rows are others than before. Raises OverflowError for
        numbers that the form has no room for."""
        grown, number = False, 0
        self._work[made.FILL_ROOMS][made.PARTS_OF] = made.NO_PARTS
        while (number := self._form.fill_ladders(self._tables, number, self._many, machine, self._work_table)) >= 0:
            self._grow(number)
            grown = True
        return grown

    @property
    def made(self) -> list[list[int]]:
        """What is said of each (`flat/array_fill.py`). One that is said to be for no array is filled anew."""
        return self._rows[made.FILL_MADE :: made.FILL_ROWS]

    def _grow(self, number: int) -> None:
        """Make room for what one of them needs."""
        rooms, ladder = self._work[made.FILL_ROOMS], made.FILL_ROWS * number + made.FILL_LADDER
        for room, need, row in (
            (made.ROOM_FACTORS, made.NEED_FACTORS, made.FILL_FACTORS),
            (made.ROOM_WINDOWS, made.NEED_WINDOWS, made.FILL_WINDOWS),
        ):
            if rooms[room] < rooms[need]:
                rooms[room] = rooms[need]
                self._form.put(self._work_table, row, self._form.zeros(rooms[need]))
        own = self._rows[ladder + made.FILL_MADE - made.FILL_LADDER]
        if own[made.MADE_ROOM] < own[made.MADE_NEED]:
            # What grew once grows again, with each batch of a sweep.
            spare = own[made.MADE_NEED] // 4 if own[made.MADE_ROOM] else 0
            own[made.MADE_ROOM] = own[made.MADE_NEED] + spare
            self._rows[ladder] = self._form.zeros(own[made.MADE_ROOM])
            self._form.put(self._tables, ladder, self._rows[ladder])

    def ladder(self, number: int) -> LadderInForm:
        """As it was filled last."""
        first = number * made.FILL_ROWS + made.FILL_LADDER
        return LadderInForm(*self._rows[first : first + 3])


def _most_ways(plan: Sequence[int], many: int) -> int:
    """How many ways there are at most to cut the image and so many sides."""
    # Of 1,000 iterations there are less than 4 * 10 ways to be cut into parts.
    bounds = plan[tiles.LOOP_ROWS : tiles.LOOP_ROWS + plan[tiles.LOOPS] * tiles.LOOP : tiles.LOOP]
    parts = [4 * bound.bit_length() for bound in bounds]
    return 2 * (many + 1) + sum(parts) + (many + 1) * max(parts)


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
        sides, plan = GivenSides(flat.shape, flat.spread), flat.in_form(form)
        ladders = LaddersInForm(form, [sides], [form.row(OWN_WIDTHS)], [plan], [flat.plan])
        ladders.fill(form.row([1, 1]))
        found = _LADDERS[key] = ladders.ladder(0)
    return found
