"""What NVIDIA published: frames a second in the primer, totals of the sheet as it is saved, rows of its tables."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from simdc.cost.nvdla_sheet.estimate import RowEstimate, SheetPoint, estimate, layer_estimate
from simdc.cost.nvdla_sheet.row import RowLayout
from simdc.cost.nvdla_sheet.rules import GOOGLENET, RESNET50, SHEETS
from tests.cost.nvdla_sheet.published_networks import alexnet, googlenet, resnet50

NETWORKS: dict[str, Callable[[], list[RowLayout]]] = {"resnet50": resnet50, "googlenet": googlenet, "alexnet": alexnet}
CLOCK = 10**9


def point(macs: int = 2048, buffer_kib: int = 512, giga_bytes: float = 10) -> SheetPoint:
    return SheetPoint.at(macs, buffer_kib * 8192, int(8 * giga_bytes))


def priced(network: str, where: SheetPoint) -> list[tuple[RowLayout, RowEstimate]]:
    """Of each row that the sheet has."""
    found = [(layer, layer_estimate(layer, SHEETS[network], where)) for layer in NETWORKS[network]()]
    return [(layer, each) for layer, each in found if each is not None]


def total(network: str, where: SheetPoint) -> Fraction:
    return sum((each.cycles for _, each in priced(network, where)), Fraction(0))


@pytest.mark.parametrize(
    ("macs", "buffer_kib", "giga_bytes", "published", "digits"),
    [
        (2048, 512, 20, "269", 268.8),
        (1024, 256, 15, "153", 152.6),
        (512, 256, 10, "93", 93.0),
        (256, 256, 5, "46", 46.5),
        (128, 256, 2, "20", 20.0),
        (64, 128, 1, "7.3", 7.3),
        (32, 128, 0.5, "3.6", 3.6),
    ],
)
def test_frames_a_second_of_the_primer(
    macs: int, buffer_kib: int, giga_bytes: float, published: str, digits: float
) -> None:
    frames = float(CLOCK / total("resnet50", point(macs, buffer_kib, giga_bytes)))
    places = len(published.partition(".")[2])
    assert f"{frames:.{places}f}" == published
    assert round(frames, 1) == digits


@pytest.mark.parametrize(
    ("network", "rows", "cycles", "hardware", "useful"),
    [
        ("resnet50", 54, 7113691, 0.232, 0.267),
        ("googlenet", 39, 1222071, 0.432, 0.627),
        ("alexnet", 11, 895443.5625, 0.291, 0.395),
    ],
)
def test_totals_of_the_sheet(network: str, rows: int, cycles: float, hardware: float, useful: float) -> None:
    found = priced(network, point())
    assert len(found) == rows
    assert sum(each.cycles for _, each in found) == cycles
    assert round(float(sum(each.mac_cycles for _, each in found)) / cycles, 3) == hardware
    # The sheet counts products of the sizes in its rows. AlexNet's first row has a result of 55 x 55.
    macs = sum(
        (256 if (row.input_channels, row.output_channels, row.rows.window) == (64, 64, 1) else row.input_channels)
        * row.output_channels
        * row.rows.window
        * row.columns.window
        * (55**2 if row.rows.stride == 4 else row.rows.computed * row.columns.computed)
        for row, _ in found
    )
    assert round(macs / 2048 / cycles, 3) == useful


def test_bandwidths_of_resnet50() -> None:
    frames = {
        rate: round(float(CLOCK / total("resnet50", point(giga_bytes=rate))), 1)
        for rate in (5, 10, 15, 20, 25, 30, 50, 100)
    }
    assert frames == {5: 71.2, 10: 140.6, 15: 206.4, 20: 268.8, 25: 320.4, 30: 365.2, 50: 485.3, 100: 568.1}
    assert round(float(CLOCK / total("resnet50", point(giga_bytes=15))), 3) == 206.446
    bound = {
        rate: sum(each.dram_cycles > each.mac_cycles for _, each in priced("resnet50", point(giga_bytes=rate)))
        for rate in (5, 10, 20)
    }
    assert bound == {5: 53, 10: 50, 20: 38}


def test_the_wrong_row_of_resnet50_costs_60000_cycles() -> None:
    # 3,896,508,416 products where the network has 3,857,973,248.
    corrected = sum(estimate(row, RESNET50.rules, point()).cycles for row in resnet50())
    assert corrected == 7053691


@pytest.mark.parametrize(
    ("network", "place", "dram_cycles", "mac_cycles"),
    [
        ("resnet50", 2, 99600, 50176),
        ("resnet50", 11, 247200, 50176),
        ("resnet50", 24, 263600, 50176),
        ("resnet50", 43, 848600, 50176),
        ("resnet50", 45, 414500, 25088),
        ("resnet50", 52, 105250, 25088),
        ("resnet50", 53, 200299, 1000),
        ("alexnet", 0, 25585, 49617.5625),
        ("alexnet", 1, 20530, 54675),
        ("alexnet", 3, 164163, 32448),
        ("alexnet", 7, 42019, 8112),
        ("alexnet", 8, 231700, 18432),
        ("alexnet", 10, 25499, 2000),
    ],
)
def test_rows_of_the_tables(network: str, place: int, dram_cycles: int, mac_cycles: float) -> None:
    _, found = priced(network, point())[place]
    assert (found.dram_cycles, found.mac_cycles) == (dram_cycles, mac_cycles)


@pytest.mark.parametrize(
    ("macs", "buffer_kib", "giga_bytes"), [(2048, 512, 10), (1024, 256, 40), (100, 64, 3), (32, 40, 0.5)]
)
def test_googlenet_is_the_same_with_and_without_merged_branches(macs: int, buffer_kib: int, giga_bytes: float) -> None:
    # A layer that counts with another has nothing; of those that look alike each has its part.
    where = point(macs, buffer_kib, giga_bytes)
    merged, apart = (
        [each for row in googlenet(merged=merged) if (each := layer_estimate(row, GOOGLENET, where)) is not None]
        for merged in (True, False)
    )
    assert (len(merged), len(apart)) == (39, 57)
    for field in ("cycles", "dram_cycles", "mac_cycles"):
        assert sum(getattr(each, field) for each in merged) == sum(getattr(each, field) for each in apart)
    for operand in ("input", "weights", "output", "addend"):
        assert sum(getattr(each.traffic, operand) for each in merged) == sum(
            getattr(each.traffic, operand) for each in apart
        )
