"""A bounded sample of `best_schedules.py`, and that it would tell a wrong proof from a right one."""

from __future__ import annotations

import pytest

from simdc.cost.capacity import Held, array_buffers
from simdc.cost.kernel import Contraction
from simdc.cost.search import relaxed
from simdc.frozen import astuple
from tests.oracles import best_schedules

CASES = 2 * len(best_schedules.KINDS)


def test_a_sample_is_best() -> None:
    right, wrong = best_schedules.check(3, CASES)
    assert wrong is None, wrong
    assert right.keys() == set(best_schedules.KINDS)


def test_layers_are_as_varied_as_they_say() -> None:
    layers = list(best_schedules.random_layers(3, 60))
    arrays = [layer.machine.systolic for layer in layers if isinstance(layer.kernel, Contraction)]
    apart = [len({*astuple(array.buffers)}) == len({*astuple(array.bandwidths)}) + 1 == 4 for array in arrays]
    assert sum(apart) > len(arrays) // 2
    assert {layer.machine.stores_padding for layer in layers} == {True, False}
    assert min(layer.machine.prices.dram_pj_per_bit for layer in layers) == 0
    fitting = sum(next(best_schedules.all_costs(*layer), None) is not None for layer in layers)
    assert len(layers) // 2 < fitting < len(layers)


def test_a_wrong_pairing_of_buffers_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def exchanged(*layer) -> list[Held]:
        weight, ifmap, *others = array_buffers(*layer)
        return [weight._replace(operand=ifmap.operand), ifmap._replace(operand=weight.operand), *others]

    monkeypatch.setattr(relaxed, "array_buffers", exchanged)
    _, wrong = best_schedules.check(3, CASES)
    assert wrong is not None
    assert "but there is a schedule of" in wrong


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert best_schedules.main(["--cases", "3", "--seed", "4"]) == 0
    assert "3 layers: the search finds and proves the best schedule of all" in capsys.readouterr().out
