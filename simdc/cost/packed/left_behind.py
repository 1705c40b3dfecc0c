"""What pricing a network leaves behind for the next machines, where there is no compiler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from simdc.cost.flat import packed

from .kernels import PackedKernel

MOST_MACHINES = 8
"""Arrays of other sides, and lanes, of which something is kept."""
Rows = list[list[int]]


class KeptKernels(Protocol):
    """Kernels of one kind."""

    def price(self, machine: list[int], results: list[int], space: int, work: Rows) -> bool:
        """Writes into `results` what all of them cost. False where it cannot. Raises OverflowError as well."""
        ...


class LeftBehind:
    """Results have so many numbers (`length`), those of forms from `first` on."""

    def __init__(self, kernels: Sequence[PackedKernel], first: int, length: int):
        self._kernels, self._first, self._length = kernels, first, length
        self._arrays: dict[tuple[int, ...], KeptKernels | None] = {}
        self._lanes: dict[tuple[int, ...], KeptKernels | None] = {}

    def contractions(self, machine: list[int], rows: Rows, space: int, work: Rows, *, greedy: bool) -> list[int] | None:
        """Results of which those of contractions are right. None on the first machine with these sides of the array:
        importing numpy takes as long as to climb all ladders once."""

        def make() -> KeptKernels:
            if greedy:
                from .kept_greedy import GreedyContractions

                return GreedyContractions(self._kernels, rows, self._first)
            from .kept_climbs import KeptClimbs

            return KeptClimbs(self._kernels, rows, self._first)

        if all(kernel.is_program for kernel in self._kernels):
            return None
        alike = greedy, *machine[: packed.ARRAY_FILL]
        return self._priced(self._arrays, alike, make, machine, space, work)

    def programs(self, machine: list[int], rows: Rows, space: int, work: Rows, *, greedy: bool) -> list[int] | None:
        """And those of programs, from the second machine with these lanes on."""

        def make() -> KeptKernels:
            if greedy:
                from .kept_greedy import GreedyPrograms

                return GreedyPrograms(self._kernels, rows, self._first)
            from .kept_programs import KeptPrograms

            return KeptPrograms(self._kernels, rows, machine, self._first)

        alike = greedy, *machine[packed.LANES : packed.MEMORY_HOLDS]
        return self._priced(self._lanes, alike, make, machine, space, work)

    def _priced(
        self,
        known: dict[tuple[int, ...], KeptKernels | None],
        alike: Sequence[int],
        make: Callable[[], KeptKernels],
        machine: list[int],
        space: int,
        work: Rows,
    ) -> list[int] | None:
        key = tuple(alike)
        if key not in known:
            if len(known) >= MOST_MACHINES:
                known.clear()
            known[key] = None
            return None
        results = [0] * self._length
        try:
            kept = known[key]
            if kept is None:
                kept = known[key] = make()
            return results if kept.price(machine, results, space, work) else None
        except OverflowError:
            return None
