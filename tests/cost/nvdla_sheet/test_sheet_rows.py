"""Single rows of the sheet, worked by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simdc.cost.nvdla_sheet.estimate import (
    RowTraffic,
    SheetPoint,
    estimate,
    layer_estimate,
    row_traffic,
    rows_of,
    weight_kib,
)
from simdc.cost.nvdla_sheet.row import RowLayout, RowSide
from simdc.cost.nvdla_sheet.rules import ALEXNET, GOOGLENET, RESNET50, Comparison, RowRules, RuleSet
from simdc.cost.tiling import TilingError
from tests.cost.nvdla_sheet.published_networks import row

PLAIN = RowRules(granule=16, comparison="input < weights")


def only(layer: RowLayout, rule_set: RuleSet) -> tuple[RowLayout, RowRules]:
    (found,) = rows_of(layer, rule_set)
    assert found is not None
    return found


def at(macs: int = 2048, buffer_kib: int = 512, dram_bits: int = 80) -> SheetPoint:
    return SheetPoint.at(macs, buffer_kib * 8192, dram_bits)


def test_a_stride_is_folded_into_channels() -> None:
    # ResNet-50's first row: 3 channels, stride 2: 12, stored as 16. 16 * 112 * 112 bytes = 196 KiB. The window of 7 is
    # 4 x 4 taps of 16 channels: 16 KiB for 64 kernels. Behind the pool 56 x 56 x 64 = 196 KiB.
    first, rules = only(row(3, 224, 64, 7, stride=2, stored=56), RESNET50)
    assert (first.input_kib, weight_kib(first, rules), first.output_kib) == (196, 16, 196)
    # 16 * 112 * 112 * 128 * 49 / 4 / 2048: granules of 128 channels where there are 64.
    assert estimate(first, rules, at()).mac_cycles == 153664
    # (196 + 16 + 196) * 100.
    assert estimate(first, rules, at()).dram_cycles == 40800


def test_strides_and_windows_of_two_sides() -> None:
    rows, columns = RowSide(20, 5, 3, 6, False), RowSide(9, 3, 2, 9, True)
    given = RowLayout(5, 17, rows, columns, False, False, data_bits=16, weight_bits=4)
    # 5 * 3 * 2 = 30 channels, stored as 32; ceil(20 / 3) * ceil(9 / 2) = 35 positions of 2 bytes.
    assert given.input_kib == Fraction(32 * 35 * 2, 1024)
    # ceil(5 / 3) * ceil(3 / 2) = 4 taps, half a byte.
    assert given.weight_kib(10) == Fraction(32 * 4 * 10, 2 * 1024)
    # 17 channels in atoms of 16.
    assert given.output_kib == Fraction(6 * 9 * 32 * 2, 1024)
    # Without `same` ceil(16 / 3) = 6 rows, with it ceil(9 / 2) = 5 columns; 48 kernels in granules of 24.
    assert given.mac_cycles(10, 24, 1) == Fraction(32 * 6 * 5 * 24 * 15, 6 * 10)
    # 3 of 7 lines, and no more than there are.
    assert given.kept_input_kib(3) == Fraction(32 * 3 * 5 * 2, 1024)
    assert given.kept_input_kib(8) == given.input_kib


def test_winograd_has_fewer_products_and_larger_weights_whatever_the_stride() -> None:
    # 64 * 9 * 64 = 36 KiB, times 16/9. 64 * 56 * 56 * 64 * 9 / 2.25 / 2048.
    one = row(64, 56, 64, 3)
    assert (weight_kib(one, PLAIN), estimate(one, PLAIN, at()).mac_cycles) == (64, 25088)
    assert weight_kib(one, PLAIN._replace(winograd_weights=False)) == 36
    # Stride 2: 256 channels, 2 x 2 taps: 64 KiB, times 16/9.
    assert weight_kib(row(64, 56, 64, 3, stride=2), PLAIN) == Fraction(64 * 16, 9)
    # 3 x 1 is no window of Winograd's.
    narrow = one._replace(columns=RowSide(56, 1, 1, 56, True))
    assert (weight_kib(narrow, PLAIN), estimate(narrow, PLAIN, at()).mac_cycles) == (12, 18816)


def test_the_input_is_read_again_where_weights_do_not_fit_beside_its_lines() -> None:
    # Res3a_branch1: 1024 channels after folding, 28 x 28: 784 KiB; 512 KiB of weights; a line of the input is 28 KiB.
    wide = row(256, 56, 512, stride=2)
    passes = [row_traffic(wide, PLAIN, Fraction(buffer)).input / 784 for buffer in (541, 540, 539, 284, 283)]
    # 512 / (540 - 28) is just 1.
    assert passes == [1, 1, 2, 2, 3]
    traffic = row_traffic(wide, PLAIN, Fraction(512))
    assert traffic == (1568, 512, 392, 0)
    assert estimate(wide, PLAIN, at()).dram_cycles == 247200


def test_weights_are_read_again_where_the_input_does_not_fit_beside_32_kernels() -> None:
    # Res3a_branch2b: input 98 KiB, weights 256, of which 32 kernels are 36 (without 16/9).
    deep = row(128, 28, 128, 3)
    times = [row_traffic(deep, PLAIN, Fraction(buffer)).weights / 256 for buffer in (134, 133, 85, 84)]
    # 98 / (134 - 36) = 1, 98 / (85 - 36) = 2.
    assert times == [1, 2, 2, 3]
    # A buffer no larger than 32 kernels keeps half of itself for them: 98 / 18 and 98 / 1.
    assert [row_traffic(deep, PLAIN, Fraction(buffer)).weights / 256 for buffer in (37, 36, 2)] == [98, 6, 98]


def test_of_equals_the_input_is_read_again() -> None:
    # 16 * 16 * 16 = 4 KiB of input, 16 * 256 = 4 KiB of weights.
    even = row(16, 16, 256)
    assert (even.input_kib, weight_kib(even, PLAIN)) == (4, 4)
    assert row_traffic(even, PLAIN, Fraction(5, 2)) == (8, 4, 64, 0)
    # 32 kernels are half a KiB, so are 2 lines: input again if it is not the smaller of what is compared.
    cases: list[tuple[Comparison, int, tuple[int, int]]] = [
        ("input < kept weights", 1, (2, 1)),
        ("kept input < kept weights", 1, (2, 1)),
        ("kept input < kept weights", 0, (1, 2)),
        ("none", 1, (1, 1)),
    ]
    for comparison, lines, passes in cases:
        rules = PLAIN._replace(comparison=comparison, more_lines=lines)
        found = row_traffic(even, rules, Fraction(3))
        assert (found.input / 4, found.weights / 4) == passes, comparison


def test_a_sum_reads_as_much_as_it_writes() -> None:
    # Res2a_branch2c: 196 + 16 + 784 + 784.
    assert estimate(row(64, 56, 256, add=True), PLAIN, at()).dram_cycles == 178000


def test_a_batch_shares_what_is_fully_connected() -> None:
    # 1000 * 16 is a multiple of 128, 1000 is not. ResNet-50's sheet has the weights for one image, AlexNet's a share.
    last = row(2048, 1, 1000, fc=True)
    rules = RESNET50.rules
    assert estimate(last, rules, at()).mac_cycles == 1000
    assert estimate(last._replace(is_fully_connected=False), rules, at()).mac_cycles == 1024
    assert weight_kib(last, rules) == 2000
    assert weight_kib(last, ALEXNET.rules) == 125
    # 2 + 2000 + 1008 / 1024.
    assert estimate(last, rules, at()).dram_cycles == 200299


def test_a_kib_counts_as_a_thousand_bytes() -> None:
    # 408 KiB at 20 bits a cycle: 408 * 8000 / 20; at 120 a ratio that no float has: exactly 27,200, not 27,201.
    first = row(3, 224, 64, 7, stride=2, stored=56)
    found = [estimate(first, PLAIN, at(dram_bits=bits)).dram_cycles for bits in (20, 120, 7)]
    assert found == [163200, 27200, 466286]


def test_rows_that_the_sheets_count_in_their_own_way() -> None:
    assert only(row(64, 56, 64), RESNET50)[0].input_channels == 256
    assert only(row(64, 56, 64, 3), RESNET50)[0].input_channels == 64
    assert rows_of(row(64, 56, 64), GOOGLENET) == []
    assert layer_estimate(row(64, 56, 64), GOOGLENET, at()) is None
    assert only(row(64, 56, 192, 3), GOOGLENET)[1].winograd_weights
    assert not only(row(128, 28, 192, 3), GOOGLENET)[1].winograd_weights
    first = only(row(3, 224, 64, 7, stride=2, stored=56), RESNET50)[1]
    assert (first.more_lines, first.comparison) == (1, "kept input < kept weights")
    # Pools behind a normalization.
    assert only(row(3, 224, 96, 11, stride=4), ALEXNET)[0].rows.stored == 27
    assert only(row(48, 27, 128, 5), ALEXNET)[0].rows.stored == 13
    assert only(row(64, 56, 192, 3), GOOGLENET)[0].columns.stored == 28
    # Behind 3b: 14 x 14 x 64 for the projection, whatever is fused with it.
    assert only(row(256, 28, 64), GOOGLENET)[0].output_kib == Fraction(14 * 14 * 64, 1024)


def test_layers_of_one_size_share_their_rows() -> None:
    # 3b: 1x1 and 3x3 reduce, 128 channels each, are in one row of 288: 196 + 72 + 220.5 KiB.
    twin = layer_estimate(row(256, 28, 128), GOOGLENET, at())
    assert twin is not None
    assert twin.traffic == (98, 36, Fraction(441, 4), 0)
    assert (twin.dram_cycles, twin.mac_cycles, twin.cycles) == (24425, 14112, 24425)
    assert layer_estimate(row(256, 28, 32), GOOGLENET, at()) == (RowTraffic(*[Fraction(0)] * 4), 0, 0, 0)
    # 5a and 5b have a projection of one size; one is pooled: 7 x 7 and 1 x 1 pixels of 128 channels.
    alike = layer_estimate(row(832, 7, 128), GOOGLENET, at())
    assert alike is not None
    assert alike.traffic.output == Fraction(50 * 128, 2 * 1024)
    # 14,993.75 and 14,393.75 rounded up.
    assert alike.dram_cycles == Fraction(14994 + 14394, 2)


def test_a_buffer_that_does_not_hold_the_kept_lines() -> None:
    wide = row(256, 56, 512, stride=2)
    with pytest.raises(
        TilingError, match=r"keeps 28 KiB of a layer's input in the .*buffer, which has 28: enlarge"
    ) as refused:
        row_traffic(wide, PLAIN, Fraction(28))
    assert refused.value.buffer == "the convolution buffer"
