"""Refusals of `exact` against a walk over all tiles: whether, which memory, how much it needs and how much it has."""

from __future__ import annotations

from random import Random

import pytest

from simdc.cost import ExactModel, TilingError
from tests.oracles.capacity_walk import first_refusal
from tests.oracles.random_layers import random_tiling
from tests.oracles.tight_machines import greedy_cases

EXACT = ExactModel()


@pytest.mark.parametrize("seed", range(3))
def test_refusals_are_those_of_the_walk(seed: int) -> None:
    random = Random(seed)
    refused = fitted = 0
    for kernel, machine in greedy_cases(random, 250):
        tiling = random_tiling(random, kernel, 40)
        expected = first_refusal(kernel, tiling, machine)
        try:
            EXACT.evaluate(kernel, tiling, machine)
            found = ""
        except TilingError as error:
            found = str(error)
        assert found.startswith(expected), (kernel, tiling, machine)
        assert bool(found) == bool(expected), (kernel, tiling, machine)
        refused, fitted = refused + bool(found), fitted + (not found)
    assert min(refused, fitted) > 50
