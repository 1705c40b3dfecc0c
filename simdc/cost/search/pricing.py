"""Prices the leaves of the search in many loop orders, and keeps the best schedule.

A leaf, tile sizes for all loops, passes three gates, each dearer than the one before: the bound with the fewest reloads
of any order (`bounded`), the bound of one order (`price`), the exact cost (`offer`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf, prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from simdc.cost.exact.tiled import Tiled, tile
from simdc.cost.exact.vector import TiledProgram
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import ArrayKernel
from simdc.cost.result import Cost
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.schedules import evaluate_many, number_type
from simdc.cost.schedules.arrays import MANY
from simdc.cost.tiling import Tiling, loop_bounds

from .budget import Budget
from .candidates import Sizes
from .objective import Objective
from .orders import Order, fewest_reloads, reloads_in

Orders = Callable[[Sequence[str], Sequence[str], Order], Iterator[Order]]
"""From all loops, those that are cut and the family of the innermost one to the orders to try."""
FEW = 8
"""Up to so many schedules it is quicker to price one after the other than to set up arrays."""
CHUNK = 1 << 13

# Steps of the budget, as measured on one core: one or two microseconds each.
STEPS_OF_BOUND = 3
STEPS_OF_ARRAYS = 150
STEPS_OF_TILES = 150


class Pricing:
    """The best schedule so far."""

    def __init__(self, kernel: ArrayKernel, hardware: Hardware, objective: Objective, rule: MachineRule = GENESYS):
        self._kernel, self._hardware, self._rule, self._objective = kernel, hardware, rule, objective
        self._own = loop_bounds(kernel)
        self._type = number_type(kernel, hardware, rule)
        self.best: Any = inf
        self.tiling: Tiling | None = None
        self.cost: Cost | None = None
        self.evaluated = 0

    def bounded(
        self, loops: Sequence[str], sizes: Sizes, family: Order, budget: Budget
    ) -> tuple[Sizes, NDArray[np.generic]]:
        """Ways to cut that fit and may still win in an order whose innermost cut loop is of `family`, each with its
        bound."""
        own = np.array([self._own[loop] for loop in loops])
        of_family = np.array([loop in family for loop in loops])
        # A way belongs to the family of its innermost cut loop, so one loop of it is cut; uncut ones have no innermost.
        cut = sizes < own
        sizes = sizes[(cut & of_family).any(axis=1) | ~cut.any(axis=1)]
        kept: list[Sizes] = [sizes[:0]]
        found: list[NDArray[np.generic]] = [np.zeros(0, self._type)]
        for start in range(0, len(sizes), CHUNK):
            chunk = sizes[start : start + CHUNK]
            budget.spend(STEPS_OF_ARRAYS + STEPS_OF_BOUND * len(chunk))
            many = self._many(loops, chunk)
            bounds, may_win = self._least(many.with_reloads(fewest_reloads(family)), len(chunk))
            for need in many.needs():
                may_win &= np.less_equal(need.need_bits, need.limit_bits).astype(bool)
            kept.append(chunk[may_win])
            found.append(bounds[may_win])
        return np.concatenate(kept), np.concatenate(found)

    def price(
        self, loops: Sequence[str], sizes: Sizes, family: Order, orders: Orders, budget: Budget
    ) -> NDArray[np.float64]:
        """Try ways to cut in some loop orders. The least of each way, infinite where it is no better than the best
        that was known at the time."""
        least = np.full(len(sizes), inf)
        columns = dict(zip(loops, sizes.T, strict=True))
        several = sizes < np.array([self._own[loop] for loop in loops])
        # Arrays run one code for all their tilings, so each loop is cut in all of them or in none.
        patterns, of_row = np.unique(several, axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            rows = np.flatnonzero(of_row.reshape(-1) == number)
            cut = [loop for loop in self._own if pattern[loops.index(loop)]]
            tried = list(orders(list(self._own), cut, family))
            if len(rows) * len(tried) < FEW:
                for order in tried:
                    self._price_order(order, columns, rows, least, budget)
                continue
            # The tile grids are the same in each order: made once, then only the reloads change.
            many = self._many(loops, sizes[rows])
            budget.spend(STEPS_OF_TILES + len(rows))
            for order in tried:
                budget.spend(STEPS_OF_ARRAYS + len(rows))
                self.evaluated += len(rows)
                _, may_win = self._least(many.with_reloads(reloads_in(order)), len(rows))
                self._price_order(order, columns, rows[may_win], least, budget)
                if budget.is_spent:
                    break
        return least

    def _many(self, loops: Sequence[str], sizes: Sizes) -> Tiled:
        columns = [np.ascontiguousarray(column).astype(self._type) for column in sizes.T]
        return tile(self._kernel, loops, cast("Sequence[int]", columns), self._hardware, MANY, self._rule)

    def _least(self, many: Tiled, ways: int) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """Bounds of so many ways, and which of them may still win."""
        bounds = np.broadcast_to(self._objective(many.least_cost()), ways)
        return bounds, np.less(bounds, self.best).astype(bool)

    def _price_order(
        self,
        order: Order,
        columns: Mapping[str, Sizes],
        rows: NDArray[np.intp],
        least: NDArray[np.float64],
        budget: Budget,
    ) -> None:
        """Exactly; where it is less than in `least`, put it there."""
        table = np.column_stack([columns[loop][rows] for loop in order])
        if len(rows) >= FEW:
            one = tile(self._kernel, order, table[0].tolist(), self._hardware, rule=self._rule)
            # Measured: arrays take as long as pricing six tilings singly, and a 64th of one more for each row.
            budget.spend((STEPS_OF_TILES + _neighbourhoods(one)) * (6 + len(rows) // 64))
            exact = evaluate_many(self._kernel, order, table, self._hardware, self._rule)
            values = np.where(exact.legal, self._objective(exact.cost), inf).astype(float)
            least[rows] = np.minimum(least[rows], values)
            table = table[[int(np.argmin(values))]]
            self.offer(order, tuple(table[0].tolist()), budget)
            return
        for row, chosen in zip(rows.tolist(), table.tolist(), strict=True):
            least[row] = min(least[row], self.offer(order, tuple(chosen), budget))

    def offer(self, order: Order, sizes: tuple[int, ...], budget: Budget) -> float:
        """Take the schedule if it is better. Its objective, infinite where it cannot be better."""
        tiled = tile(self._kernel, order, sizes, self._hardware, rule=self._rule)
        budget.spend(STEPS_OF_TILES)
        self.evaluated += 1
        if tiled.fault() is not None or any(need.need_bits > need.limit_bits for need in tiled.needs()):
            return inf
        # The last bound, for this one schedule: its counts are exact, only its waits are left out.
        if self._objective(tiled.least_cost()) >= self.best:
            return inf
        budget.spend(_neighbourhoods(tiled))
        cost = tiled.cost()
        value = self._objective(cost)
        if value < self.best:
            self.best, self.tiling, self.cost = value, Tiling(order, sizes), cost
        return value


def _neighbourhoods(tiled: Tiled) -> int:
    """About how many kinds of a tile between two others pricing tells apart."""
    grids = [grid for _, grid in tiled.nests] if isinstance(tiled, TiledProgram) else [tiled.grid]
    # Two loops of 4, 4, 2 have 2 segments each: (2 + 1) * (2 + 1) = 9 neighbourhoods.
    return sum(prod([axis.segment_count + 1 for axis in grid.axes]) for grid in grids)
