"""The tree of ways to cut a kernel's loops: level by level one more loop is decided, and what cannot win is pruned.

With 3 ways for oc and 2 for ic the tree has rows (0), (1), (2) at its first level and (0, 0) to (2, 1) at its second,
which are leaves. If the bound of (1) is no less than the best schedule known, (1, 0) and (1, 1) are never made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Any

import numpy as np

from .budget import Budget
from .candidates import Cuts, Sizes
from .prefixes import PrefixBounds, Prefixes

BLOCK = 1 << 16
"""Rows at a time."""


class Frontier:
    """A walk of that tree, whose nodes `prefixes` bounds.

    `least` is a lower bound of the objective of every schedule that was not pruned: of leaves that were given, and of
    nodes that were left when the budget ended. `complete` tells whether none was left.
    """

    def __init__(self, cuts: Sequence[Cuts], prefixes: PrefixBounds):
        self._cuts, self._prefixes = cuts, prefixes
        self.least: Any = inf
        self.complete = True

    def leaves(self, best: Callable[[], Any], budget: Budget) -> Iterator[Sizes]:
        """Tile sizes [ways, loops] of all ways that may give less than `best()`, which may fall meanwhile, block by
        block; of some, if the budget ends before."""
        # The last group first: so few wait, and of equals those with most decided come first.
        waiting = [self._prefixes.root(best())]
        while waiting:
            group = waiting.pop()
            # The best may have fallen since the group was put here.
            may_win = np.less(group.bounds, best()).astype(bool)
            rows, bounds = group.rows[may_win], group.bounds[may_win]
            if not len(rows):
                continue
            level: int = rows.shape[1]
            if level == len(self._cuts) or budget.is_spent:
                # Ascending, so the first bound is that of the whole group.
                self.least = min(self.least, bounds[0])
                if level == len(self._cuts):
                    yield np.column_stack([one.sizes[column] for one, column in zip(self._cuts, rows.T, strict=True)])
                else:
                    self.complete = False
                continue
            ways = self._cuts[level].ways
            # A loop with 400 ways widens 163 rows at a time: 163 x 400 = 65,200 new ones.
            block = rows[: max(1, BLOCK // ways)]
            waiting.append(Prefixes(rows[len(block) :], bounds[len(block) :]))
            budget.spend(len(block) * ways)
            waiting.append(self._prefixes.below(block, best()))
