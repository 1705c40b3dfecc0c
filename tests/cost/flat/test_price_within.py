"""Cycles of a contraction that are not added up to the end where they are more than a limit."""

from __future__ import annotations

from random import Random

import pytest

from simdc.cost.exact.flat import flat_contraction
from simdc.cost.flat import price as at
from simdc.cost.flat import tiles
from simdc.cost.flat.core import PLAIN
from simdc.cost.rule import GENESYS
from simdc.frozen import evolve
from tests.cost.machines import pencil_layer, small_machine
from tests.oracles.random_layers import random_contraction, random_machine, random_tiling


@pytest.mark.parametrize("seed", range(8))
def test_the_same_within_the_limit_and_more_beyond_it(seed: int) -> None:
    random, stopped = Random(seed), 0
    for _ in range(40):
        kernel = random_contraction(random)._replace(macs=None)
        flat = flat_contraction(kernel, evolve(random_machine(random), stores_padding=True), GENESYS)
        assert flat is not None
        order, sizes = random_tiling(random, kernel, 500)
        numbers, cut = flat.numbered(order, sizes)
        assert cut <= tiles.MOST_CUT
        given = flat.in_form(PLAIN), numbers, list(sizes), flat.room(PLAIN, cut), [0] * tiles.FOUND
        assert at.price(*given, -1) == 0
        whole, found = given[4][tiles.TOTAL], given[4].copy()
        # What is known is not worked out again; all else is the same.
        assert at.price(*given, 7) == 0
        assert given[4] == [7, *found[1:]]
        for most in (-1, whole, whole + 1):
            assert at.price_within(*given, most) == 0
            assert given[4][tiles.TOTAL] == whole
        for most in (0, whole - 1, random.randrange(whole)):
            assert at.price_within(*given, most) == 0
            assert most < given[4][tiles.TOTAL] <= whole
            stopped += given[4][tiles.TOTAL] < whole
    assert stopped > 5


def test_loops_that_are_cut_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, tiling = pencil_layer()
    flat = flat_contraction(kernel, evolve(small_machine(), stores_padding=True), GENESYS)
    assert flat is not None
    numbers, cut = flat.numbered(*tiling)
    given = flat.in_form(PLAIN), numbers, list(tiling.sizes), flat.room(PLAIN, cut), [0] * tiles.FOUND
    monkeypatch.setattr(at, "MOST_CUT", cut)
    assert at.price_within(*given, -1) == at.price(*given, -1) == 0
    monkeypatch.setattr(at, "MOST_CUT", cut - 1)
    assert at.price_within(*given, -1) == at.price(*given, -1) == 1
