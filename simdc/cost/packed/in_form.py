"""A packed network in one form of the core: the rows that it works on, and what it found last."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.exact.flat import contraction_shape
from simdc.cost.flat import climb, lanes, network, packed, rails, tiles
from simdc.cost.flat.best import BEST
from simdc.cost.flat.climb import NONE_LEFT
from simdc.cost.flat.core import PLAIN, CoreForm
from simdc.cost.flat.recent import RECENT_ROW
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.ladder.array import ArrayRungs
from simdc.cost.ladder.filled import GivenSides, LaddersInForm
from simdc.cost.rule import GENESYS
from simdc.cost.spread import spread_of

from .kernels import PackedKernel
from .left_behind import LeftBehind
from .machine import array_part, lanes_part, machine_row

MOST_SIDES = 8
"""Of arrays, for each of which a network's contractions have ladders of their own."""
MOST_KNOWN = 32
"""Machines whose costs are kept, for others with the same array or the same lanes."""
SPACE = 4096

Known = dict[tuple[int, ...], list[int]]


class NetworkInForm:
    """Raises OverflowError for numbers that the form has no room for."""

    def __init__(self, form: CoreForm, layers: list[int], kernels: Sequence[PackedKernel]):
        self._form, self._kernels, self._space = form, kernels, SPACE
        self._network, self._nothing = form.row(layers), form.row([network.NOTHING_KNOWN])
        self._length = network.CHOSEN_FORMS + layers[network.LAYERS] + len(kernels) * network.FORM
        self._work = [
            form.zeros(tiles.MOST_LOOPS),
            form.zeros(tiles.MOST_LOOPS),
            form.zeros(max(map(room_for, kernels))),
            form.zeros(max(tiles.FOUND, lanes.PROGRAM_FOUND)),
            form.zeros(0),
            form.zeros(BEST),
        ]
        self._rows = [kernel_rows(form, kernel) for kernel in kernels]
        self._contractions = {n: own for n, each in enumerate(kernels) if isinstance(own := each.kernel, Contraction)}
        self._without_ladders = form.rows([row for rows in self._rows for row in rows])
        self._with_ladders: dict[tuple[int, int], list[list[int]]] = {}
        self._arrays: Known = {}
        self._lanes: Known = {}
        first = self._length - len(kernels) * network.FORM
        self._kept = LeftBehind(kernels, first, self._length)
        self._make_space(SPACE)

    def _make_space(self, space: int) -> None:
        self._space = space
        self._work[packed.WAITING_ROW] = self._form.zeros(rails.waiting_row(space))
        self._work_rows = self._form.rows(self._work)

    def price(self, hardware: Hardware, *, greedy: bool) -> list[int]:
        """What `flat/network.py` finds."""
        form, machine = self._form, machine_row(hardware)
        of_array, of_lanes = (greedy, *array_part(machine)), (greedy, *lanes_part(machine))
        known = [_recent(self._arrays, of_array), _recent(self._lanes, of_lanes)]
        row = form.row(machine)
        rows = self._without_ladders if greedy else self._ladders(hardware, row)
        if form is PLAIN:
            known = self._left_behind(known, machine, rows, greedy=greedy)
        given = [self._nothing if each is None else each for each in known]
        results = self.find(row, rows, *given, greedy=greedy)
        _keep(self._arrays, of_array, results)
        _keep(self._lanes, of_lanes, results)
        return results

    def make_room(self, room: int) -> None:
        """To work out so many numbers for a kernel."""
        if len(self._work[packed.ROOM_ROW]) < room:
            self._work[packed.ROOM_ROW] = self._form.zeros(room)
            self._work_rows = self._form.rows(self._work)

    def find(
        self, machine: list[int], rows: list[list[int]], array: list[int], lanes: list[int], *, greedy: bool
    ) -> list[int]:
        """As `price`, with a table of rows of kernels and what is known of costs on the same array and lanes."""
        form, results, climbs = self._form, self._form.zeros(self._length), int(not greedy)
        while (
            form.price_network(
                self._network, machine, rows, climbs, self._space, self._work_rows, array, lanes, results
            )
            == climb.NO_ROOM
        ):
            self._make_space(2 * self._space)
        return results

    def _left_behind(
        self,
        known: list[list[int] | None],
        machine: list[int],
        rows: list[list[int]],
        *,
        greedy: bool,
    ) -> list[list[int] | None]:
        """What is known already, or follows from what other machines left behind."""
        (array, lanes), kept, work = known, self._kept, self._work
        if array is None:
            array = kept.contractions(machine, rows, self._space, work, greedy=greedy)
        if lanes is None:
            lanes = kept.programs(machine, rows, self._space, work, greedy=greedy)
        return [array, lanes]

    def _ladders(self, hardware: Hardware, machine: list[int]) -> list[list[int]]:
        """The rows of all kernels with the ladders that contractions have on this array."""
        if not self._contractions:
            return self._without_ladders
        sides = hardware.systolic.rows, hardware.systolic.columns
        found = self._with_ladders.get(sides)
        if found is None:
            if len(self._with_ladders) >= MOST_SIDES:
                self._with_ladders.clear()
            found = self._with_ladders[sides] = self._filled(hardware, machine)
        return found

    def _filled(self, hardware: Hardware, machine: list[int]) -> list[list[int]]:
        """As `_ladders`, worked out."""
        form, rows = self._form, [each.copy() for each in self._rows]
        own = [rows[number] for number in self._contractions]
        plans = [each[packed.PLAN_ROW] for each in own]
        ladders = array_ladders(form, list(self._contractions.values()), own, plans, hardware)
        ladders.fill(machine)
        for place, each in enumerate(own):
            each[packed.LADDER_ROW :] = [*ladders.ladder(place), form.row([NONE_LEFT] * RECENT_ROW)]
        return form.rows([row for each in rows for row in each])


def array_ladders(
    form: CoreForm,
    kernels: Sequence[Contraction],
    rows: Sequence[list[list[int]]],
    largest: Sequence[Sequence[int]],
    hardware: Hardware,
) -> LaddersInForm:
    """Room for the ladders of contractions, whose loops are at most as long as in plans that are the `largest`. Writes
    what rungs feel of the machine into `rows`."""
    for own, kernel in zip(rows, kernels, strict=True):
        own[packed.ON_ROW] = form.row(ArrayRungs(kernel, hardware, GENESYS).machine)
    sides = [GivenSides(contraction_shape(each), spread_of(each, hardware.systolic)) for each in kernels]
    abouts, plans = ([own[place] for own in rows] for place in (packed.ABOUT_ROW, packed.PLAN_ROW))
    return LaddersInForm(form, sides, abouts, plans, largest)


def kernel_rows(form: CoreForm, kernel: PackedKernel) -> list[list[int]]:
    """As `flat/packed.py` numbers them, a contraction without its ladder."""
    return [
        *(form.row(kernel.about), form.row(kernel.plan), form.zeros(3)),
        *(form.zeros(kernel.ladder), form.row(kernel.cuts), form.zeros(1), form.row([NONE_LEFT] * RECENT_ROW)),
    ]


def room_for(kernel: PackedKernel) -> int:
    """How many numbers are worked out where it is priced."""
    return tiles.TABLES + (kernel.plan[tiles.STREAMS] + 1 << min(len(kernel.loops), tiles.MOST_CUT))


def _recent(known: Known, key: tuple[int, ...]) -> list[int] | None:
    """What is known, which is then the last to be forgotten."""
    found = known.pop(key, None)
    if found is not None:
        known[key] = found
    return found


def _keep(known: Known, key: tuple[int, ...], results: list[int]) -> None:
    if len(known) >= MOST_KNOWN:
        del known[next(iter(known))]
    known[key] = results
