"""The systolic array's formulas on a 4x4 array, worked by hand. Widths 8, 8, 32, 32; a tile fills in 3 + 3 cycles."""

from __future__ import annotations

import pytest

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.simdit import SimditModel
from simdc.cost.tiling import Tiling, loop_bounds
from tests.cost.simdit.release_layers import conv2d, hardware, linear

ROOMY = (1 << 20, 1 << 20, 1 << 20, 1 << 20)
FAST = hardware((4, 4), (8, 8, 32, 32), ROOMY, (64, 32, 64), 1 << 20, 64)
SLOW = hardware((4, 4), (8, 8, 32, 32), ROOMY, (8, 4, 4), 1 << 20, 64)


def evaluate(kernel: Kernel, machine: Hardware, order: tuple[str, ...] | None = None, /, **tile: int) -> Cost:
    """Loops that are not named are not tiled."""
    bounds = loop_bounds(kernel)
    order = order or tuple(bounds)
    return SimditModel().evaluate(kernel, Tiling(order, tuple(tile.get(name, bounds[name]) for name in order)), machine)


# 2 x 2 x 2 x 2 tiles of oc 4, ic 8, 3x3, 4x4 pixels; the ifmap tile is 6 x 6.
SPLIT = conv2d({"oc": 8, "ic": 16, "kh": 3, "kw": 3, "n": 1, "oh": 8, "ow": 8})
SPLIT_TILE = {"oc": 4, "ic": 8, "oh": 4, "ow": 4}
CT = 4 * 4 * 9 * 2 * 1 + 6


def test_convolution_with_split_sum():
    weights, outputs = 9 * 16 * 8, 8 * 8 * 8
    cost = evaluate(SPLIT, FAST, **SPLIT_TILE)
    assert cost.dram_bits == DramBits(
        weight=weights * 8,
        ifmap=6 * 6 * 8 * (2 * 2 * 2) * 2 * 8,  # tile x (oh, ow, ic tiles) x oc tiles
        psum=outputs * (2 * 2 - 2) * 32,
        ofmap=outputs * 32,
        bias=8 * 32,
    )
    assert cost.sram_bits == SramBits(
        wbuf=weights * 64 * 8,  # once per pixel
        ibuf=64 * 16 * 9 * 1 * 2 * 8,
        obuf=outputs * (2 * (2 * 9 * 2) - 1) * 32,  # 2 row steps x 9 x 2 ic tiles
        bbuf=outputs * 32,
    )
    assert cost.ops == (("mac", 64 * 8 * 16 * 9), ("mac_executed", 64 * 8 * 16 * 9))
    # Transfers are all shorter than a tile's 294 compute cycles. The weight port gives min(4 rows x 8, 64) = 32 bits:
    # weight 9*8*4*8/32 = 72, bias 4*32/32 = 4, ifmap 288*8/32 = 72, psum 64*32/64 = 32.
    assert cost.cycles == Cycles(16 * CT, max(72, 72 + 4) + 32)
    # 4 weight tiles, 2 bias tiles, an ifmap tile each time, 16 stores and 16 - 8 loads of psums.
    assert cost.busy == Busy(16 * CT, 4 * 72 + 2 * 4, 16 * 72, 24 * 32, 0)


def test_four_stall_cases():
    lw, lb, li, lp = 288 * 8 // 8, 4 * 32 // 8, 288 * 8 // 4, 64 * 32 // 4
    assert (CT, lw, lb, li, lp) == (294, 288, 16, 576, 512)
    # 16 tiles, 8 finish an output, 4 begin with new weights, 2 of those with a new bias.
    case5, case4 = 2 - 1, 4 - 2
    case1, case2 = 8 - 2 - case5, 16 - 8 - case4
    expected = case1 * (li - CT) + case2 * (2 * lp - CT) + case4 * (2 * lp - CT) + case5 * (li - CT)
    expected += li + (li - CT) + (lp - CT) + lp
    assert expected == 9120
    assert evaluate(SPLIT, SLOW, **SPLIT_TILE).cycles.stall == expected


def test_tile_counts_stay_fractional():
    kernel = conv2d({"oc": 4, "ic": 4, "kh": 1, "kw": 1, "n": 1, "oh": 5, "ow": 5})
    cost = evaluate(kernel, SLOW, oh=2, ow=2)
    # 2.5 x 2.5 = 6.25 tiles of ct = 4 + 6 cycles; case 1 counts 6.25 - 2 of them.
    # lw = 16*8/8, lb = 4*32/8, li = 16*8/4, lp = 16*32/4
    lw, lb, li, lp, ct = 16, 16, 32, 128, 10
    assert cost.cycles.compute == 63  # ceil(62.5)
    assert cost.cycles.stall == 4.25 * (lp - ct) + max(li, lw + lb) + (li - ct) + (lp - ct) + lp
    assert cost.dram_bits.ifmap == 6.25 * 16 * 8
    assert cost.sram_bits.wbuf == 16 * (2 * 2 * 3 * 3) * 8  # ceiled tiles times pixels of a tile


def test_count_of_first_case_goes_negative():
    kernel = conv2d({"oc": 4, "ic": 4, "kh": 1, "kw": 1, "n": 1, "oh": 2, "ow": 2})
    # One tile: case 1 counts 1 - 2 = -1 and takes back one of the end terms. Numbers as above.
    expected = -1 * (128 - 10) + 32 + (32 - 10) + (128 - 10) + 128
    assert evaluate(kernel, SLOW).cycles.stall == expected


def test_stride_widens_the_ifmap_tile():
    kernel = conv2d({"oc": 4, "ic": 4, "kh": 3, "kw": 3, "n": 1, "oh": 8, "ow": 8}, (2, 2))
    assert evaluate(kernel, FAST, oh=4, ow=4).dram_bits.ifmap == (3 * 2 + 3) ** 2 * 4 * 4 * 8


def test_channels_are_padded_to_the_array():
    kernel = conv2d({"oc": 5, "ic": 3, "kh": 1, "kw": 1, "n": 1, "oh": 8, "ow": 8})
    padded = conv2d({"oc": 8, "ic": 4, "kh": 1, "kw": 1, "n": 1, "oh": 8, "ow": 8})
    cost, whole = evaluate(kernel, FAST), evaluate(padded, FAST)
    assert cost.ops == (("mac", 64 * 5 * 3), ("mac_executed", 64 * 8 * 4))
    assert (cost.cycles, cost.dram_bits, cost.sram_bits) == (whole.cycles, whole.dram_bits, whole.sram_bits)


def test_groups_run_one_after_the_other():
    bounds = {"oc": 8, "ic": 16, "kh": 3, "kw": 3, "n": 1, "oh": 8, "ow": 8}
    one = evaluate(conv2d(bounds), SLOW, **SPLIT_TILE)
    three = evaluate(conv2d({"g": 3, **bounds}), SLOW, g=1, **SPLIT_TILE)
    assert three.cycles == Cycles(3 * one.cycles.compute, 3 * one.cycles.stall)
    assert three.dram_bits.total == 3 * one.dram_bits.total
    assert three.sram_bits.total == 3 * one.sram_bits.total
    assert three.ops == tuple((name, 3 * count) for name, count in one.ops)


def test_batch_outside_reloads_the_weights():
    kernel = conv2d({"oc": 8, "ic": 16, "kh": 3, "kw": 3, "n": 2, "oh": 8, "ow": 8})
    stationary = evaluate(kernel, SLOW, n=1, **SPLIT_TILE)
    outside = evaluate(kernel, SLOW, ("oc", "n", "ic", "kh", "kw", "oh", "ow"), n=1, **SPLIT_TILE)
    assert outside.dram_bits.weight == 2 * stationary.dram_bits.weight
    # Weight loads go from 4 to 8, so case 4 takes 4 tiles from case 2, whose largest term is the same psum traffic.
    assert outside.cycles == stationary.cycles
    assert outside.busy.weight_port == 8 * 288 + 2 * 16


def test_matrix_vector_with_whole_input():
    # 3 tiles of 4 outputs: lw = 8*4*8/8, lb = 4*32/8, li = 8*8/4, lo = 4*32/4, ct = 2 + 6
    cost = evaluate(linear(1, 8, 12), SLOW, oc=4)
    steady, first = 32 + 16 - 8, max(16, 32 + 16)
    assert cost.cycles == Cycles(3 * 8, (3 - 2) * steady + first + steady + (32 - 8) + 32)
    assert cost.dram_bits == DramBits(weight=8 * 12 * 8, ifmap=8 * 3 * 8, psum=0, ofmap=12 * 32, bias=12 * 32)
    assert cost.sram_bits == SramBits(wbuf=96 * 8, ibuf=8 * 1 * 3 * 8, obuf=12 * (2 * 2 - 1) * 32, bbuf=12 * 32)


def test_matrix_vector_in_one_tile_has_only_ends():
    # lw = 8*12*8/8 = 96, lb = 12*32/8 = 48, lo = 12*32/4 = 96; ct = 2*3 + 6
    assert evaluate(linear(1, 8, 12), SLOW).cycles == Cycles(12, (96 + 48) + 96)


def test_matrix_vector_with_split_input():
    # 3 x 3 tiles of 4 x 4: ct = 1 + 6, lw = 4*4*8/8 = 16, lb = 16, li = 4*8/4 = 8, lo = 32
    begin, finish = 3 - 1, 3 - 1
    between = (9 - 3 - 1) - finish
    expected = begin * (16 + 16 - 7) + between * (16 - 7) + finish * (32 - 7) + max(8, 16 + 16) + (16 - 7) + 32
    assert evaluate(linear(1, 12, 12), SLOW, oc=4, ic=4).cycles == Cycles(9 * 7, expected)


def test_fully_connected_with_batch_is_a_pointwise_convolution():
    bounds = {"oc": 12, "ic": 12, "kh": 1, "kw": 1, "n": 6, "oh": 1, "ow": 1}
    tile = {"oc": 4, "ic": 8, "n": 2}
    assert evaluate(linear(6, 12, 12), SLOW, **tile) == evaluate(conv2d(bounds), SLOW, **tile)


@pytest.mark.parametrize(("phase", "div", "root"), [("inference", 9, 13), ("training", 5, 11)])
def test_op_count_weighs_by_latency(phase: str, div: int, root: int):
    nothing = Cost(
        Cycles(0, 0), DramBits(), SramBits(), (("mac", 5), ("mac_executed", 7), ("div", 2), ("inv_sqrt", 3)), Busy()
    )
    assert SimditModel(phase).op_count(nothing) == 2 * 7 + 2 * div + 3 * root
