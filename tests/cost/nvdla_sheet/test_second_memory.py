"""The sheet's cases with a second memory."""

from __future__ import annotations

from fractions import Fraction

from simdc.cost.nvdla_sheet.estimate import SheetPoint
from simdc.cost.nvdla_sheet.second_memory import SecondMemory, alexnet_cycles, resnet50_cycles
from tests.cost.nvdla_sheet.published_networks import alexnet, resnet50, row

SAVED = SheetPoint.at(2048, 512 * 8192, 80)
"""As the sheet is saved: 10 GB/s."""
# 100 cycles a KiB from DRAM; MACs and, but for where it says so, the second memory take no time.
SLOW_DRAM = SheetPoint.at(10**9, 512 * 8192, 80)
FAST = SecondMemory(4096, Fraction(10**6), Fraction(10**6))


def test_published_totals() -> None:
    memory = SecondMemory(4096, Fraction(25, 1000), Fraction(25, 1000))
    assert resnet50_cycles(resnet50(), SAVED, memory) == 5161544
    assert alexnet_cycles(alexnet(), SAVED, memory) == 591475.5625


def test_results_of_the_first_six_rows_stay_on_the_chip() -> None:
    # 4 KiB of input, a quarter of weights, 4 of results, which the seventh row is the first to write to DRAM.
    rows = [row(16, 16, 16)] * 8
    cycles = [resnet50_cycles(rows[:count], SLOW_DRAM, FAST) for count in range(1, 9)]
    assert cycles == [425, 450, 475, 500, 525, 550, 975, 1400]
    # 16 images share the weights of the last row, 64 / 16 KiB; its input of 1 KiB comes from DRAM.
    last = row(1024, 1, 64, fc=True)
    assert resnet50_cycles([*rows, last], SLOW_DRAM, FAST) == 1400 + 500


def test_reads_and_writes_have_a_rate_each_and_macs_granules_of_16() -> None:
    rows = [row(64, 16, 32)]
    # 16 KiB read, 8 written, 2 of weights and 16 of input from DRAM.
    assert resnet50_cycles(rows, SLOW_DRAM, SecondMemory(4096, Fraction(1, 200), Fraction(1))) == 3200
    assert resnet50_cycles(rows, SLOW_DRAM, SecondMemory(4096, Fraction(1), Fraction(1, 500))) == 4000
    assert resnet50_cycles(rows, SLOW_DRAM, FAST) == 1800
    # 64 * 256 * 32 products on 100 MACs.
    slow = SheetPoint.at(100, 512 * 8192, 80)
    assert resnet50_cycles(rows, slow, FAST) == Fraction(64 * 256 * 32, 100)


def test_as_many_images_share_weights_as_the_second_memory_holds() -> None:
    # Input, weights, results in KiB: 8, 32, 4; 4, 30.25, 4; 4, 4, 1 (pooled).
    rows = [row(32, 16, 16, 8), row(16, 16, 16, 11, stored=16), row(16, 16, 16, 4, stored=8), row(1024, 1, 64, fc=True)]
    assert [each.weight_kib(16) for each in rows[:3]] == [32, Fraction(121, 4), 4]
    # 4096: (4096 - 32) / 12 is 338 images, but the second row has 16. Only the first reads its input from DRAM;
    # the last convolution writes its results: 800 + 9.5, 189.1, 100 + 1.2, 100 + 400.
    assert alexnet_cycles(rows, SLOW_DRAM, FAST) == 810 + 190 + 102 + 500
    # 80: min((80 - 32) / 12, (80 - 30.25) / 8, (80 - 4) / 5) = 4 images, 3025 / 4 = 756.25 cycles.
    assert alexnet_cycles(rows, SLOW_DRAM, FAST._replace(capacity_kib=80)) == 1600 + 757 + 200 + 500
