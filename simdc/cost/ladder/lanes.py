"""A vector program's ladder as rows of numbers, for `cost/flat`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from simdc.cost.exact.flat_lanes import FlatProgram, ProgramRows
from simdc.cost.flat import climb, lanes, tiles
from simdc.cost.flat import lane_rungs as at
from simdc.cost.flat.best import BEST_RUNG
from simdc.cost.flat.core import PLAIN, CoreForm, run
from simdc.cost.kernel import VectorProgram
from simdc.cost.tiling import Tiling

from .rows import with_more_room
from .rungs import tile_sizes
from .vectors import program_cuts

MOST_LADDERS = 8
"""Of one program, each for another number of lanes."""


class LaneLadders:
    """The ladders of a program on arrays of any number of lanes."""

    def __init__(self, program: VectorProgram):
        found, bounds = program_cuts(program), program.bounds
        self._cuts, self._width = found.cuts, len(bounds)
        self._counts = [len(ways) for ways in found.parts]
        # What is never cut stands with the first side, a loop of several with the last of these.
        sides = [[found.whole | sizes for sizes in found.parts[0]], *found.parts[1:]]
        last = {loop: number for number, side in enumerate(sides) for loop in side[0]}
        self._sizes = [
            [sizes[loop] if last.get(loop) == number else 0 for sizes in side for loop in bounds]
            for number, side in enumerate(sides)
        ]
        self._known: dict[tuple[str, int, ProgramRows], list[int]] = {}
        self.room = 64

    def on(self, form: CoreForm, flat: FlatProgram) -> list[int]:
        """The ladder for so many lanes as a machine has. What of it is worked out is kept there."""
        row = tiles.LOOP_ROWS + flat.lanes_number * tiles.LOOP
        bound, width = flat.plan[row + 1 : row + 3]
        key = form.name, width, flat.rows
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MOST_LADDERS:
                self._known.clear()
            found = self._known[key] = form.row(self._ladder(flat, tile_sizes(bound, width)))
        return found

    def _ladder(self, flat: FlatProgram, steps: Sequence[int]) -> list[int]:
        starts, numbers, length = [at.LANE_LADDER], list[int](), at.TOUCHED + 4 * len(flat.rows.operands)
        for sizes in (*self._sizes, steps):
            numbers += sizes
            starts.append(at.LANE_LADDER + len(numbers))
        unknown = [0] * (length - at.IS_KNOWN)
        for cut in self._cuts:
            numbers += (cut.fixed_tiles, cut.lane_tiles, *unknown)
        return [len(self._cuts), len(steps), flat.lanes_number, *self._counts, *starts, length, *numbers]

    def tiling(self, flat: FlatProgram, rung: int) -> Tiling:
        """Of one rung: its cut times the number of steps, plus its step."""
        ladder, sizes = self.on(PLAIN, flat), [0] * self._width
        at.cut_sizes(ladder, flat.plan, rung // ladder[at.LANE_STEPS], rung % ladder[at.LANE_STEPS], sizes)
        return Tiling(tuple(flat.shape.loops), tuple(sizes))

    def cheapest(self, form: CoreForm, flat: FlatProgram) -> Tiling | None:
        """As `climb.cheapest`. Raises TooFine where `cost/flat` does not price all rungs that it has to."""
        ladder, plan, loops = self.on(form, flat), flat.in_form(form), len(flat.shape.loops)
        room, on = self.room + ladder[at.PROGRAM_CUTS], form.row([0, 0, flat.limit_bits])
        waiting, sizes = form.zeros(climb.HEAP + (1 + climb.ENTRY) * room), form.zeros(loops)
        form.begin_cuts(ladder, plan, on, waiting, room, sizes)
        best, order, found = form.row([-1, -1, -1]), form.row(range(loops)), form.zeros(lanes.PROGRAM_FOUND)
        work = flat.room(form, min(loops, tiles.MOST_CUT))
        while (ended := form.best_cut(ladder, plan, on, waiting, room, order, sizes, work, found, best)) != (
            climb.NONE_LEFT
        ):
            if ended != climb.NO_ROOM:
                raise TooFine
            waiting, room = form.row(with_more_room(waiting, room)), 2 * room
            self.room = room - ladder[at.PROGRAM_CUTS]
        return None if best[BEST_RUNG] < 0 else self.tiling(flat, best[BEST_RUNG])


class TooFine(Exception):
    """A rung has more tiled loops than `cost/flat` tells apart."""


@lru_cache(maxsize=1024)
def _ladders(program: VectorProgram) -> LaneLadders:
    return LaneLadders(program)


def flat_cheapest(flat: FlatProgram) -> Tiling | None:
    """The rung that fits with the fewest cycles, of several the one with the least DRAM traffic; None if none fits.
    Raises TooFine where the classes have to be asked."""
    ladders = _ladders(flat.shape.kernel)
    return run(lambda form: ladders.cheapest(form, flat))
