"""A block of GPT-2 in SCALE-Sim's two notations: products of M x K and K x N, and convolutions of one channel whose
window is K places wide. On an array that takes windows on its rows both are the same."""

from __future__ import annotations

from pathlib import Path

import pytest

import simdc
from simdc.cost.hardware import Hardware

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "scale_sim"
MACS = 128 * (2304 * 768 + 128 * 64 + 64 * 128 + 768 * 768 + 2 * 3072 * 768)


def cycles(notation: str, machine: Hardware) -> int:
    priced = simdc.evaluate(simdc.load(str(EXAMPLES / f"gpt2_{notation}.csv")), machine)
    costs = [layer.cost for layer in priced if layer.cost is not None]
    assert sum(dict(cost.ops).get("mac", 0) for cost in costs) == MACS
    return sum(int(cost.cycles.compute) for cost in costs)


@pytest.mark.parametrize("name", ["HI1", "HI3", "Gemmini16"])
def test_both_cost_the_same(name: str) -> None:
    machine = simdc.load_hardware(name, ["systolic.row_mapping=window"])
    assert cycles("convolutions", machine) == pytest.approx(cycles("products", machine), rel=0.03)


def test_one_channel_alone_on_16_rows() -> None:
    machine = simdc.load_hardware("HI1")
    products, convolutions = cycles("products", machine), cycles("convolutions", machine)
    assert MACS / 256 <= products < 1.02 * MACS / 256
    assert convolutions == pytest.approx(16 * products, rel=0.02)
