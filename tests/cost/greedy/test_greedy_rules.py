"""`greedy_tiling` against its rules taken literally."""

from __future__ import annotations

from random import Random

import pytest

from simdc.cost import greedy_tiling
from tests.oracles.greedy_rules import greedy_by_rules
from tests.oracles.tight_machines import greedy_cases


@pytest.mark.parametrize("seed", range(4))
def test_tiles_are_those_of_the_rules(seed: int) -> None:
    cut = 0
    for kernel, machine in greedy_cases(Random(seed), 250):
        tiling = greedy_by_rules(kernel, machine)
        assert greedy_tiling(kernel, machine) == tiling, (kernel, machine)
        cut += max(tiling.sizes) > 1
    assert cut > 100
