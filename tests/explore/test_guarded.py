"""What a model answers while machines are compared is held to the guards, however many machines it prices at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simdc.cost import Cost, ExactModel, Hardware, Kernel, Tiling
from simdc.cost.batch import BatchCost
from simdc.cost.model_table import MODELS
from simdc.cost.result import Busy, Cycles
from simdc.cost.simdit import SimditModel
from simdc.errors import SimdcError
from simdc.explore import pricing
from simdc.explore.exploration import Exploration
from tests.explore.spaces import IFMAPS, WEIGHT_PORT, WEIGHTS, network_of_text, space_of

TEXT = "network tiny(x: 8x6x6) {\n  return x -> conv(16, 3) -> relu\n}\n"
SMALL = space_of(
    {"schema": "simdc-space/1", "base": "HI1", "fields": {WEIGHTS: ["2 KiB", "8 KiB"], WEIGHT_PORT: [16, 32, 64]}}
)
AT_FAULT = "this is a bug in the cost model '{}', not in the network: please report it"
Wrong = Callable[[Cost], Cost]

WRONG: dict[str, tuple[Wrong, str]] = {
    "NaN": (lambda cost: cost._replace(cycles=Cycles(cost.cycles.compute, float("nan"))), "0 <= stall cycles"),
    "less than nothing": (lambda cost: cost._replace(cycles=Cycles(-1, cost.cycles.total + 1)), "0 <= compute cycles"),
    "NaN bits": (lambda cost: cost._replace(dram_bits=cost.dram_bits._replace(ifmap=float("nan"))), "0 <= DRAM bits"),
    "negative bits": (lambda cost: cost._replace(sram_bits=cost.sram_bits._replace(ibuf=-1)), "0 <= SRAM bits"),
    "a port that ends after the layer": (
        lambda cost: cost._replace(busy=Busy(weight_port=cost.cycles.total + 1)),
        "cycles of the array and of each port <= total cycles",
    ),
}


class Odd(ExactModel):
    """Wrong on wide ports only, so that the machine on which an exploration is prepared shows nothing."""

    name = "odd"
    wrong: Wrong = staticmethod(lambda cost: cost)

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        cost = super().evaluate(kernel, tiling, hardware)
        return type(self).wrong(cost) if hardware.systolic.bandwidths.weight_bits_per_cycle == 64 else cost


class OddAtOnce(SimditModel):
    name = "odd-at-once"
    wrong: Wrong = staticmethod(lambda cost: cost)

    def price_many(self, kernel: Kernel, machines: Hardware) -> BatchCost:
        found = super().price_many(kernel, machines)
        bits: Any = np.asarray(machines.systolic.bandwidths.weight_bits_per_cycle)
        bad = type(self).wrong(found.cost)
        pairs = zip(_leaves(found.cost), _leaves(bad), strict=True)
        mixed = iter([np.where(bits == 64, theirs, ours) for ours, theirs in pairs])
        cost = Cost(*(type(part)(*(next(mixed) for _ in part)) for part in found.cost[:3]), found.cost.ops, Busy())
        return found._replace(cost=cost)


def _leaves(cost: Cost) -> list[Any]:
    return [number for part in cost[:3] for number in part]


def explored(folder: Path, model: str, tiling: str = "default") -> str:
    """The message of the error in which an exploration ends."""
    found = Exploration(SMALL, [network_of_text(folder, TEXT, model)], model, tiling)
    with pytest.raises(SimdcError) as caught:
        found.run()
    assert found.finished.keys() < set(range(len(found.job.tasks)))
    return caught.value.message


@pytest.mark.parametrize("name", WRONG)
def test_one_machine_after_the_other(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong, words = WRONG[name]
    monkeypatch.setitem(MODELS, "odd", f"{__name__}:Odd")
    monkeypatch.setattr(Odd, "wrong", staticmethod(wrong))
    said = explored(tmp_path, "odd")
    machine = rf"layer '(conv1|relu1)' on the machine with {WEIGHTS} = \d+, {WEIGHT_PORT} = 64: "
    assert re.match(machine + re.escape(f"{words} is broken: "), said)
    assert said.endswith(AT_FAULT.format("odd"))


@pytest.mark.parametrize("name", list(WRONG)[:4])
def test_machines_at_once(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong, words = WRONG[name]
    monkeypatch.setitem(MODELS, "odd-at-once", f"{__name__}:OddAtOnce")
    monkeypatch.setattr(OddAtOnce, "wrong", staticmethod(wrong))
    said = explored(tmp_path, "odd-at-once")
    assert f"{WEIGHT_PORT} = 64: {words} is broken: 0 > " in said
    assert said.endswith(AT_FAULT.format("odd-at-once"))


EXACT_WRONG: dict[str, tuple[Wrong, str]] = {
    "NaN": WRONG["NaN"],
    "a MAC too many": (
        lambda cost: cost._replace(ops=tuple((name, count * (1 + 9 * (name == "mac"))) for name, count in cost.ops)),
        "MACs <= executed MACs",
    ),
    "weights never loaded": (
        lambda cost: cost._replace(dram_bits=cost.dram_bits._replace(weight=0)),
        "weight bits in use <= DRAM weight bits",
    ),
    "a port that ends after the layer": (
        lambda cost: cost._replace(busy=cost.busy._replace(ifmap_port=cost.cycles.total + 1)),
        "cycles of the array and of each port <= total cycles",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXACT_WRONG)
def test_rows_of_machines(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast way of `exact` is held to all that `simdc-annotate-cost` holds it to."""
    wrong, words = EXACT_WRONG[name]
    rates = ExactModel.price_rates
    # Also of points of which few share a tiling.
    monkeypatch.setattr(pricing, "FEW_A_ROW", 0)
    monkeypatch.setattr(ExactModel, "price_rates", lambda *given: wrong(rates(*given)))
    said = explored(tmp_path, "exact", "greedy")
    # The first machine of all; nothing of relu's depends on the ports of the other array, whose cycles its own law adds
    # to those of its port.
    relu = {words, "SIMD port's cycles <= stall cycles"}
    assert any(f"layer 'relu1': {each} is broken: " in said for each in relu) or (
        f"{WEIGHT_PORT} = 16: {words} is broken: " in said
    )
    assert said.endswith(AT_FAULT.format("exact"))


def test_operations_of_machines_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    price = SimditModel.price_many

    def minus(self: SimditModel, kernel: Kernel, machines: Hardware) -> BatchCost:
        found = price(self, kernel, machines)
        return found._replace(cost=found.cost._replace(ops=(("mac", -1),)))

    monkeypatch.setattr(SimditModel, "price_many", minus)
    assert "0 <= operations is broken: 0 > -1" in explored(tmp_path, "simdit")


def test_a_refused_machine_may_cost_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`price_many` may answer NaN where it refuses."""
    monkeypatch.setitem(MODELS, "odd-at-once", f"{__name__}:OddAtOnce")
    space = space_of(
        {"schema": "simdc-space/1", "base": "HI1", "fields": {WEIGHTS: ["1 B", "8 KiB"], IFMAPS: ["8 KiB"]}}
    )
    found = Exploration(space, [network_of_text(tmp_path, TEXT, "odd-at-once")], "odd-at-once")
    price = OddAtOnce.price_many

    def nowhere(self: OddAtOnce, kernel: Kernel, machines: Hardware) -> BatchCost:
        priced = price(self, kernel, machines)
        stall = np.where(np.asarray(priced.refused) > 0, np.nan, priced.cost.cycles.stall)
        return priced._replace(cost=priced.cost._replace(cycles=Cycles(priced.cost.cycles.compute, stall)))

    monkeypatch.setattr(OddAtOnce, "price_many", nowhere)
    found.run()
    survey = found.survey()
    assert (len(survey.numbers), sum(survey.infeasible.values()), survey.missing) == (1, 1, 0)
