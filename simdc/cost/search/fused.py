"""The best schedule of two products that run as one: every number of tiles of every loop, in every loop order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import permutations, product
from math import factorial, inf, prod
from typing import Any

from simdc.cost.capacity import check
from simdc.cost.exact.fused import TiledFused
from simdc.cost.exact.laws import used_by_fused
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import FusedProducts
from simdc.cost.ladder.fused import RoughBound
from simdc.cost.result import Busy, Cost, Cycles, SramBits
from simdc.cost.rule import MachineRule, passes
from simdc.cost.tiling import Tiling, TilingError
from simdc.named import NamedTuple

from .budget import Budget
from .certificate import Certificate, Found
from .objective import Objective

STEPS_OF_ROUGH, STEPS_OF_CLOSE, STEPS_OF_PRICE, STEPS_OF_STRIP = 15, 1_000, 3_000, 30
"""Measured: some microseconds for a rough bound, half a millisecond and more for a close one, some for a price, and in
either some for each tile along a diagonal."""
ROUGH_SHARE = 0.5
"""Of the budget, for the rough bounds: beyond that loops with most sizes are cut in fewer ways."""


def search_fused(
    kernel: FusedProducts,
    hardware: Hardware,
    objective: Objective,
    steps: float,
    known: Iterable[Tiling],
    rule: MachineRule,
) -> Found:
    """As `search`. `known` has at least one tiling, and the result is never worse than one of them. Raises TilingError
    where nothing fits, or the machine lacks the path."""
    budget, rounds = Budget(steps), _FusedSearch(kernel, hardware, objective, rule)
    tried = list(known)
    for tiling in tried:
        rounds.offer(tiling, budget)
    ways = _ways(kernel, int(budget.left * ROUGH_SHARE / STEPS_OF_ROUGH))
    complete = rounds.explore(ways, budget) and ways.are_all
    if rounds.tiling is None or rounds.cost is None:
        raise _refusal(kernel, hardware, rule, tried[0])
    bounds = list(kernel.bounds.values())
    bound = min(rounds.floor, rounds.best)
    proof = Certificate(
        candidates=prod(bounds) * factorial(len(bounds)),
        evaluated=rounds.evaluated,
        best=rounds.best,
        bound=bound,
        proven="all" if bound == rounds.best else "even" if complete else "none",
        steps=budget.spent,
    )
    return Found(rounds.tiling, rounds.cost, proof)


def _refusal(kernel: FusedProducts, hardware: Hardware, rule: MachineRule, tiling: Tiling) -> TilingError:
    """What keeps a tiling that does not fit from being run."""
    tiled = TiledFused(kernel, *tiling, hardware, rule)
    fault = tiled.fault()
    if fault is not None:
        return fault()
    try:
        check(tiled.needs(), tiling)
    except TilingError as error:
        return error
    raise AssertionError("a schedule that fits was lost")


class Ways(NamedTuple):
    """Tile sizes of each loop, in default order, and whether they are all that even tiles can have."""

    sizes: list[list[int]]
    are_all: bool


def _ways(kernel: FusedProducts, most: int) -> Ways:
    """No more than `most` combinations: of the loop with most sizes every other one is left out until there are."""
    # 100 iterations in 1, 2, 3, ... parts: 100, 50, 34, 25, 20, ... 1.
    sizes = [sorted({-(-bound // parts) for parts in range(1, bound + 1)}) for bound in kernel.bounds.values()]
    are_all = True
    while prod(map(len, sizes)) > most and max(map(len, sizes)) > 2:
        longest = max(sizes, key=len)
        longest[:] = [*longest[:-1:2], longest[-1]]
        are_all = False
    return Ways(sizes, are_all)


class _FusedSearch:
    def __init__(self, kernel: FusedProducts, hardware: Hardware, objective: Objective, rule: MachineRule):
        self._kernel, self._hardware, self._objective, self._rule = kernel, hardware, objective, rule
        self._has_path = hardware.simd.array_path_bits_per_cycle > 0
        self._rough = RoughBound(kernel, hardware, rule)
        self._used = used_by_fused(kernel)
        self.best: Any = inf
        self.tiling: Tiling | None = None
        self.cost: Cost | None = None
        self.evaluated = 0
        self.floor = self._bound(self._rough.least(), 0)
        """No schedule has less, whatever its tile sizes."""

    def _bound(self, cycles: int, weight_bits: int) -> Any:
        """The objective where nothing is known but the least cycles, and of each operand what is used."""
        moved = self._used._replace(weight=max(self._used.weight, weight_bits))
        return self._objective(Cost(Cycles(0, cycles), moved, SramBits(), (("lane_cycles", 0),), Busy()))

    def _roughly(self, sizes: dict[str, int]) -> Any:
        return self._bound(self._rough.cycles(sizes), self._rough.weight_bits(sizes))

    def _strip_steps(self, sizes: Mapping[str, int]) -> int:
        diagonal = self._kernel.diagonal
        strips = 1 if diagonal is None else passes(self._kernel.bounds[diagonal.rows], sizes[diagonal.rows])
        return STEPS_OF_STRIP * strips

    def offer(self, tiling: Tiling, budget: Budget) -> None:
        """Take the schedule if it can be run and is better."""
        tiled = TiledFused(self._kernel, *tiling, self._hardware, self._rule)
        budget.spend(STEPS_OF_PRICE + self._strip_steps(tiling.as_dict()))
        if tiled.fault() is None and all(need.need_bits <= need.limit_bits for need in tiled.needs()):
            self.evaluated += 1
            cost = tiled.cost()
            value = self._objective(cost)
            if value < self.best:
                self.best, self.tiling, self.cost = value, tiling, cost

    def explore(self, ways: Ways, budget: Budget) -> bool:
        """Whether no way is left that may be better."""
        if not self._has_path:
            return True
        order = tuple(self._kernel.bounds)
        every = list(product(*ways.sizes))
        budget.spend(STEPS_OF_ROUGH * len(every))
        # As in the ladder: rough bounds of all, close ones of the most promising, prices of what may win by these.
        waiting: list[tuple[Any, bool, int]] = [
            (self._roughly(dict(zip(order, sizes, strict=True))), False, number) for number, sizes in enumerate(every)
        ]
        heapify(waiting)
        while waiting and waiting[0][0] < self.best:
            if budget.is_spent:
                return False
            _, is_close, number = heappop(waiting)
            sizes = dict(zip(order, every[number], strict=True))
            if is_close:
                for tiling in _orders(self._kernel, sizes):
                    self.offer(tiling, budget)
                continue
            budget.spend(STEPS_OF_CLOSE + self._strip_steps(sizes))
            tiled = TiledFused(self._kernel, order, every[number], self._hardware, self._rule)
            if all(need.need_bits <= need.limit_bits for need in tiled.needs()):
                heappush(waiting, (self._objective(tiled.least_cost(self._used)), True, number))
        return True


def _orders(kernel: FusedProducts, sizes: dict[str, int]) -> Iterator[Tiling]:
    """Every order of the loops that are cut, those that are not outside: only these decide what is loaded when. The
    stream stays inside."""
    bounds, streamed = kernel.bounds, kernel.streamed
    outer = [loop for loop in bounds if loop != streamed]
    cut: Sequence[str] = [loop for loop in outer if sizes[loop] < bounds[loop]]
    whole = [loop for loop in outer if loop not in cut]
    for chosen in permutations(cut):
        order = (*whole, *chosen, streamed)
        yield Tiling(order, tuple(sizes[loop] for loop in order))
