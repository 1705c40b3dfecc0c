"""Contractions priced by `exact` and by hand, on 2 x 2 PEs with ports of 8, 16 and 8 bits a cycle."""

from __future__ import annotations

import pytest

from simdc.cost import Busy, Contraction, Cycles, DramBits, ExactModel, Loop, Operand, SramBits, affine
from tests.cost.machines import row_convolution, schedule, small_machine

EXACT = ExactModel()
CONVOLUTION = row_convolution(ic=2, oc=2, ow=6, kw=3, padding=1, bias=True)
SPATIAL = schedule("oc ic kw ow", oc=2, ic=2, kw=3, ow=2)


def test_convolution_in_three_spatial_tiles() -> None:
    cost = EXACT.evaluate(CONVOLUTION, SPATIAL, small_machine(stores_padding=True))
    # A tile has 2 columns x 3 taps = 6 steps (2 input and 2 output channels fill the array) and 1 + 1 cycles of fill:
    # 8 cycles. It reads 2 channels x (2 + 3 - 1) columns x 8 bits = 64 bits, 4 cycles; it gives 2 x 2 x 8 = 32 bits,
    # 4 cycles. All tiles share 2 x 2 x 3 weights of 8 bits = 96 bits, 12 cycles, and 2 x 32 bits of bias, 8 cycles.
    # before   weight port 12 + 8, ifmap port 4            20
    # tile 0   compute 8, load of tile 1: 4                 8
    # tile 1   compute 8, load of tile 2: 4, store 0: 4     8
    # tile 2   compute 8, store of tile 1: 4                8
    # after    store of tile 2                              4
    assert cost.cycles == Cycles(compute=3 * 8, stall=20 + 3 * 8 + 4 - 3 * 8)
    assert cost.dram_bits == DramBits(weight=96, ifmap=3 * 64, psum=0, ofmap=3 * 32, bias=64)
    assert cost.busy == Busy(compute=24, weight_port=20, ifmap_port=12, psum_port=12)
    # 18 steps read 4 weights and 2 values each. Each of 6 columns is first written, then twice read and written, by 2
    # columns of PEs; 2 biases for each column.
    assert cost.sram_bits == SramBits(
        wbuf=18 * 4 * 8, ibuf=18 * 2 * 8, obuf=6 * (1 + 2 + 2) * 2 * 32, bbuf=6 * 2 * 32
    )  # fmt: skip
    # 2 x 2 x 3 x 6 products; the array is full.
    assert cost.ops == (("mac", 72), ("mac_executed", 72))


def test_padding_that_is_not_stored_does_not_move() -> None:
    cost = EXACT.evaluate(CONVOLUTION, SPATIAL, small_machine(stores_padding=False))
    # The windows touch columns -1..2, 1..4 and 3..6 of 0..5: 3, 4 and 3 columns of 2 channels, 8 bits each.
    assert cost.dram_bits.ifmap == 2 * (3 + 4 + 3) * 8
    assert cost.busy.ifmap_port == 3 + 4 + 3
    assert cost.cycles == Cycles(compute=24, stall=24)


def test_a_slow_port_decides() -> None:
    cost = EXACT.evaluate(CONVOLUTION, SPATIAL, small_machine(stores_padding=True, ports=(8, 16, 2)))
    # Now a store takes 32 / 2 = 16 cycles: before 20, tile 0: 8, tiles 1 and 2: 16 each, after 16.
    assert cost.cycles == Cycles(compute=24, stall=20 + 8 + 16 + 16 + 16 - 24)


def test_one_tile() -> None:
    cost = EXACT.evaluate(CONVOLUTION, schedule("oc ic kw ow", oc=9, ic=9, kw=9, ow=9), small_machine())
    # Nothing overlaps: weight and bias 12 + 8 (ifmap 2 x 6 x 8 = 96 bits, 6 cycles), 18 steps + 2, 96 bits out.
    assert cost.cycles == Cycles(compute=20, stall=20 + 12)


def test_two_tiles() -> None:
    cost = EXACT.evaluate(CONVOLUTION, schedule("oc ic kw ow", oc=2, ic=2, kw=3, ow=4), small_machine())
    # Tiles of 4 and 2 columns: 12 + 2 and 6 + 2 cycles. They read columns -1..4 (5 real) and 3..6 (3 real): 5 and 3
    # cycles, and store 4 x 2 x 8 = 64 and 32 bits: 8 and 4 cycles.
    # before 20; tile 0: max(14, load 3) = 14; tile 1: max(8, store 8) = 8; after 4
    assert cost.cycles == Cycles(compute=14 + 8, stall=20 + 14 + 8 + 4 - 22)


def test_a_split_sum_spills() -> None:
    kernel = row_convolution(ic=4, oc=2, ow=6)
    cost = EXACT.evaluate(kernel, schedule("oc ic kw ow", oc=2, ic=2, ow=2), small_machine())
    # A tile: 2 steps + 2 fill = 4 cycles; weights 2 x 2 x 8 = 32 bits, 4 cycles; ifmap 32 bits, 2 cycles;
    # psums 2 x 2 x 32 = 128 bits, 16 cycles; ofmap 32 bits, 4 cycles. Tiles (ic, ow) run 00 01 02 10 11 12.
    # before   weights 4, ifmap 2                                       4
    # 00       compute 4, ifmap 2                                       4
    # 01       ifmap 2, psums of 00 out: 16                            16
    # 02       weights 4, ifmap 2, psums of 01 out and of 10 in: 32    32
    # 10       ifmap 2, psums of 02 out and of 11 in: 32               32
    # 11       ifmap 2, ofmap of 10 out: 4, psums of 12 in: 16         20
    # 12       compute 4, ofmap of 11 out: 4                            4
    # after    ofmap of 12 out: 4                                       4
    assert cost.cycles == Cycles(compute=6 * 4, stall=4 + 4 + 16 + 32 + 32 + 20 + 4 + 4 - 24)
    assert cost.dram_bits == DramBits(weight=2 * 32, ifmap=6 * 32, psum=(3 + 3) * 128, ofmap=3 * 32)
    assert cost.busy == Busy(compute=24, weight_port=2 * 4, ifmap_port=6 * 2, psum_port=6 * 16 + 3 * 4)
    # 12 steps; 6 begin a sum, 6 go on with one.
    assert cost.sram_bits == SramBits(wbuf=12 * 4 * 8, ibuf=12 * 2 * 8, obuf=(6 + 6 * 2) * 2 * 32)


def fully_connected() -> Contraction:
    return Contraction(
        "linear",
        (Loop("oc", 3), Loop("ic", 4), Loop("n", 1)),
        Operand("ifmap", 8, (1, 4), (affine("n"), affine("ic"))),
        Operand("weight", 8, (3, 4), (affine("oc"), affine("ic"))),
        Operand("psum", 32, (1, 3), (affine("n"), affine("oc"))),
        ofmap_bits=8,
        bias=Operand("bias", 32, (3,), (affine("oc"),)),
    )


@pytest.mark.parametrize(
    ("stores_padding", "total", "weight", "ofmap"),
    [
        # Tiles of 2 and 1 features, 2 steps + 2 cycles each. Weights 8 and 4 cycles, bias 8 and 4, ofmap 2 and 1.
        # before max(8 + 8, ifmap 2); tile 0: max(4, 4 + 4); tile 1: max(4, store 2); after 1
        (False, 16 + 8 + 4 + 1, 3 * 4 * 8, 3 * 8),
        # 3 features become 4, so that the last tile is a full one: weights 8, bias 8, ofmap 2.
        # before 16; tile 0: max(4, 8 + 8); tile 1: 4; after 2
        (True, 16 + 16 + 4 + 2, 4 * 4 * 8, 4 * 8),
    ],
)
def test_fully_connected(stores_padding: bool, total: int, weight: int, ofmap: int) -> None:
    machine = small_machine(stores_padding=stores_padding)
    cost = EXACT.evaluate(fully_connected(), schedule("oc ic n", oc=2, ic=4), machine)
    assert cost.cycles == Cycles(compute=8, stall=total - 8)
    assert (cost.dram_bits.weight, cost.dram_bits.ifmap, cost.dram_bits.ofmap) == (weight, 4 * 8, ofmap)
    # 3 x 4 products; 4 steps of 4 PEs.
    assert cost.ops == (("mac", 12), ("mac_executed", 16))
