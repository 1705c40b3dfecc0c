"""Contractions whose cost is worked out by hand. The array has 2 x 2 PEs, so a tile fills in 1 + 1 cycles."""

from __future__ import annotations

import pytest

from simdc.backends.simulate import simulate
from simdc.cost.kernel import Contraction, Loop, Operand, affine
from simdc.cost.result import Busy, Cycles, DramBits, SramBits
from simdc.cost.tiling import Tiling, TilingError
from tests.backends.simulate.tiny import tiny_machine


def row_convolution(
    *,
    ic: int = 1,
    oc: int = 1,
    ow: int = 1,
    kw: int = 1,
    stride: int = 1,
    padding: int = 0,
    groups: int = 1,
    bias: bool = False,
) -> Contraction:
    """A convolution over one row: 8-bit weights, activations and results, 32-bit partial sums and bias."""
    width = (ow - 1) * stride + kw - 2 * padding
    in_channel, out_channel = affine(("g", ic), "ic"), affine(("g", oc), "oc")
    return Contraction(
        kind="conv2d",
        loops=(Loop("g", groups), Loop("oc", oc), Loop("ic", ic), Loop("kw", kw), Loop("ow", ow)),
        ifmap=Operand("ifmap", 8, (groups * ic, width), (in_channel, affine(("ow", stride), "kw", constant=-padding))),
        weight=Operand("weight", 8, (groups * oc, ic, kw), (out_channel, affine("ic"), affine("kw"))),
        psum=Operand("psum", 32, (groups * oc, ow), (out_channel, affine("ow"))),
        ofmap_bits=8,
        bias=Operand("bias", 32, (groups * oc,), (out_channel,)) if bias else None,
    )


def schedule(order: str, **sizes: int) -> Tiling:
    """Loops that are not named have tiles of one."""
    names = tuple(order.split())
    return Tiling(names, tuple(sizes.get(name, 1) for name in names))


def test_two_tiles_overlap() -> None:
    kernel = row_convolution(ic=2, oc=2, ow=4, bias=True)
    cost = simulate(kernel, schedule("g oc ic kw ow", oc=2, ic=2, ow=2), tiny_machine())
    # A tile: 1 * 1 * 2 steps + 2 fill = 4 cycles.
    # weight 2*2*8 = 32 bits, 4 cycles; bias 2*32 = 64 bits, 8 cycles; both on the weight port, tile 0 only.
    # ifmap 2*2*8 = 32 bits, 2 cycles; ofmap 2*2*8 = 32 bits, 4 cycles; both in each tile.
    # before     max(4 + 8, 2)                              = 12
    # tile 0     max(compute 4, ifmap of tile 1: 2)          =  4
    # tile 1     max(compute 4, store of tile 0: 4)          =  4
    # after      store of tile 1                             =  4
    assert cost.cycles == Cycles(compute=8, stall=24 - 8)
    assert cost.dram_bits == DramBits(weight=32, ifmap=64, psum=0, ofmap=64, bias=64)
    assert cost.busy == Busy(compute=8, weight_port=12, ifmap_port=4, psum_port=8)
    # 4 steps of 2 * 2 weights, 2 ifmap values and 2 partial sums that are only written; a bias for each of them.
    assert cost.sram_bits == SramBits(wbuf=4 * 4 * 8, ibuf=4 * 2 * 8, obuf=4 * 2 * 32, bbuf=4 * 2 * 32)
    assert cost.ops == (("mac", 16), ("mac_executed", 16))


def test_input_channels_outside_the_row_spill_partial_sums() -> None:
    kernel = row_convolution(ic=4, oc=2, ow=4)
    cost = simulate(kernel, schedule("g oc ic kw ow", oc=2, ic=2, ow=2), tiny_machine())
    # Tiles (ic, ow): (0,0) (0,1) (1,0) (1,1), 4 cycles each. A psum tile is 2*2*32 = 128 bits, 16 cycles.
    # before     weight 4, ifmap 2                                            =  4
    # tile 0     compute 4, ifmap 2                                           =  4
    # tile 1     psum port: store psum of tile 0, load psum of tile 2: 16+16  = 32
    # tile 2     psum port: store psum of tile 1, load psum of tile 3: 16+16  = 32
    # tile 3     compute 4, store ofmap of tile 2: 4                          =  4
    # after      store ofmap of tile 3                                        =  4
    assert cost.cycles == Cycles(compute=16, stall=80 - 16)
    assert cost.dram_bits == DramBits(weight=64, ifmap=128, psum=4 * 128, ofmap=64)
    assert cost.busy == Busy(compute=16, weight_port=8, ifmap_port=8, psum_port=4 * 16 + 2 * 4)
    # 8 steps: 4 begin an output, 4 read one and write it back.
    assert cost.sram_bits == SramBits(wbuf=8 * 4 * 8, ibuf=8 * 2 * 8, obuf=(4 + 2 * 4) * 2 * 32)


def test_input_channels_inside_the_row_keep_partial_sums() -> None:
    kernel = row_convolution(ic=4, oc=2, ow=4)
    cost = simulate(kernel, schedule("g oc ow kw ic", oc=2, ic=2, ow=2), tiny_machine())
    # Tiles (ow, ic): (0,0) (0,1) (1,0) (1,1); every tile has another weight, 4 cycles, and ifmap, 2 cycles.
    # before 4; tile 0: 4; tile 1: 4; tile 2: max(4, weight 4, store of tile 1: 4); tile 3: 4; after: 4
    assert cost.cycles == Cycles(compute=16, stall=24 - 16)
    assert cost.dram_bits == DramBits(weight=4 * 32, ifmap=4 * 32, psum=0, ofmap=64)


def test_a_result_left_and_resumed_at_once_is_stored_and_loaded_during_the_same_tile() -> None:
    # While tile 1 runs, the psum of tile 0 leaves and comes back for tile 2. Only the port's time counts.
    kernel = row_convolution(ic=2, ow=2)
    cost = simulate(kernel, schedule("g oc kw ic ow"), tiny_machine(weight_port=100, ifmap_port=100, psum_port=1))
    # A tile: 1 step + 2 fill; psum 32 bits, 32 cycles; ofmap 8 cycles; weight and ifmap 8 bits, 1 cycle.
    # before 1; tile 0: 3; tile 1: 32 + 32; tile 2: 32 + 32; tile 3: 8; after: 8
    assert cost.cycles == Cycles(compute=12, stall=1 + 3 + 64 + 64 + 8 + 8 - 12)


def test_edge_tiles_have_their_real_size() -> None:
    kernel = row_convolution(ic=3, oc=5)
    cost = simulate(kernel, schedule("g oc ic kw ow", oc=4, ic=3), tiny_machine())
    # Tiles of 4 and 1 output channels: 2*2 + 2 and 2*1 + 2 cycles.
    # before: weight 12*8/8 = 12; tile 0: max(6, weight 3); tile 1: max(4, store 4); after: store 1
    assert cost.cycles == Cycles(compute=6 + 4, stall=12 + 6 + 4 + 1 - 10)
    assert cost.dram_bits == DramBits(weight=15 * 8, ifmap=3 * 8, ofmap=5 * 8)
    assert cost.ops == (("mac", 15), ("mac_executed", 6 * 4))


def test_stored_padding_rounds_channels_up_to_the_array() -> None:
    kernel = row_convolution(ic=5, oc=5)
    cost = simulate(kernel, schedule("g oc ic kw ow", oc=4, ic=3), tiny_machine(stores_padding=True))
    # 6 x 6 channels, in tiles (oc, ic) of 4x3, 4x3, 2x3, 2x3: steps 2*2, 2*2, 1*2, 1*2.
    assert cost.cycles.compute == 4 + 4 + 2 + 2 + 4 * 2
    assert cost.dram_bits == DramBits(weight=6 * 6 * 8, ifmap=2 * 6 * 8, ofmap=6 * 8)
    assert cost.ops == (("mac", 25), ("mac_executed", 12 * 4))


def test_a_tile_as_long_as_the_loop_takes_the_rounding_too() -> None:
    kernel = row_convolution(ic=3, oc=5)
    cost = simulate(kernel, schedule("g oc ic kw ow", oc=5, ic=3), tiny_machine(stores_padding=True))
    # One tile of 6 x 4 channels.
    assert cost.cycles.compute == 3 * 2 + 2
    assert cost.dram_bits == DramBits(weight=6 * 4 * 8, ifmap=4 * 8, ofmap=6 * 8)


def test_stride_gaps_inside_a_tile_move_and_gaps_between_tiles_do_not() -> None:
    kernel = row_convolution(ow=4, stride=3)
    cost = simulate(kernel, schedule("g oc ic kw ow", ow=2), tiny_machine())
    # Tile 0 touches 0..3, tile 1 touches 6..9.
    assert cost.dram_bits.ifmap == (4 + 4) * 8


@pytest.mark.parametrize(("stores_padding", "elements"), [(False, 3 + 3), (True, 4 + 4)])
def test_borders_move_only_where_they_are_stored(stores_padding: bool, elements: int) -> None:
    # Two of everything on the channels, so that rounding up plays no part. Tiles touch -1..2 and 1..4 of 0..3.
    kernel = row_convolution(ic=2, oc=2, ow=4, kw=3, padding=1)
    tiling = schedule("g oc ic kw ow", oc=2, ic=2, kw=3, ow=2)
    cost = simulate(kernel, tiling, tiny_machine(stores_padding=stores_padding))
    assert cost.dram_bits.ifmap == 2 * elements * 8


def test_a_tile_in_the_border_transfers_nothing() -> None:
    kernel = row_convolution(kw=3, padding=1)
    cost = simulate(kernel, schedule("g oc ic ow kw"), tiny_machine())
    # Taps -1 and 1 lie outside the single position 0. Weights take 1 cycle each, a tile 3.
    assert cost.dram_bits == DramBits(weight=3 * 8, ifmap=8, ofmap=8)
    assert cost.busy == Busy(compute=9, weight_port=3, ifmap_port=1, psum_port=1)
    assert cost.cycles == Cycles(compute=9, stall=1 + 1)


def test_groups_share_nothing() -> None:
    kernel = row_convolution(ic=2, oc=2, ow=2, groups=2, bias=True)
    cost = simulate(kernel, schedule("g oc ic kw ow", oc=2, ic=2, ow=2), tiny_machine())
    # Two tiles, one a group: weight 32 bits, 4 cycles; bias 64 bits, 8; ifmap 32, 2; ofmap 32, 4; compute 2 + 2.
    # before 12; tile 0: max(4, 12); tile 1: max(4, store 4); after 4
    assert cost.cycles == Cycles(compute=8, stall=12 + 12 + 4 + 4 - 8)
    assert cost.dram_bits == DramBits(weight=64, ifmap=64, ofmap=64, bias=128)
    assert cost.ops[0] == ("mac", 2 * 2 * 2 * 2)


def test_two_groups_in_a_tile_compute_one_after_the_other() -> None:
    kernel = row_convolution(ic=2, oc=2, ow=2, groups=2)
    cost = simulate(kernel, schedule("g oc ic kw ow", g=2, oc=2, ic=2, ow=2), tiny_machine())
    assert cost.cycles.compute == 2 * 2 + 2
    assert cost.dram_bits == DramBits(weight=64, ifmap=64, ofmap=64)


def test_bias_is_read_once_for_each_output_at_full_width() -> None:
    kernel = row_convolution(ic=4, oc=3, ow=2, bias=True)
    cost = simulate(kernel, schedule("g oc ic kw ow", oc=3, ic=2, ow=2), tiny_machine())
    # 2 positions of ceil(3/2) * 2 columns, whatever the split of the sum.
    assert cost.sram_bits.bbuf == 32 * 2 * 4


def test_transfers_round_up_one_by_one() -> None:
    kernel = row_convolution(oc=1, bias=True)
    cost = simulate(kernel, schedule("g oc ic kw ow"), tiny_machine(weight_port=7))
    # weight 8 bits: 2 cycles, bias 32 bits: 5 cycles; 40 bits together would take 6.
    assert cost.busy.weight_port == 7


def test_a_tiling_of_another_kernel_is_refused() -> None:
    with pytest.raises(TilingError, match="orders loops"):
        simulate(row_convolution(), schedule("g oc ic"), tiny_machine())
