"""The best schedule of a kernel: a tile size for each loop, and the loop order.

Branch and bound. Schedules are grouped by what is decided of them so far, and a group is dropped when none of it can
win: when `Relaxed`, or for one way to cut all loops the exact counts with the fewest turns that any order has, or for
one schedule its exact counts, already cost as much as the best schedule known. Each of these takes part of what the
schedule costs and leaves the rest out, so it is never more than the true cost; and as the objective grows with every
number of a cost, what is dropped is never better than what is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import factorial, inf, prod
from typing import Any, NamedTuple, cast

import numpy as np

from simdc.cost.exact import ExactModel, tile
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.result import Cost
from simdc.cost.schedules import bound_many, evaluate_many, number_type
from simdc.cost.schedules.arrays import MANY
from simdc.cost.tiling import Tiling

from .candidates import Cuts, Sizes, all_sizes, even
from .frontier import Exhausted, Frontier
from .objective import Objective
from .orders import Order, families, fewest_turns, orders
from .relaxed import Relaxed

FEW = 24
"""Up to so many schedules it is quicker to price one after the other than to set up arrays."""
FIRST_WAYS = 6
"""Ways to cut each loop in a first round, which finds a good schedule to measure the others by."""
WAITING = 1 << 14
ROWS = 100_000
"""How many groups the last round, over every tile size, may test: more proves more and takes longer."""


class Certificate(NamedTuple):
    """What was done. There are `candidates` schedules: every tile size of every loop in every loop order. `evaluated`
    were priced one by one, groups of the others ruled out. `best` is what was found; no schedule at all has less than
    `bound`, so `best` is the optimum where they are equal. Over even tiles `best` is the optimum in any case."""

    candidates: int
    evaluated: int
    best: float
    bound: float


class Found(NamedTuple):
    tiling: Tiling
    cost: Cost
    certificate: Certificate


def search(
    kernel: Kernel, hardware: Hardware, objective: Objective, rows: float = ROWS, known: Iterable[Tiling] = ()
) -> Found:
    """The schedule with the smallest objective under `exact`: never worse than the greedy one. Optimal over all numbers
    of tiles of every loop, with even tiles, and all loop orders; and over all tile sizes, unless proving that takes
    more than `rows` groups. `known` tilings are tried first: good ones save work. Raises TilingError when nothing fits.
    """
    found = _Search(kernel, hardware, objective)
    for tiling in known:
        found.offer(tiling.order, tiling.sizes)
    cuts = even(kernel, hardware)
    found.explore([one.first(FIRST_WAYS) for one in cuts], inf)
    bound = min(found.explore(cuts, inf), found.best)
    sizes = [one.own for one in cuts]
    if bound < found.best and sum(sizes) < rows:
        try:
            found.explore(all_sizes(kernel, hardware), rows)
            bound = found.best
        except Exhausted:
            pass
    if found.tiling is None or found.cost is None:
        # The innermost tile of the greedy schedule does not fit either, and its error says which buffer is too small.
        ExactModel().evaluate(kernel, found.greedy, hardware)
        raise AssertionError("a schedule that fits was lost")
    candidates = prod(sizes) * factorial(len(sizes))
    return Found(found.tiling, found.cost, Certificate(candidates, found.evaluated, found.best, bound))


class _Search:
    """The best schedule so far."""

    def __init__(self, kernel: Kernel, hardware: Hardware, objective: Objective):
        self._kernel, self._hardware, self._objective = kernel, hardware, objective
        self._relaxed = Relaxed(kernel, hardware)
        self._type = number_type(kernel, hardware)
        self.best: Any = inf
        self.tiling: Tiling | None = None
        self.cost: Cost | None = None
        self.evaluated = 0
        self.greedy = ExactModel().greedy(kernel, hardware)
        self.offer(self.greedy.order, self.greedy.sizes)

    def explore(self, cuts: Sequence[Cuts], rows: float) -> Any:
        """Find the best of all ways to cut and all orders. Returns a bound for every schedule with these numbers of
        tiles, whatever their sizes. Raises Exhausted after `rows` groups."""
        least: Any = inf
        for family in families(self._kernel, [one.loop for one in cuts]):
            frontier = Frontier(cuts, self._relaxed, self._objective, family[0], rows)
            waiting: list[tuple[Any, Sizes]] = []
            for sizes in frontier.leaves(lambda: self.best):
                waiting.append(self._bounded(frontier.loops, sizes, family))
                if sum(len(sizes) for _, sizes in waiting) > WAITING:
                    self._settle(frontier.loops, waiting, family)
                    waiting = []
            self._settle(frontier.loops, waiting, family)
            rows, least = frontier.rows, min(least, frontier.least)
        return least

    def _bounded(self, loops: Sequence[str], sizes: Sizes, family: Order) -> tuple[Any, Sizes]:
        """Ways to cut that fit and may still win in an order whose innermost cut loop is of `family`, each with its
        bound."""
        own = np.array([self._relaxed.own[loop] for loop in loops])
        of_family = np.array([loop in family for loop in loops])
        cut = sizes < own
        sizes = sizes[(cut & of_family).any(axis=1) | ~cut.any(axis=1)]
        if not len(sizes):
            return np.zeros(0), sizes
        columns = [np.ascontiguousarray(column).astype(self._type) for column in sizes.T]
        many = tile(self._kernel, loops, cast("Sequence[int]", columns), self._hardware, MANY)
        bounds = np.broadcast_to(self._objective(many.walked(fewest_turns(family)).least_cost()), len(sizes))
        kept = np.less(bounds, self.best).astype(bool)
        for need in many.needs():
            kept &= np.less_equal(need.need_bits, need.limit_bits).astype(bool)
        return bounds[kept], sizes[kept]

    def _settle(self, loops: Sequence[str], waiting: Sequence[tuple[Any, Sizes]], family: Order) -> None:
        """Price what may win, the most promising first."""
        if not waiting:
            return
        bounds = np.concatenate([bounds for bounds, _ in waiting])
        sizes = np.concatenate([sizes for _, sizes in waiting])
        promising = np.argsort(bounds, kind="stable")
        bounds, sizes = bounds[promising], sizes[promising]
        first, step = 0, 1
        while first < len(bounds) and bounds[first] < self.best:
            chosen = slice(first, first + step)
            self._price(loops, sizes[chosen][bounds[chosen] < self.best], family)
            first, step = first + step, min(2 * step, 1024)

    def _price(self, loops: Sequence[str], sizes: Sizes, family: Order) -> None:
        """All orders of some ways to cut."""
        own = self._relaxed.own
        patterns, of_row = np.unique(sizes < np.array([own[loop] for loop in loops]), axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            group = sizes[of_row.reshape(-1) == number]
            cut = [loop for loop, several in zip(loops, pattern, strict=True) if several]
            for order in orders(list(own), [loop for loop in own if loop in cut], family):
                self._price_order(order, group[:, [loops.index(loop) for loop in order]])

    def _price_order(self, order: Order, sizes: Sizes) -> None:
        if len(sizes) >= FEW:
            self.evaluated += len(sizes)
            least = bound_many(self._kernel, order, sizes, self._hardware)
            sizes = sizes[least.legal & np.less(self._objective(least.cost), self.best).astype(bool)]
        if len(sizes) >= FEW:
            exact = evaluate_many(self._kernel, order, sizes, self._hardware)
            values = np.where(exact.legal, self._objective(exact.cost), inf)
            sizes = sizes[[int(np.argmin(values))]]
        for row in sizes:
            self.offer(order, tuple(row.tolist()))

    def offer(self, order: Order, sizes: tuple[int, ...]) -> None:
        tiled = tile(self._kernel, order, sizes, self._hardware)
        self.evaluated += 1
        if tiled.fault() is not None or any(need.need_bits > need.limit_bits for need in tiled.needs()):
            return
        if self._objective(tiled.least_cost()) < self.best:
            cost = tiled.cost()
            value = self._objective(cost)
            if value < self.best:
                self.best, self.tiling, self.cost = value, Tiling(order, sizes), cost
