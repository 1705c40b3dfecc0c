"""Kernels of ops on random schedules and machines: what `exact` counts, what the tiles do, and what they compute."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from simdc.backends.execute.agreement import compare_with_untiled
from simdc.backends.simulate import simulate
from simdc.cost import ExactModel, TilingError
from simdc.cost.kernel import Kernel
from tests.oracles.random_layers import random_machine, random_tiling, with_random_widths
from tests.oracles.tight_machines import tight_machine

EXACT = ExactModel()
MAX_TILES = 40


def check_schedules(make: Callable[[Random], Kernel], count: int, seed: int = 0, one_in: int = 3) -> None:
    """`make` gives the kernel of an op of random sizes. Half of the machines have memories that hardly hold it; a
    schedule that does not fit is passed over. Of `count` schedules one in three at least must be compared, or in as
    many as are said: fewer pass where most tilings cut what must stay whole."""
    random, played = Random(seed), 0
    for number in range(count):
        kernel = with_random_widths(random, make(random))
        machine = tight_machine(random, kernel) if number % 2 else random_machine(random)
        tiling = random_tiling(random, kernel, MAX_TILES)
        try:
            cost = EXACT.evaluate(kernel, tiling, machine)
        except TilingError:
            continue
        assert cost == simulate(kernel, tiling, machine), (kernel, tiling, machine)
        assert EXACT.least_cycles(kernel, machine) <= cost.cycles.total, (kernel, tiling, machine)
        played += 1
        if number % 5 == 0:
            found = compare_with_untiled(kernel, tiling, machine, seed=number)
            assert found.wrong is None, (kernel, tiling, machine)
            assert found.compute_cycles in (None, cost.cycles.compute)
            assert found.dram_bits == cost.dram_bits
    assert one_in * played >= count
