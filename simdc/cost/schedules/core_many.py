"""Many schedules of a contraction in one call of `cost/flat`: ways to cut and loop orders. Needs numpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import ceil, inf
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from simdc.cost.exact.flat import FlatContraction, flat_contraction
from simdc.cost.flat import core, offers
from simdc.cost.flat import tiles as at
from simdc.cost.flat.core import CoreForm, run
from simdc.cost.flat.least import WAY
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import ArrayKernel, Contraction
from simdc.cost.result import Cost
from simdc.cost.rule import MachineRule
from simdc.named import NamedTuple

Whole = NDArray[np.int64]


class Walks(NamedTuple):
    """Loop orders, by the numbers of loops. `families` has -1 for a walk in its very order, else loops as bits: then it
    stands for any order whose innermost cut loop is one of these, with the fewest reloads that one has."""

    # Loops oc 0, ic 1, oh 2: the order ic, oc, oh is 1, 0, 2 with -1; all with oc or oh innermost: 0, 1, 2 with 5.
    many: int
    orders: Sequence[int]
    families: Sequence[int]


@lru_cache(maxsize=512)
def walks_in(loops: tuple[str, ...], orders: tuple[tuple[str, ...], ...]) -> Walks:
    """These orders of the loops, which are numbered as they stand."""
    numbers = {loop: number for number, loop in enumerate(loops)}
    return Walks(len(orders), [numbers[loop] for order in orders for loop in order], [-1] * len(orders))


def any_walk(loops: Sequence[str], innermost: Sequence[str]) -> Walks:
    """Any with one of `innermost` innermost."""
    return Walks(1, range(len(loops)), [sum(1 << number for number, loop in enumerate(loops) if loop in innermost)])


class FoundMany:
    """What `cost/flat` found of many schedules: `numbers` [what `FOUND` numbers, schedules]."""

    def __init__(self, flat: FlatContraction, numbers: Whole):
        self._flat, self._numbers = flat, numbers

    def cost(self) -> Any:
        """A `Cost` with an array in place of each number."""
        larger = cast("Callable[[int, int], int]", np.maximum)
        return self._flat.cost(cast("list[int]", list(self._numbers)), larger)

    def cost_of(self, schedule: int) -> Cost:
        return self._flat.cost(self._numbers[:, schedule].tolist())

    def fits(self) -> NDArray[np.bool_]:
        fitting = np.ones(self._numbers.shape[1], dtype=bool)
        for need in self._flat.needs(cast("Sequence[int]", self._numbers)):
            fitting &= np.less_equal(need.need_bits, need.limit_bits)
        return fitting


def bound_all(flat: FlatContraction, walks: Walks, table: Whole) -> FoundMany:
    """Each walk with each way to cut, walk by walk: all counts, and what cycles are at least. `table` [ways, loops] has
    tile sizes by number of the loop; no more loops may be cut than `cost/flat` prices."""
    many = walks.many * len(table)

    def work(form: CoreForm) -> Whole:
        every, way = form.zeros(at.FOUND * many), form.zeros(WAY)
        shared, sizes, scratch = flat.in_form(form), form.table(table.tobytes()), _scratch(flat, form)
        orders, families = form.row(walks.orders), form.row(walks.families)
        room, found, order, tile = scratch
        form.bound_many(shared, families, orders, walks.many, sizes, len(table), order, tile, room, way, found, every)
        return np.asarray(every, dtype=np.int64).reshape(at.FOUND, many)

    return FoundMany(flat, run(work))


def price_all(flat: FlatContraction, walks: Walks, table: Whole, chosen: NDArray[np.intp]) -> FoundMany:
    """Exactly, those that are `chosen` [schedules, 2]: the number of a walk, and of a way to cut. Else as
    `bound_all`."""
    many = len(chosen)

    def work(form: CoreForm) -> Whole:
        every, sizes = form.zeros(at.FOUND * many), form.table(table.tobytes())
        pairs, orders = form.table(np.ascontiguousarray(chosen, dtype=np.int64).tobytes()), form.row(walks.orders)
        room, found, order, tile = _scratch(flat, form)
        form.price_many(flat.in_form(form), orders, sizes, pairs, many, order, tile, room, found, every)
        return np.asarray(every, dtype=np.int64).reshape(at.FOUND, many)

    return FoundMany(flat, run(work))


class Tried(NamedTuple):
    """What became of ways to cut in some orders: the fewest cycles of each way, `offers.NO_CYCLES` where none is better
    than what was known; the `fewest` of all, and the order and the way that take these, by number, None where none is
    better; `steps` of work that it took, and how many schedules were `looked_at`."""

    cycles: Whole
    fewest: int
    best: tuple[int, int] | None
    steps: int
    looked_at: int


def try_all(flat: FlatContraction, walks: Walks, table: Whole, fewest: int, steps: float) -> Tried:
    """Each way to cut in each order, where it may take less than `fewest` cycles, until so many `steps` are spent. All
    of `table` are cut along the same loops, else it is as in `bound_all`."""
    ways = len(table)

    def work(form: CoreForm) -> Tried:
        room, found, order, tile = _scratch(flat, form)
        state = form.row([fewest, offers.UNENDING if steps == inf else ceil(steps), 0, 0, -1, -1])
        at_once = min(ways * walks.many, max(ways, offers.BOUNDS_AT_ONCE))
        least, told, bounds = (form.zeros(many) for many in (ways, 2 * ways, at_once))
        form.try_orders(
            *(flat.in_form(form), form.row(walks.orders), walks.many, form.table(table.tobytes()), ways),
            *(form.row(flat.most_elements), order, tile, room, form.zeros(WAY), found, bounds, told, least, state),
        )
        best = state[offers.FEWEST_ORDER], state[offers.FEWEST_WAY]
        cycles = np.asarray(least, dtype=np.int64)
        return Tried(
            cycles, state[offers.FEWEST], None if best[0] < 0 else best, state[offers.SPENT], state[offers.LOOKED_AT]
        )

    return run(work)


def bound_walk(flat: FlatContraction, walks: Walks, table: Whole) -> tuple[Whole, NDArray[np.bool_]]:
    """Cycles that each way to cut takes at least in one walk, and which ways fit: no more of what `bound_all` finds."""
    ways = len(table)

    def work(form: CoreForm) -> tuple[Whole, NDArray[np.bool_]]:
        room, found, order, tile = _scratch(flat, form)
        bounds, told, sizes = form.zeros(ways), form.zeros(ways), form.table(table.tobytes())
        form.bound_orders(
            *(flat.in_form(form), form.row(walks.orders), 0, 1, walks.families[0], sizes, ways),
            *(form.row(flat.most_elements), order, tile, room, form.zeros(WAY), found, bounds, told),
        )
        return np.asarray(bounds, dtype=np.int64), np.asarray(told, dtype=np.int64) > 0

    return run(work)


def _scratch(flat: FlatContraction, form: CoreForm) -> tuple[list[int], list[int], list[int], list[int]]:
    return flat.room(form, at.MOST_CUT), form.zeros(at.FOUND), form.zeros(at.MOST_LOOPS), form.zeros(at.MOST_LOOPS)


def many_of(kernel: ArrayKernel, hardware: Hardware, rule: MachineRule) -> FlatContraction | None:
    """What prices many, where that is quicker than arrays: compiled. None where `flat_contraction` is none, or numbers
    of a batch may be beyond 64 bits."""
    if core.COMPILED is None or not isinstance(kernel, Contraction):
        return None
    # `bound_many` rounds up together what leaves as partial sums and what of these is resumed.
    alike = {row.traffic for row in rule.array_streams if row.when in ("resumed", "partial")}
    return flat_contraction(kernel, hardware, rule) if len(alike) == 1 else None
