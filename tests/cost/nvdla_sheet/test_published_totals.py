"""What NVIDIA published, from the networks on: frames a second of the primer's machines, and the sheet's totals."""

from __future__ import annotations

import pytest

import simdc

SLOW = ["memories.dram.read_bits_per_cycle=80", "memories.dram.write_bits_per_cycle=80"]
"""10 GB/s at 1 GHz, as the sheet is saved."""


def cycles(network: simdc.Network, sheet: str, machine: str, settings: list[str]) -> float:
    hardware = simdc.load_machine(machine, settings)
    layers = simdc.evaluate(network, hardware, f"nvdla-sheet{{sheet={sheet}}}")
    assert not [layer.name for layer in layers if layer.cost is None and sheet != "googlenet"]
    return sum(layer.cost.cycles.total for layer in layers if layer.cost is not None)


# The primer's figures are rounded; the second are recomputed from the sheet with more digits.
@pytest.mark.parametrize(
    ("macs", "published", "digits"),
    [
        (2048, 269, 268.8),
        (1024, 153, 152.6),
        (512, 93, 93.0),
        (256, 46, 46.5),
        (128, 20, 20.0),
        (64, 7.3, 7.3),
        (32, 3.6, 3.6),
    ],
)
def test_frames_a_second_of_the_primer(macs: int, published: float, digits: float) -> None:
    fps = 1e9 / cycles(simdc.load("resnet50_v1"), "resnet50", f"primer_{macs}", [])
    assert round(fps, 1) == digits
    assert abs(fps - published) <= (0.5 if published > 10 else 0.05)


@pytest.mark.parametrize(
    ("network", "sheet", "total"),
    [
        ("resnet50_v1", "resnet50", 7_113_691),
        ("googlenet", "googlenet", 1_222_071),
        ("alexnet_sheet", "alexnet", 895_443.5625),
        # As it is run: 227 pixels, and normalizations before the pools.
        ("alexnet", "alexnet", 895_443.5625),
    ],
)
def test_totals_of_the_sheet(network: str, sheet: str, total: float) -> None:
    assert cycles(simdc.load(network), sheet, "primer_2048", SLOW) == total


def test_another_point_of_the_sheet() -> None:
    # 15 GB/s: 206.446 frames a second.
    settings = ["memories.dram.read_bits_per_cycle=120", "memories.dram.write_bits_per_cycle=120"]
    fps = 1e9 / cycles(simdc.load("resnet50_v1"), "resnet50", "primer_2048", settings)
    assert round(fps, 3) == 206.446
