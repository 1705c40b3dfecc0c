"""A vector program's ladder as rows of numbers, for `cost/flat`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from simdc.cost.exact.flat_lanes import FlatProgram, ProgramRows, ProgramShape
from simdc.cost.flat import climb, lanes, program, tiles
from simdc.cost.flat import lane_ladder as filled
from simdc.cost.flat.best import BEST, BEST_RUNG
from simdc.cost.flat.core import CoreForm, run
from simdc.cost.flat.lane_rungs import cut_sizes
from simdc.cost.greedy.program import program_loops
from simdc.cost.tiling import Tiling

from .rows import with_more_room

MOST_LADDERS = 8
"""Of one program, each for another number of lanes."""


class LaneLadders:
    """The ladders of a program on arrays of any number of lanes."""

    def __init__(self, shape: ProgramShape):
        window, whole, image, others, _ = program_loops(shape.kernel)
        # Lanes may run through a window, a row of l + 64 * p with l along them; rows of an image, too.
        window = [loop for loop in window if loop != shape.kernel.lanes and loop not in image]
        groups = whole, window, image, [loop for loop, _ in others]
        self.sides = [shape.numbers[shape.kernel.lanes], *map(shape.bits, groups)]
        bounds = shape.loops.values()
        # Of 1,000 iterations there are less than 4 * 10 ways to be cut into parts.
        self._ways = 4 * max(bounds).bit_length()
        self._most_cut = min(sum(bound > 1 for bound in bounds), tiles.MOST_CUT)
        self._known: dict[tuple[str, int, ProgramRows], list[int]] = {}
        self.room = 1024

    def on(self, form: CoreForm, flat: FlatProgram) -> list[int]:
        """The ladder for so many lanes as a machine has. What of it is worked out is kept there."""
        width = flat.plan[tiles.LOOP_ROWS + flat.lanes_number * tiles.LOOP + 2]
        key = form.name, width, flat.rows
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MOST_LADDERS:
                self._known.clear()
            found = self._known[key] = self._filled(form, flat)
        return found

    def _filled(self, form: CoreForm, flat: FlatProgram) -> list[int]:
        plan = flat.in_form(form)
        ladder = form.zeros(self.length(flat.plan, flat.rows))
        form.fill_lanes(plan, form.row(self.sides), ladder)
        return ladder

    def length(self, plan: Sequence[int], rows: ProgramRows) -> int:
        """How many numbers a ladder has at most, for any number of lanes."""
        of_way = plan[tiles.LOOPS] + plan[program.NESTS]
        known = filled.MOST_KNOWN * (filled.TOUCHED + 4 * len(rows.operands) + filled.KNOWN_GROUP)
        return filled.LANE_LADDER + (3 * of_way + 1) * self._ways + known

    def tiling(self, flat: FlatProgram, ladder: list[int], rung: int) -> Tiling:
        """Of one rung: its cut times the number of steps, plus its step."""
        sizes = [0] * len(flat.shape.loops)
        cut_sizes(ladder, flat.plan, rung // ladder[filled.LANE_STEPS], rung % ladder[filled.LANE_STEPS], sizes)
        return Tiling(tuple(flat.shape.loops), tuple(sizes))

    def cheapest(self, form: CoreForm, flat: FlatProgram) -> Tiling | None:
        """As `climb.cheapest`. Raises TooFine where `cost/flat` does not price all rungs that it has to."""
        ladder, plan, loops = self.on(form, flat), flat.in_form(form), len(flat.shape.loops)
        room, on = self.room + ladder[filled.SIDE_WAYS], form.row([0, 0, flat.limit_bits])
        waiting, sizes = form.zeros(climb.HEAP + (1 + climb.ENTRY) * room), form.zeros(loops)
        form.begin_cuts(ladder, plan, on, waiting, room, sizes)
        best, order, found = form.row([-1] * BEST), form.row(range(loops)), form.zeros(lanes.PROGRAM_FOUND)
        work = flat.room(form, self._most_cut)
        while (ended := form.best_cut(ladder, plan, on, waiting, room, order, sizes, work, found, best)) != (
            climb.NONE_LEFT
        ):
            if ended != climb.NO_ROOM:
                raise TooFine
            waiting, room = form.row(with_more_room(waiting, room)), 2 * room
            self.room = room - ladder[filled.SIDE_WAYS]
        return None if best[BEST_RUNG] < 0 else self.tiling(flat, ladder, best[BEST_RUNG])


class TooFine(Exception):
    """A rung has more tiled loops than `cost/flat` tells apart."""


@lru_cache(maxsize=1024)
def _ladders(shape: ProgramShape) -> LaneLadders:
    return LaneLadders(shape)


def flat_cheapest(flat: FlatProgram) -> Tiling | None:
    """The rung that fits with the fewest cycles, of several the one with the least DRAM traffic; None if none fits.
    Raises TooFine where the classes have to be asked."""
    ladders = _ladders(flat.shape)
    return run(lambda form: ladders.cheapest(form, flat))
