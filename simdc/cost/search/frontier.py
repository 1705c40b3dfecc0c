"""Walks the tree of ways to cut a kernel's loops, loop by loop, without what the bounds rule out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Any

import numpy as np

from .candidates import Cuts, Sizes
from .objective import Objective
from .relaxed import Relaxed

BLOCK = 1 << 16
"""Rows at a time."""


class Exhausted(Exception):
    """The walk has tested as many rows as it may."""


class Frontier:
    """Rows are the first loops' cuts: a number of a cut for each. `least` is the lowest bound of a whole row so far."""

    def __init__(self, cuts: Sequence[Cuts], relaxed: Relaxed, objective: Objective, innermost: str, rows: float = inf):
        # The loop with most choices first: what it rules out is not multiplied.
        self._cuts: list[Cuts] = sorted(cuts, key=_ways, reverse=True)
        self._relaxed, self._objective, self._innermost = relaxed, objective, innermost
        self.loops = [one.loop for one in self._cuts]
        self.rows = rows
        self.least: Any = inf

    def leaves(self, best: Callable[[], Any]) -> Iterator[Sizes]:
        """Tile sizes [ways, loops] of all ways that may give less than `best()`, which may fall meanwhile, block by
        block. Raises Exhausted after `rows` rows."""
        for rows in self._below(np.zeros((1, 0), dtype=np.int64), best):
            yield np.column_stack([one.sizes[column] for one, column in zip(self._cuts, rows.T, strict=True)])

    def _below(self, rows: Sizes, best: Callable[[], Any]) -> Iterator[Sizes]:
        level: int = rows.shape[1]
        if level == len(self._cuts):
            yield rows
            return
        choices = np.arange(_ways(self._cuts[level]))
        step = max(1, BLOCK // len(choices))
        for first in range(0, len(rows), step):
            block = rows[first : first + step]
            self.rows -= len(block) * len(choices)
            if self.rows < 0:
                raise Exhausted
            wider = np.column_stack([np.repeat(block, len(choices), axis=0), np.tile(choices, len(block))])
            kept = wider[self._may_win(wider, best())]
            if len(kept):
                yield from self._below(kept, best)

    def _may_win(self, rows: Sizes, best: Any) -> Any:
        decided = list(zip(self._cuts, rows.T, strict=False))
        counts = {one.loop: one.counts[column] for one, column in decided}
        passes = {one.loop: one.passes[column] for one, column in decided}
        stored = {one.loop: one.stored[column] for one, column in decided}
        bound: Any = self._objective(self._relaxed.cost(counts, passes, self._innermost))
        may_win = self._relaxed.fits(stored) & np.less(bound, best).astype(bool)
        if len(decided) == len(self._cuts) and may_win.any():
            self.least = min(self.least, np.broadcast_to(bound, may_win.shape)[may_win].min())
        return may_win


def _ways(cuts: Cuts) -> int:
    return int(cuts.counts.shape[0])
