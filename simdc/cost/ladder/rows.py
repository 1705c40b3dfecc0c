"""A contraction's ladder as rows of numbers, for `cost/flat`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import product
from math import prod

from simdc.cost.flat import climb
from simdc.cost.flat import ladder as cuts
from simdc.cost.flat import rungs as at
from simdc.cost.flat.core import CoreForm
from simdc.cost.tiling import Tiling
from simdc.named import NamedTuple

from .contraction import ArrayLadder
from .rungs import Rung, Sizes


class LadderInForm(NamedTuple):
    """A ladder in one form: its walks and images (`flat/rungs.py`), what they were made of, their schedules."""

    ladder: list[int]
    sides: list[int]
    ways: list[int]

    def tiling(self, loops: Sequence[str], rung: int) -> Tiling:
        """Of one rung: its walk times the number of images, plus its image."""
        order, sizes = [0] * len(loops), [0] * len(loops)
        cuts.schedule(self.sides, self.ways, self.ladder, rung, len(loops), order, sizes)
        return Tiling(tuple([loops[number] for number in order]), tuple(sizes))


class LadderRows:
    """What the walks of a ladder are made of: products of numbers that depend on how some of the sides are cut.
    Networks on many machines share them."""

    # ifmap[ic, oh + kh], sides ic and kh: its elements along ic are a factor with one entry for each way to cut ic.

    def __init__(self, ladder: ArrayLadder):
        self.ladder = ladder
        self._forms: dict[str, LadderInForm] = {}
        self._factors: list[int] = []
        self._rows: list[int] = []
        for number in range(len(ladder.sides)):
            self._factor(at.TILES, [number], lambda ways: ways[0][1:])
        if ladder.joint_of_cut:
            on = self._moving(ladder.joint_of_cut)
            self._factor(at.TILES, on, lambda ways: ladder.joint_passes(_sizes(ways))[1:])
        kernel = ladder.kernel
        operands = (kernel.weight, at.WEIGHT), (kernel.bias, at.BIAS), (kernel.ifmap, at.IFMAP), (kernel.psum, at.PSUM)
        for operand, column in operands:
            if operand is not None:
                for number in ladder.of_image(operand, moved=False):
                    along = ladder.dimensions(operand, [number])
                    of = along.of
                    self._factor(column, self._moving(along.loops), lambda ways, of=of: of(_sizes(ways)))
        self._count = len(self._rows) // (2 + len(ladder.sides))
        self._tables = self._image_tables()

    def _moving(self, loops: Collection[str]) -> list[int]:
        """The sides that have any of these loops."""
        return [number for number, side in enumerate(self.ladder.sides) if not set(side.loops).isdisjoint(loops)]

    def _factor(self, column: int, on: Sequence[int], numbers: Callable[[tuple[Rung, ...]], Iterable[int]]) -> None:
        """The numbers of each way to cut the sides `on`, the last one changing first."""
        sides = self.ladder.sides
        begin, entries = len(self._factors), [list(numbers(ways)) for ways in product(*(sides[n].rungs for n in on))]
        strides, stride = [0] * len(sides), len(entries[0])
        for number in reversed(on):
            strides[number], stride = stride, stride * len(sides[number].rungs)
        self._rows += (column, begin, *strides)
        self._factors += (number for entry in entries for number in entry)

    def _image_tables(self) -> list[int]:
        """What each image touches of the ifmap, for each window; which window it is, is the last factor."""
        moved, window = self.ladder.window
        known: dict[tuple[int, ...], int] = {}

        def number(ways: tuple[Rung, ...]) -> tuple[int]:
            sizes = _sizes(ways)
            return (known.setdefault(tuple([sizes[loop] for loop in window]), len(known)),)

        self._factor(at.TABLE, self._moving(window), number)
        touched = (
            moved.of({**dict(zip(window, sizes, strict=True)), **rung.sizes})
            for sizes in known
            for rung in self.ladder.image
        )
        return [elements for each in touched for elements in each]

    def in_form(self, form: CoreForm) -> LadderInForm:
        """Raises OverflowError for numbers that the form has no room for."""
        found = self._forms.get(form.name)
        if found is None:
            found = self._forms[form.name] = self._filled(form)
        return found

    def _filled(self, form: CoreForm) -> LadderInForm:
        ladder, many = self.ladder, len(self.ladder.sides)
        images = [
            number
            for rung, results in zip(ladder.image, ladder.psum_image, strict=True)
            for number in (*rung[1:], *results)
        ]
        most = prod([len(side.rungs) for side in ladder.sides])
        walks = most * (1 + many) * at.WALK
        head = [
            *(0, len(ladder.image), ladder.least_image_passes, ladder.least_psum_image, int(ladder.folds_are_passes)),
            *(at.WALK_ROWS + walks, at.WALK_ROWS + walks + len(images)),
        ]
        sides = [many, most, self._count]
        for side in ladder.sides:
            sides += (len(side.rungs), *map(int, side.moves))
        row = form.row(head) + form.zeros(walks) + form.row([*images, *self._tables])
        sides_row = form.row([*sides, *self._rows])
        form.fill(sides_row, form.row(self._factors), row, form.zeros(many + 1), form.zeros(many + 1))
        return LadderInForm(row, sides_row, form.row(self._schedules()))

    def _schedules(self) -> list[int]:
        """As `flat/ladder.py` has them."""
        loops = {loop: number for number, loop in enumerate(self.ladder.bounds)}
        inside = [self.ladder.image_loops, *(side.loops for side in self.ladder.sides)]
        found = [loops[loop] for last in inside for loop in sorted(loops, key=lambda loop: loop in last)]
        for rungs in (*(side.rungs for side in self.ladder.sides), self.ladder.image):
            found += (rung.sizes.get(loop, 0) for rung in rungs for loop in loops)
        return found


def _sizes(ways: Iterable[Rung]) -> Sizes:
    return {loop: size for rung in ways for loop, size in rung.sizes.items()}


def with_more_room(waiting: Sequence[int], room: int) -> list[int]:
    """What waits, with room for twice as many entries."""
    heap = climb.HEAP + waiting[climb.WAITING]
    places = [entry + room for entry in waiting[climb.HEAP : heap]]
    entries = waiting[climb.HEAP + room : climb.HEAP + room + climb.ENTRY * waiting[climb.USED]]
    found = [0] * (climb.HEAP + (1 + climb.ENTRY) * 2 * room)
    found[:heap] = [*waiting[: climb.HEAP], *places]
    found[climb.HEAP + 2 * room : climb.HEAP + 2 * room + len(entries)] = entries
    return found
