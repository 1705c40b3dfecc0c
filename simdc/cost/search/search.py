"""The best schedule of a kernel: a tile size for each loop, and the loop order.

Branch and bound. Schedules are grouped by what is decided of them so far, and a group is dropped when none of it can
win: when `Relaxed`, or for one way to cut all loops the exact counts with the fewest reloads that any order has, or for
one schedule its exact counts, already cost as much as the best schedule known. Each of these takes part of what the
schedule costs and leaves the rest out, so it is never more than the true cost; and as the objective grows with every
number of a cost, what is dropped is never better than what is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from math import factorial, inf, prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from simdc.cost.capacity import check
from simdc.cost.exact.tiled import tile
from simdc.cost.greedy import greedy_tiling
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import ArrayKernel, FusedProducts, Kernel
from simdc.cost.ladder import ladder_tiling
from simdc.cost.model import tiled_kernel
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.schedules import number_type
from simdc.cost.tiling import Tiling, TilingError, loop_bounds
from simdc.named import NamedTuple

from .budget import Budget
from .candidates import Cuts, Sizes, all_sizes, even
from .certificate import Certificate, Found
from .frontier import Frontier
from .fused import search_fused
from .objective import Objective
from .orders import every_order, families, typical_orders
from .prefixes import ArrayPrefixes, CutsInRow, FlatPrefixes
from .pricing import Orders, Pricing
from .relaxed import Relaxed

FIRST_WAYS = 6
"""Ways to cut each loop in a first round, which finds a good schedule to measure the others by."""
WAITING = 1 << 18
"""Ways to cut that wait to be priced."""
MOST_AT_ONCE = 1024
STEPS = 2_000_000
"""How much work a search may do, see `Budget`: some seconds at most."""
FIRST_SHARE, WALK_SHARE, LAST_SHARE = 0.2, 0.5, 0.15
"""Of the budget: for the first round; in a round, to find the ways to cut that may win; for the last round."""


def search(
    kernel: Kernel,
    hardware: Hardware,
    objective: Objective,
    steps: float = STEPS,
    *,
    even_only: bool = False,
    known: Iterable[Tiling] = (),
    rule: MachineRule = GENESYS,
) -> Found:
    """The schedule with the smallest objective under `exact` on a machine of this `rule`: never worse than the greedy
    and the default one. With steps enough it is optimal over all numbers of tiles of every loop, with even tiles, and
    all loop orders, and mostly over all tile sizes, unless `even_only`. `known` tilings are tried first: good ones save
    work. Raises TilingError when nothing fits, Uncosted for a chain."""
    kernel = tiled_kernel(kernel)
    greedy = greedy_tiling(kernel, hardware, rule)
    if isinstance(kernel, FusedProducts):
        tried = (greedy, ladder_tiling(kernel, hardware, rule), *known)
        return search_fused(kernel, hardware, objective, steps, tried, rule)
    budget, rounds = Budget(steps), _Rounds(kernel, hardware, rule, objective)
    # So the result is never worse than these, and the bounds have something to prune by from the start.
    for tiling in (greedy, ladder_tiling(kernel, hardware, rule), *known):
        rounds.pricing.offer(*tiling, budget)
    cuts = even(kernel, hardware)
    rounds.explore([one.first(FIRST_WAYS) for one in cuts], budget.part(FIRST_SHARE), [rounds.typical])
    over_even = rounds.explore(cuts, budget, [rounds.typical, every_order])
    best, bound, last = rounds.pricing, over_even.least, budget.part(LAST_SHARE)
    sizes = [one.own for one in cuts]
    # All sizes of 112 are 112 ways where even tiles have 21: worth it only if the proof is still open.
    if over_even.complete and not even_only and bound < best.best and sum(sizes) < last.left:
        over_all = rounds.explore(all_sizes(kernel, hardware), last, [every_order])
        # Complete: nothing that was dropped is below the best, which becomes the bound two lines on.
        bound = inf if over_all.complete else max(bound, over_all.least)
    bound = min(bound, best.best)
    if best.tiling is None or best.cost is None:
        raise _refusal(kernel, hardware, rule, greedy, over_even.complete)
    proven = "all" if bound == best.best else "even" if over_even.complete else "none"
    candidates, done = prod(sizes) * factorial(len(sizes)), budget.spent
    proof = Certificate(candidates, best.evaluated, _plain(best.best), _plain(bound), proven, done)
    return Found(best.tiling, best.cost, proof)


def _refusal(kernel: ArrayKernel, hardware: Hardware, rule: MachineRule, greedy: Tiling, complete: bool) -> TilingError:
    """The innermost tile of the greedy schedule does not fit either, and its error says which buffer is too small."""
    try:
        check(tile(kernel, *greedy, hardware, rule=rule).needs(), greedy)
    except TilingError as error:
        if complete:
            return error
        message = f"{error}; the search ended before it found a tiling that fits"
        return TilingError(message, need=error.need, buffer=error.buffer)
    raise AssertionError("a schedule that fits was lost")


def _ways(cuts: Cuts) -> int:
    return cuts.ways


def _plain(number: object) -> Any:
    """Python's own number."""
    return cast("Any", number).item() if isinstance(number, np.generic) else number


class Explored(NamedTuple):
    """No schedule with as many tiles as were tried, whatever their sizes, has less than `least`; `complete` if nothing
    that was tried is better than the best schedule known."""

    least: Any
    complete: bool


class Pool(NamedTuple):
    """Ways to cut that may win: their tile sizes, bounds, and the numbers of the families of their innermost loops."""

    sizes: Sizes
    bounds: NDArray[np.generic]
    family: NDArray[np.intp]


class _Rounds:
    """One after the other, each with the best schedule of those before."""

    def __init__(self, kernel: ArrayKernel, hardware: Hardware, rule: MachineRule, objective: Objective):
        self.pricing = Pricing(kernel, hardware, objective, rule)
        self._objective = objective
        self._relaxed = Relaxed(kernel, hardware, rule)
        self._families = families(kernel, list(loop_bounds(kernel)))
        self._type = number_type(kernel, hardware, rule)
        self.typical: Orders = partial(typical_orders, self._families)

    def explore(self, cuts: Sequence[Cuts], budget: Budget, passes: Sequence[Orders]) -> Explored:
        """Find the best of all ways to cut in all orders of the last of `passes`; those before find a good one soon."""
        least, complete, waiting = inf, True, list[Pool]()
        # The loop with most choices first: what it rules out is not multiplied.
        cuts = sorted((one.of(self._type) for one in cuts), key=_ways, reverse=True)
        loops = [one.loop for one in cuts]
        walk, flat = budget.part(WALK_SHARE), self.pricing.flat_cycles
        in_row = None if flat is None else CutsInRow(cuts, flat, self._relaxed)
        for number, family in enumerate(self._families):
            prefixes = (
                ArrayPrefixes(cuts, self._relaxed, self._objective, family[0])
                if in_row is None
                else FlatPrefixes(in_row, family[0])
            )
            frontier = Frontier(cuts, prefixes)
            # Three families get a third, a half of the rest, the rest: what one leaves goes to the next.
            part = walk.part(1 / (len(self._families) - number))
            for found in frontier.leaves(lambda: self.pricing.best, part):
                sizes, bounds = self.pricing.bounded(loops, found, family, part)
                waiting.append(Pool(sizes, bounds, np.full(len(sizes), number)))
                if sum(len(one.sizes) for one in waiting) > WAITING:
                    complete &= self._settle(loops, waiting, budget, passes)
                    waiting = []
            least, complete = min(least, frontier.least), complete and frontier.complete
        return Explored(least, self._settle(loops, waiting, budget, passes) and complete)

    def _settle(self, loops: Sequence[str], pools: Sequence[Pool], budget: Budget, passes: Sequence[Orders]) -> bool:
        """Price what may win, the most promising first. Whether all was."""
        if not pools:
            return True
        sizes, bounds, family = (np.concatenate(parts) for parts in zip(*pools, strict=True))
        promise = bounds
        for orders in passes:
            ranks = np.lexsort((bounds.astype(float), promise.astype(float)))
            promise, first, step = np.full(len(bounds), inf), 0, 1
            while first < len(ranks):
                # 1, 2, 4, ... 1,024 at a time: the first few lower the best, and most others are dropped unpriced.
                chosen = ranks[first : first + step]
                chosen = chosen[np.less(bounds[chosen], self.pricing.best).astype(bool)]
                for number, innermost in enumerate(self._families):
                    if budget.is_spent:
                        return False
                    rows = chosen[family[chosen] == number]
                    if len(rows):
                        promise[rows] = self.pricing.price(loops, sizes[rows], innermost, orders, budget)
                first, step = first + step, min(2 * step, MOST_AT_ONCE)
        return not budget.is_spent
