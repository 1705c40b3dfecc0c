"""Walks the tree of ways to cut a kernel's loops, loop by loop, without what the bounds rule out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Any, NamedTuple

import numpy as np

from .budget import Budget
from .candidates import Cuts, Sizes
from .objective import Objective
from .relaxed import Relaxed

BLOCK = 1 << 16
"""Rows at a time."""


class Prefixes(NamedTuple):
    """Rows with as many loops decided, a number of a cut for each loop, and the bound of each row, least first."""

    rows: Sizes
    bounds: Any


class Frontier:
    """Rows are the first loops' cuts. `least` bounds all that the walk found, or left, and did not rule out;
    `complete` tells whether it left nothing."""

    def __init__(self, cuts: Sequence[Cuts], relaxed: Relaxed, objective: Objective, innermost: str):
        self._cuts = cuts
        self._relaxed, self._objective, self._innermost = relaxed, objective, innermost
        self.least: Any = inf
        self.complete = True

    def leaves(self, best: Callable[[], Any], budget: Budget) -> Iterator[Sizes]:
        """Tile sizes [ways, loops] of all ways that may give less than `best()`, which may fall meanwhile, block by
        block; of some, if the budget ends before."""
        # The last group first: so few wait, and of equals those with most decided come first.
        waiting = [self._bounded(np.zeros((1, 0), dtype=np.int64), best())]
        while waiting:
            group = waiting.pop()
            may_win = np.less(group.bounds, best()).astype(bool)
            rows, bounds = group.rows[may_win], group.bounds[may_win]
            if not len(rows):
                continue
            level: int = rows.shape[1]
            if level == len(self._cuts) or budget.is_spent:
                self.least = min(self.least, bounds[0])
                if level == len(self._cuts):
                    yield np.column_stack([one.sizes[column] for one, column in zip(self._cuts, rows.T, strict=True)])
                else:
                    self.complete = False
                continue
            choices = np.arange(self._cuts[level].ways)
            block = rows[: max(1, BLOCK // len(choices))]
            waiting.append(Prefixes(rows[len(block) :], bounds[len(block) :]))
            budget.spend(len(block) * len(choices))
            wider = np.column_stack([np.repeat(block, len(choices), axis=0), np.tile(choices, len(block))])
            waiting.append(self._bounded(wider, best()))

    def _bounded(self, rows: Sizes, best: Any) -> Prefixes:
        """Those that may fit and win."""
        decided = list(zip(self._cuts, rows.T, strict=False))
        counts = {one.loop: one.counts[column] for one, column in decided}
        passes = {one.loop: one.passes[column] for one, column in decided}
        stored = {one.loop: one.stored[column] for one, column in decided}
        bounds: Any = self._objective(self._relaxed.cost(counts, passes, self._innermost))
        bounds = np.broadcast_to(bounds, len(rows))
        may_win = np.less(bounds, best).astype(bool) & self._relaxed.fits(stored)
        rows, bounds = rows[may_win], bounds[may_win]
        promising = np.argsort(bounds, kind="stable")
        return Prefixes(rows[promising], bounds[promising])
