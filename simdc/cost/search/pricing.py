"""Prices the leaves of the search in many loop orders, and keeps the best schedule.

A leaf, tile sizes for all loops, passes three gates, each dearer than the one before: the bound with the fewest reloads
of any order (`bounded`), the bound of one order (`price`), the exact cost (`offer`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simdc.cost.exact.flat import FlatContraction
from simdc.cost.flat.offers import FEW, NO_CYCLES, STEPS_OF_ARRAYS, STEPS_OF_TILES
from simdc.cost.flat.tiles import MOST_CUT
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import ArrayKernel
from simdc.cost.result import Cost
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.schedules.core_many import any_walk, bound_all, bound_walk, many_of, price_all, try_all, walks_in
from simdc.cost.tiling import Tiling

from .budget import Budget
from .candidates import Sizes
from .leaves import ArrayLeaves, FlatLeaves, Leaves, SearchedLayer
from .objective import Objective, cycles
from .orders import Order, fewest_reloads
from .quotes import Quote, TiledQuote

Orders = Callable[[Sequence[str], Sequence[str], Order], Iterator[Order]]
"""From all loops, those that are cut and the family of the innermost one to the orders to try."""
CHUNK = 1 << 13
STEPS_OF_BOUND = 3
"""Of the budget, as those of `cost/flat/offers.py`."""


class Pricing:
    """The best schedule so far."""

    def __init__(self, kernel: ArrayKernel, hardware: Hardware, objective: Objective, rule: MachineRule = GENESYS):
        self._layer = SearchedLayer(kernel, hardware, rule, objective)
        self._own = self._layer.own
        self._flat = many_of(kernel, hardware, rule) if self._layer.type is np.int64 else None
        self.flat_cycles = self._flat if objective is cycles else None
        """What prices many schedules, where its cycles are all that counts."""
        self.best: Any = inf
        self.tiling: Tiling | None = None
        self.cost: Cost | None = None
        self.evaluated = 0
        self._tried: dict[tuple[Orders, Order, Order], list[Order]] = {}

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
        found: list[NDArray[np.generic]] = [np.zeros(0, self._layer.type)]
        for start in range(0, len(sizes), CHUNK):
            chunk = sizes[start : start + CHUNK]
            budget.spend(STEPS_OF_ARRAYS + STEPS_OF_BOUND * len(chunk))
            bounds, fits = self._in_any_order(loops, chunk, family)
            may_win = np.less(bounds, self.best).astype(bool) & fits
            kept.append(chunk[may_win])
            found.append(bounds[may_win])
        return np.concatenate(kept), np.concatenate(found)

    def _in_any_order(
        self, loops: Sequence[str], sizes: Sizes, family: Order
    ) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """Bounds, and which fit."""
        layer, flat = self._layer, self._flat
        if flat is not None and len(loops) <= MOST_CUT:
            table = np.ascontiguousarray(sizes[:, [loops.index(loop) for loop in self._own]])
            walk = any_walk(list(self._own), family)
            if self.flat_cycles is not None:
                return bound_walk(flat, walk, table)
            found = bound_all(flat, walk, table)
            return layer.values(found.cost(), len(sizes)), found.fits()
        many = layer.many(loops, sizes.T)
        fits = np.ones(len(sizes), dtype=bool)
        for need in many.needs():
            fits &= np.less_equal(need.need_bits, need.limit_bits).astype(bool)
        return layer.values(many.with_reloads(fewest_reloads(family)).least_cost(), len(sizes)), fits

    def price(
        self, loops: Sequence[str], sizes: Sizes, family: Order, orders: Orders, budget: Budget
    ) -> NDArray[np.float64]:
        """Try ways to cut in some loop orders. The least of each way, infinite where it is no better than the best
        that was known at the time."""
        least = np.full(len(sizes), inf)
        several = (sizes < np.array([self._own[loop] for loop in loops])).astype(np.int64)
        # Arrays run one code for all their tilings, so each loop is cut in all of them or in none. Of three loops the
        # first and third cut are 4 + 1 = 5.
        of_row = several @ (1 << np.arange(len(loops))[::-1])
        for pattern in sorted(set(of_row.tolist())):
            rows = np.flatnonzero(of_row == pattern)
            cut = tuple([loop for loop in self._own if pattern << loops.index(loop) & 1 << len(loops) - 1])
            tried = self._orders(orders, cut, family)
            flat = self.flat_cycles if tried and len(cut) <= MOST_CUT else None
            if flat is None:
                least[rows] = self._price_alike(loops, sizes[rows], cut, tried, budget)
            else:
                least[rows] = self._price_at_once(flat, loops, sizes[rows], tried, budget)
        return least

    def _orders(self, orders: Orders, cut: Order, family: Order) -> list[Order]:
        """Kept: of six loops that are cut there are 720, and they are asked for again and again."""
        key = orders, cut, family
        if key not in self._tried:
            self._tried[key] = list(orders(list(self._own), cut, family))
        return self._tried[key]

    def _price_at_once(
        self, flat: FlatContraction, loops: Sequence[str], sizes: Sizes, tried: list[Order], budget: Budget
    ) -> NDArray[np.float64]:
        """As `_price_alike`, by one call of `cost/flat`."""
        own = list(self._own)
        table = np.ascontiguousarray(sizes[:, [loops.index(loop) for loop in own]])
        walks, fewest = walks_in(tuple(own), tuple(tried)), NO_CYCLES if self.best == inf else self.best
        found = try_all(flat, walks, table, fewest, budget.remaining)
        budget.spend(found.steps)
        self.evaluated += found.looked_at
        if found.best is not None:
            order, way = found.best
            cost = price_all(flat, walks, table, np.array([found.best])).cost_of(0)
            self.best, self.tiling, self.cost = found.fewest, self._tiling(tried[order], loops, sizes, way), cost
        return np.where(found.cycles == NO_CYCLES, inf, found.cycles)

    def _price_alike(
        self, loops: Sequence[str], sizes: Sizes, cut: Sequence[str], tried: list[Order], budget: Budget
    ) -> NDArray[np.float64]:
        """Those that are cut along the same loops."""
        leaves, least = self._leaves(loops, sizes, cut, tried), np.full(len(sizes), inf)
        several, ways = len(sizes) * len(tried) >= FEW, np.arange(len(sizes))
        if several:
            budget.spend(STEPS_OF_TILES + len(sizes))
        for number, order in enumerate(tried):
            chosen = ways
            if several:
                budget.spend(STEPS_OF_ARRAYS + len(sizes))
                self.evaluated += len(sizes)
                chosen = np.flatnonzero(np.less(leaves.bounds(number), self.best))
            if len(chosen) >= FEW:
                # Measured: arrays take as long as pricing six tilings singly, and a 64th of one more for each row.
                work = leaves.quote(number, int(chosen[0])).work()
                budget.spend((STEPS_OF_TILES + work) * (6 + len(chosen) // 64))
                values = leaves.values(number, chosen)
                least[chosen] = np.minimum(least[chosen], values)
                chosen = chosen[[int(np.argmin(values))]]
                self._offer(self._tiling(order, loops, sizes, chosen[0]), leaves.quote(number, int(chosen[0])), budget)
            else:
                for way in chosen.tolist():
                    tiling = self._tiling(order, loops, sizes, way)
                    least[way] = min(least[way], self._offer(tiling, leaves.quote(number, way), budget))
            if several and budget.is_spent:
                break
        return least

    def _leaves(self, loops: Sequence[str], sizes: Sizes, cut: Sequence[str], orders: list[Order]) -> Leaves:
        if self._flat is not None and len(cut) <= MOST_CUT:
            return FlatLeaves(self._layer, self._flat, loops, sizes, orders, lambda: self.best)
        return ArrayLeaves(self._layer, loops, sizes, orders)

    def offer(self, order: Order, sizes: tuple[int, ...], budget: Budget) -> float:
        """Take the schedule if it is better. Its objective, infinite where it cannot be better."""
        tiled = self._layer.tiled(order, sizes)
        return self._offer(Tiling(order, sizes), TiledQuote(tiled, self._layer.objective), budget)

    def _tiling(self, order: Order, loops: Sequence[str], sizes: Sizes, way: int) -> Tiling:
        by_loop = dict(zip(loops, sizes[way].tolist(), strict=True))
        return Tiling(order, tuple(by_loop[loop] for loop in order))

    def _offer(self, tiling: Tiling, quote: Quote, budget: Budget) -> float:
        budget.spend(STEPS_OF_TILES)
        self.evaluated += 1
        # The last bound, for this one schedule: its counts are exact, only its waits are left out.
        if not quote.fits() or quote.least() >= self.best:
            return inf
        budget.spend(quote.work())
        value = quote.value()
        if value < self.best:
            self.best, self.tiling, self.cost = value, tiling, quote.cost()
        return value
