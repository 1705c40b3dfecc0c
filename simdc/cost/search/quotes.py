"""What one schedule costs, asked step by step, each dearer than the one before: does it fit, what does it cost at
least, what does it cost."""

from __future__ import annotations

from math import prod
from typing import Any, Protocol

from simdc.cost.exact.tiled import Tiled
from simdc.cost.exact.vector import TiledProgram
from simdc.cost.result import Cost

from .objective import Objective


class Quote(Protocol):
    def fits(self) -> bool: ...
    def least(self) -> Any:
        """A lower bound of its objective, with exact counts: only its waits are left out."""
        ...

    def work(self) -> int:
        """About how many kinds of a tile between two others pricing tells apart."""
        ...

    def value(self) -> Any:
        """Its objective."""
        ...

    def cost(self) -> Cost: ...


class TiledQuote:
    """By the classes of `cost/exact`."""

    def __init__(self, tiled: Tiled, objective: Objective):
        self._tiled, self._objective = tiled, objective
        self._cost: Cost | None = None

    def fits(self) -> bool:
        tiled = self._tiled
        return tiled.fault() is None and all(need.need_bits <= need.limit_bits for need in tiled.needs())

    def least(self) -> Any:
        return self._objective(self._tiled.least_cost())

    def work(self) -> int:
        return neighbourhoods(self._tiled)

    def value(self) -> Any:
        return self._objective(self.cost())

    def cost(self) -> Cost:
        if self._cost is None:
            self._cost = self._tiled.cost()
        return self._cost


def neighbourhoods(tiled: Tiled) -> int:
    grids = [grid for _, grid in tiled.nests] if isinstance(tiled, TiledProgram) else [tiled.grid]
    # Two loops of 4, 4, 2 have 2 segments each: (2 + 1) * (2 + 1) = 9 neighbourhoods.
    return sum(prod([axis.segment_count + 1 for axis in grid.axes]) for grid in grids)
