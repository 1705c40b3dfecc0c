"""Ways to cut the same loops, in several loop orders: what each costs, and at least. By arrays, one order after the
other, or where it is compiled by `cost/flat`, many orders at once. Both give the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from math import inf, prod
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from simdc.cost.exact.flat import FlatContraction
from simdc.cost.exact.tiled import Tiled, tile
from simdc.cost.grid import padded_bounds
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import ArrayKernel
from simdc.cost.result import Cost
from simdc.cost.rule import MachineRule
from simdc.cost.schedules import evaluate_many, number_type
from simdc.cost.schedules.arrays import MANY
from simdc.cost.schedules.core_many import FoundMany, bound_all, price_all, walks_in
from simdc.cost.tiling import loop_bounds
from simdc.named import NamedTuple

from .candidates import Sizes
from .objective import Objective
from .orders import Order, reloads_in
from .quotes import Quote, TiledQuote

AT_ONCE = 2048
"""Bounds that the compiled form finds in one call."""
AHEAD = 64
"""Exact costs that it finds before they are asked for: most are."""


class SearchedLayer:
    """A kernel on a machine, and what is to become small."""

    def __init__(self, kernel: ArrayKernel, hardware: Hardware, rule: MachineRule, objective: Objective):
        self.kernel, self.hardware, self.rule, self.objective = kernel, hardware, rule, objective
        self.own = loop_bounds(kernel)
        self.type = number_type(kernel, hardware, rule)

    def tiled(self, order: Order, sizes: Sequence[int]) -> Tiled:
        return tile(self.kernel, order, sizes, self.hardware, rule=self.rule)

    def many(self, loops: Sequence[str], sizes: Iterable[Sizes]) -> Tiled:
        """An array of sizes for each loop."""
        columns = [np.ascontiguousarray(each).astype(self.type) for each in sizes]
        return tile(self.kernel, loops, cast("Sequence[int]", columns), self.hardware, MANY, self.rule)

    @cached_property
    def stored(self) -> dict[str, int]:
        """Loop bounds as the machine runs them."""
        return padded_bounds(self.own, self.kernel, self.hardware)

    def values(self, cost: Cost, schedules: int) -> NDArray[np.generic]:
        """The objective of so many schedules, whose numbers are arrays."""
        return np.broadcast_to(self.objective(cost), schedules)


class Leaves(Protocol):
    """Orders and ways are meant by number."""

    def bounds(self, order: int) -> NDArray[np.generic]:
        """Of all ways in an order, at least."""
        ...

    def values(self, order: int, ways: NDArray[np.intp]) -> NDArray[np.float64]:
        """Of these ways, infinite where they cannot be run."""
        ...

    def quote(self, order: int, way: int) -> Quote: ...


class ArrayLeaves:
    def __init__(self, layer: SearchedLayer, loops: Sequence[str], sizes: Sizes, orders: list[Order]):
        self._layer, self._loops, self._orders = layer, loops, orders
        self._sizes = dict(zip(loops, sizes.T, strict=True))
        self._ways = len(sizes)

    @cached_property
    def _many(self) -> Tiled:
        """The tile grids are the same in each order: made once, then only the reloads change."""
        return self._layer.many(self._loops, list(self._sizes.values()))

    def bounds(self, order: int) -> NDArray[np.generic]:
        many = self._many.with_reloads(reloads_in(self._orders[order]))
        return self._layer.values(many.least_cost(), self._ways)

    def values(self, order: int, ways: NDArray[np.intp]) -> NDArray[np.float64]:
        layer, loops = self._layer, self._orders[order]
        table = np.column_stack([self._sizes[loop][ways] for loop in loops])
        exact = evaluate_many(layer.kernel, loops, table, layer.hardware, layer.rule)
        return np.where(exact.legal, layer.objective(exact.cost), inf).astype(float)

    def quote(self, order: int, way: int) -> Quote:
        loops = self._orders[order]
        sizes = [int(self._sizes[loop][way]) for loop in loops]
        return TiledQuote(self._layer.tiled(loops, sizes), self._layer.objective)


class OrderBounds(NamedTuple):
    """Of the orders from number `first` on: the least of each way, and whether it fits, both [orders, ways]."""

    first: int
    least: NDArray[np.generic]
    fits: NDArray[np.bool_]


class FlatLeaves:
    """`best` tells the best value that is known: what cannot be better is not priced ahead."""

    def __init__(
        self,
        layer: SearchedLayer,
        flat: FlatContraction,
        loops: Sequence[str],
        sizes: Sizes,
        orders: list[Order],
        best: Callable[[], Any],
    ):
        self._layer, self._flat, self._best, self._orders = layer, flat, best, orders
        own = list(layer.own)
        self._table = np.ascontiguousarray(sizes[:, [loops.index(loop) for loop in own]])
        self._known = OrderBounds(0, np.zeros((0, 0)), np.zeros((0, 0), dtype=bool))
        self._exact: dict[tuple[int, int], tuple[FoundMany, int, Any]] = {}

    def bounds(self, order: int) -> NDArray[np.generic]:
        known = self._around(order)
        return known.least[order - known.first]

    def values(self, order: int, ways: NDArray[np.intp]) -> NDArray[np.float64]:
        found = self._priced(np.column_stack([np.full(len(ways), order), ways]))
        return np.where(found.fits(), self._layer.values(found.cost(), len(ways)), inf).astype(float)

    def quote(self, order: int, way: int) -> Quote:
        return FlatQuote(self, order, way)

    def fits(self, order: int, way: int) -> bool:
        known = self._around(order)
        return bool(known.fits[order - known.first, way])

    def work(self, way: int) -> int:
        # As `neighbourhoods` counts.
        sizes = zip(self._layer.own.items(), self._table[way].tolist(), strict=True)
        return prod([3 if self._layer.stored[loop] % size else 2 for (loop, own), size in sizes if size < own])

    def exact(self, order: int, way: int) -> tuple[FoundMany, int, Any]:
        """What it costs, as a number of columns, and its value."""
        found = self._exact.get((order, way))
        if found is None:
            pairs = np.array(list(self._ahead(order, way)))
            columns = self._priced(pairs)
            values = self._layer.values(columns.cost(), len(pairs)).tolist()
            self._exact = {
                (pair[0], pair[1]): (columns, number, value)
                for number, (pair, value) in enumerate(zip(pairs.tolist(), values, strict=True))
            }
            found = self._exact[order, way]
        return found

    def _ahead(self, order: int, way: int) -> Iterator[tuple[int, int]]:
        """This one, and those behind it that will be asked for next unless the best falls meanwhile."""
        yield order, way
        known = self._around(order)
        may_win = np.less(known.least[order - known.first :], self._best()).astype(bool)
        may_win &= known.fits[order - known.first :]
        may_win[0, : way + 1] = False
        orders, ways = (each[:AHEAD] for each in np.nonzero(may_win))
        yield from zip((orders + order).tolist(), ways.tolist(), strict=True)

    def _around(self, order: int) -> OrderBounds:
        """Those that are known if the order is among them, else those of the orders from this one on."""
        if not 0 <= order - self._known.first < len(self._known.least):
            ways = len(self._table)
            orders = self._orders[order : order + max(1, AT_ONCE // ways)]
            found = bound_all(self._flat, walks_in(tuple(self._layer.own), tuple(orders)), self._table)
            shape = len(orders), ways
            least = self._layer.values(found.cost(), len(orders) * ways).reshape(shape)
            self._known = OrderBounds(order, least, found.fits().reshape(shape))
        return self._known

    def _priced(self, pairs: NDArray[np.intp]) -> FoundMany:
        return price_all(self._flat, walks_in(tuple(self._layer.own), tuple(self._orders)), self._table, pairs)


class FlatQuote:
    def __init__(self, leaves: FlatLeaves, order: int, way: int):
        self._leaves, self._order, self._way = leaves, order, way

    def fits(self) -> bool:
        return self._leaves.fits(self._order, self._way)

    def least(self) -> Any:
        return self._leaves.bounds(self._order)[self._way].item()

    def work(self) -> int:
        return self._leaves.work(self._way)

    def value(self) -> Any:
        return self._leaves.exact(self._order, self._way)[2]

    def cost(self) -> Cost:
        columns, schedule, _ = self._leaves.exact(self._order, self._way)
        return columns.cost_of(schedule)
