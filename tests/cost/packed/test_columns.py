"""Costs in columns: those of the layers one by one, to the last bit, with numbers beyond what a float holds, too."""

from __future__ import annotations

from operator import attrgetter
from random import Random

import numpy as np
import pytest

from simdc.cost import ExactModel, energy_of
from simdc.cost.flat import core
from simdc.cost.forms import only
from simdc.cost.kernel import Contraction, Loop
from simdc.cost.packed.columns import LARGEST
from tests.cost.packed.test_network_rows import random_cases
from tests.oracles.random_layers import random_contraction, random_machine

NUMBERS = ("cycles", "dram_bits", "sram_bits", "busy")


@pytest.fixture(params=["plain", "compiled"])
def form(request: pytest.FixtureRequest) -> core.CoreForm:
    return request.getfixturevalue("compiled") if request.param == "compiled" else core.PLAIN


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("greedy", [True, False])
def test_columns_are_layers(form: core.CoreForm, greedy: bool, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "COMPILED", form)
    seen = left_over = 0
    for workload, machine in random_cases(Random(seed), 20, large=greedy):
        pricer = ExactModel().together(workload.distinct, [1] * len(workload.distinct))
        rows = None if pricer is None else pricer.price(machine, greedy=greedy)
        if rows is None:
            continue
        layers: list[int] = []
        for columns in rows.columns():
            layers += columns.layers
            total = np.broadcast_to(columns.cost.cycles.total, len(columns.layers))
            for place, number in enumerate(columns.layers):
                chosen = rows.layer(number)
                assert columns.on_systolic == isinstance(chosen.kernel, Contraction)
                assert int(total[place]) == chosen.cost.cycles.total
                for part in map(attrgetter, NUMBERS):
                    assert [int(column[place]) for column in part(columns.cost)] == list(part(chosen.cost))
                energy = energy_of(columns.cost, machine, on_systolic=columns.on_systolic).total
                own = energy_of(chosen.cost, machine, on_systolic=columns.on_systolic).total
                assert float(np.broadcast_to(energy, len(columns.layers))[place]) == own
        assert sorted(layers + rows.left_over) == list(range(len(workload.distinct)))
        seen, left_over = seen + len(layers), left_over + len(rows.left_over)
    assert seen > 20
    assert left_over > 0


def test_numbers_that_no_float_is_stay_whole(form: core.CoreForm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "COMPILED", form)
    random, large = Random(5), 0
    for _ in range(20):
        kernel, machine = random_contraction(random), random_machine(random, stores_padding=True)
        # Bounds that are odd, so that products of them have all their digits.
        loops = tuple(Loop(loop.name, (loop.bound << random.randrange(22)) + loop.bound % 2) for loop in kernel.loops)
        pricer = ExactModel().together([only(kernel._replace(loops=loops, macs=None))], [1])
        rows = None if pricer is None else pricer.price(machine, greedy=True)
        for columns in [] if rows is None else rows.columns():
            assert rows is not None
            cost, own = columns.cost, rows.layer(0).cost
            assert [int(each[0]) for each in cost.dram_bits] == list(own.dram_bits)
            assert [int(each[0]) for each in cost.cycles] == list(own.cycles)
            large += max(own.dram_bits) > LARGEST
    assert large > 1
