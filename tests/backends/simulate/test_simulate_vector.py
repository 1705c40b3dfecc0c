"""Vector programs whose cost is worked out by hand.

Two lanes and six stages: a tile fills in 5 + 1 cycles. Temporaries are 32 bits wide, the port moves 16 bits a cycle.
"""

from __future__ import annotations

import pytest

from simdc.backends.simulate import simulate
from simdc.backends.simulate.vector import visits
from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, Operand, VectorProgram, affine
from simdc.cost.result import Busy, Cycles, DramBits, SramBits
from simdc.cost.tiling import Tiling
from tests.backends.simulate.tiny import tiny_machine


def relu(channels: int = 4, width: int = 4, lanes: str = "c") -> VectorProgram:
    index = (affine("c"), affine("w"))
    return VectorProgram(
        kind="relu",
        nests=(
            LoopNest(
                loops=(Loop("c", channels), Loop("w", width)),
                inputs=(Operand("x", 8, (channels, width), index),),
                outputs=(Operand("y", 8, (channels, width), index),),
                blocks=(CodeBlock(("c", "w"), (Instruction("max", "y", ("x", 0.0)),)),),
            ),
        ),
        lanes=lanes,
    )


def test_relu_takes_turns_on_the_port() -> None:
    cost = simulate(relu(), Tiling(("c", "w"), (2, 4)), tiny_machine())
    # Two tiles: load 2*4*8 = 64 bits, 4 cycles; compute 6 + 1 * 4; store 4 cycles.
    assert cost.cycles == Cycles(compute=2 * 10, stall=2 * (4 + 4))
    assert cost.dram_bits == DramBits(ifmap=128, ofmap=128)
    # 8 issues, each reads and writes 2 lanes * 8 bits, one immediate of 32 bits, one instruction of 32.
    assert cost.sram_bits == SramBits(vmem=8 * (16 + 16), imm=8 * 32, insmem=8 * 32)
    assert cost.ops == (("max", 16),)
    assert cost.busy == Busy(compute=20, simd_port=16)


def test_stored_padding_rounds_channels_up_to_whole_vectors() -> None:
    cost = simulate(relu(channels=5), Tiling(("c", "w"), (3, 4)), tiny_machine(stores_padding=True))
    # 6 channels in two tiles of 3: 2 * 4 issues each. Only 5 * 4 results are real.
    assert cost.cycles.compute == (6 + 8) + (6 + 8)
    assert cost.dram_bits == DramBits(ifmap=6 * 4 * 8, ofmap=6 * 4 * 8)
    assert cost.ops == (("max", 20),)


def test_lanes_along_another_loop_are_not_rounded_up() -> None:
    cost = simulate(relu(width=3, lanes="w"), Tiling(("c", "w"), (4, 3)), tiny_machine(stores_padding=True))
    assert cost.cycles.compute == 6 + 4 * 2
    assert cost.dram_bits == DramBits(ifmap=4 * 3 * 8, ofmap=4 * 3 * 8)


@pytest.mark.parametrize(("stores_padding", "columns"), [(False, 4 + 5), (True, 5 + 5)])
def test_max_pool_loads_its_halo_again(stores_padding: bool, columns: int) -> None:
    pool = VectorProgram(
        kind="max_pool",
        nests=(
            LoopNest(
                loops=(Loop("c", 2), Loop("ow", 4), Loop("kw", 3)),
                inputs=(Operand("x", 8, (2, 8), (affine("c"), affine(("ow", 2), "kw", constant=-1))),),
                outputs=(Operand("y", 8, (2, 4), (affine("c"), affine("ow"))),),
                blocks=(CodeBlock(("c", "ow", "kw"), (Instruction("max", "y", ("y", "x")),)),),
                initial=(("y", -128.0),),
            ),
        ),
    )
    cost = simulate(pool, Tiling(("c", "ow", "kw"), (2, 2, 3)), tiny_machine(stores_padding=stores_padding))
    # Tile 0 touches columns -1..3, tile 1 columns 3..7: column 3 moves twice.
    assert cost.dram_bits == DramBits(ifmap=2 * columns * 8, ofmap=2 * 4 * 8)
    assert cost.cycles.compute == 2 * (6 + 2 * 3)
    # An issue reads y and x and writes y.
    assert cost.sram_bits == SramBits(vmem=12 * 3 * 16, insmem=12 * 32)


def variance(total_as: str = "scratch") -> VectorProgram:
    """Per channel, the mean square of x - mean; 2 channels, 2 images of 3 positions."""
    total = Operand("total", 16, (2,), (affine("c"),))
    result = Operand("result", 8, (2,), (affine("c"),))
    square = (
        Instruction("sub", "t", ("x", "mean")),
        Instruction("mul", "u", ("t", "t")),
        Instruction("add", "total", ("total", "u")),
    )
    return VectorProgram(
        kind="variance",
        nests=(
            LoopNest(
                loops=(Loop("c", 2), Loop("n", 2), Loop("w", 3)),
                inputs=(
                    Operand("x", 8, (2, 2, 3), (affine("n"), affine("c"), affine("w"))),
                    Operand("mean", 8, (2,), (affine("c"),)),
                ),
                outputs=(total, result) if total_as == "output" else (result,),
                blocks=(
                    CodeBlock(("c", "n", "w"), square),
                    CodeBlock(("c",), (Instruction("div", "result", ("total", 6.0)),)),
                ),
                scratch=(total,) if total_as == "scratch" else (),
                initial=(("total", 0.0),),
            ),
        ),
    )


def test_a_block_over_fewer_loops_runs_in_the_tile_that_finishes_the_sum() -> None:
    cost = simulate(variance(), Tiling(("c", "n", "w"), (2, 1, 3)), tiny_machine())
    # square: 1 + 1 + 2 waits + 1 + 2 waits = 7 cycles; div: 9.
    # tile 0: 6 + 3 * 7, tile 1: 6 + 3 * 7 + 1 * 9, and 2 that the division waits for the last sum
    assert cost.cycles.compute == 27 + 36 + 2
    # x: 2*1*3*8 = 48 bits, 3 cycles, in both tiles. mean: 16 bits, 1 cycle, in tile 0. result: 16 bits, 1 cycle,
    # in tile 1. The sum stays in vector memory.
    assert cost.dram_bits == DramBits(ifmap=48 + 48 + 16, ofmap=16)
    assert cost.cycles.stall == (3 + 1) + (3 + 1)
    # 6 issues of square: t = x, mean (32 + 8 + 8 bits a lane), u = t, t (3 * 32), total = total, u (16 + 16 + 32);
    # one issue of div: 8 + 16 bits a lane.
    assert cost.sram_bits.vmem == 2 * (6 * (48 + 96 + 64) + 24)
    assert cost.sram_bits.imm == 32
    assert cost.sram_bits.insmem == (6 * 3 + 1) * 32
    assert cost.ops == (("add", 12), ("div", 2), ("mul", 12), ("sub", 12))


def test_a_reduction_outside_the_loops_of_its_result_spills_partial_results() -> None:
    cost = simulate(variance("output"), Tiling(("n", "c", "w"), (1, 1, 3)), tiny_machine())
    # Tiles (n, c): (0,0) (0,1) (1,0) (1,1). Each loads x 24 bits, 2 cycles, and mean 8 bits, 1 cycle,
    # and stores total 16 bits, 1 cycle, and result 8 bits, 1 cycle. Tiles 2 and 3 load both back first.
    assert cost.dram_bits == DramBits(ifmap=4 * (24 + 8) + 2 * (16 + 8), ofmap=4 * (16 + 8))
    assert cost.cycles.stall == 4 * (2 + 1) + 2 * (1 + 1) + 4 * (1 + 1)
    # The division runs in the last two tiles, and waits 2 for the sum.
    assert cost.cycles.compute == 4 * (6 + 3 * 7) + 2 * (9 + 2)


def test_a_block_at_the_start_runs_in_the_tile_that_begins_the_sum() -> None:
    (phase,) = variance().nests
    square, _ = phase.blocks
    begin = CodeBlock(("c",), (Instruction("mul", "total", ("mean", 0.0)),), at="start")
    program = VectorProgram("start", (LoopNest(phase.loops, phase.inputs, phase.scratch, (begin, square)),))
    cost = simulate(program, Tiling(("c", "n", "w"), (2, 2, 2)), tiny_machine())
    # Tiles of 2 and 1 columns by 2 images, 7 cycles a point; the first issues the multiplication once.
    assert cost.cycles.compute == (6 + 1 + 4 * 7) + (6 + 2 * 7)
    assert cost.dram_bits.ofmap == 32
    tiles = visits(program.nests[0], program, Tiling(("c", "n", "w"), (2, 2, 2)), tiny_machine())
    assert [dict(tile.issues) for tile in tiles] == [{begin: 1, square: 4}, {square: 2}]


def test_phases_run_one_after_the_other_and_load_anew() -> None:
    (phase,) = relu().nests
    twice = VectorProgram("twice", (phase, phase))
    one = simulate(relu(), Tiling(("w", "c"), (2, 2)), tiny_machine())
    two = simulate(twice, Tiling(("w", "c"), (2, 2)), tiny_machine())
    assert two.cycles == Cycles(compute=2 * one.cycles.compute, stall=2 * one.cycles.stall)
    assert two.dram_bits == DramBits(ifmap=2 * one.dram_bits.ifmap, ofmap=2 * one.dram_bits.ofmap)


def test_per_channel_operands_move_once_for_each_channel_tile() -> None:
    cost = simulate(variance(), Tiling(("c", "n", "w"), (1, 1, 1)), tiny_machine())
    # 12 tiles of x, 8 bits each; mean once for each of the two channels.
    assert cost.dram_bits == DramBits(ifmap=12 * 8 + 2 * 8, ofmap=2 * 8)


def test_an_immediate_of_any_kind_is_no_vector() -> None:
    block = CodeBlock(("c",), (Instruction("mul", "y", (2, 0.5)),))
    output = Operand("y", 8, (2,), (affine("c"),))
    cost = simulate(
        VectorProgram("constant", (LoopNest((Loop("c", 2),), (), (output,), (block,)),)),
        Tiling(("c",), (2,)),
        tiny_machine(),
    )
    assert cost.sram_bits == SramBits(vmem=2 * 8, imm=2 * 32, insmem=32)
    assert cost.dram_bits == DramBits(ofmap=16)
