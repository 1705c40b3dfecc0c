"""`ladder_tiling` against its rules taken literally: all rungs made, and all that fit priced."""

from __future__ import annotations

from random import Random

import pytest

from simdc.cost import ExactModel
from simdc.cost.ladder import ladder_tiling
from tests.oracles.ladder_rules import least_by_rules, rungs_by_rules
from tests.oracles.tight_machines import greedy_cases

MOST_RUNGS = 600


@pytest.mark.parametrize("seed", range(2))
def test_no_rung_that_fits_is_cheaper(seed: int) -> None:
    compared = refused = 0
    for kernel, machine in greedy_cases(Random(seed), 150):
        rungs = sorted(set(rungs_by_rules(kernel, machine)))
        if len(rungs) > MOST_RUNGS:
            continue
        tiling = ladder_tiling(kernel, machine)
        least = least_by_rules(kernel, machine, rungs)
        if least is None:
            # Not even single iterations, but where a border leaves less of them than their box has.
            assert max(tiling.sizes) <= max(machine.simd.lanes, machine.systolic.rows, machine.systolic.columns)
            refused += 1
            continue
        cost = ExactModel().evaluate(kernel, tiling, machine)
        assert tiling in rungs, (kernel, machine)
        assert (cost.cycles.total, cost.dram_bits.total) == least, (kernel, machine)
        compared += 1
    assert compared > 60
    assert refused > 2
