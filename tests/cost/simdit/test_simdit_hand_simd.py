"""The SIMD array's formulas on 4 lanes, worked by hand. 32-bit data, a 64 bit/cycle port; a tile fills in 5 + 3 cycles.

The element-wise cases take tiles of 64 elements, which move in 32 cycles at 32 bits and in 8 cycles at 8 bits.
"""

from __future__ import annotations

from simdc.cost.kernel import VectorProgram
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.simdit import SimditModel
from simdc.cost.tiling import Tiling, loop_bounds
from tests.cost.simdit.release_layers import hardware, vector

MIB = 1 << 20
MACHINE = hardware((4, 4), (8, 8, 32, 32), (MIB, MIB, MIB, MIB), (64, 64, 64), MIB, 64)
FILL = 8
WORD = 32

TENSOR = {"c": 8, "n": 2, "h": 4, "w": 4}  # E = 256; with c 4 and n 1: e = 64, two tiles inside each of two c tiles
POOL = {"c": 4, "n": 1, "oh": 4, "ow": 4, "kh": 3, "kw": 3}  # E = 64; with oh, ow 2: e = 16, 5x5 inputs x 4, 4 tiles


def evaluate(program: VectorProgram, phase: str = "inference", /, **tile: int) -> Cost:
    bounds = loop_bounds(program)
    sizes = tuple(tile.get(name, bound) for name, bound in bounds.items())
    return SimditModel(phase).evaluate(program, Tiling(tuple(bounds), sizes), MACHINE)


def test_relu_before_a_convolution():
    cost = evaluate(vector("relu", TENSOR, 8), c=4, n=1)
    assert cost.cycles == Cycles((64 // 4 + FILL) * 4, (32 + 8) * 4)
    assert cost.dram_bits == DramBits(ifmap=256 * 32, ofmap=256 * 8)
    assert cost.sram_bits == SramBits(vmem=256 * (32 + 8), imm=64 * 32, insmem=64 * WORD)
    assert cost.ops == (("max", 256),)
    assert cost.busy == Busy(compute=96, simd_port=160)


def test_channels_are_padded_to_the_lanes():
    cost = evaluate(vector("relu", {"c": 5, "n": 2}))
    assert cost.ops == (("max", 2 * 8),)
    assert cost.cycles == Cycles(16 // 4 + FILL, 8 + 8)


def test_add():
    cost = evaluate(vector("add", TENSOR), c=4, n=1)
    assert cost.cycles == Cycles((64 // 4 + FILL) * 4, (2 * 32 + 32) * 4)
    assert cost.dram_bits == DramBits(ifmap=2 * 256 * 32, ofmap=256 * 32)
    assert cost.sram_bits == SramBits(vmem=3 * 256 * 32, insmem=64 * WORD)
    assert cost.ops == (("add", 256),)


def test_fractional_tiles_round_once():
    # 256 / 96 tiles of c 8, n 1, h 3, w 4
    cost = evaluate(vector("add", TENSOR), n=1, h=3)
    assert cost.cycles == Cycles(86, 3 * 48 * 256 / 96)  # ceil((96/4 + 8) * 2.667 = 85.33)


def test_max_pool():
    cost = evaluate(vector("max_pool", POOL, 8, (2, 2)), oh=2, ow=2)
    assert cost.cycles == Cycles((16 * 9 // 4 + FILL) * 4, (100 * 32 // 64 + 16 * 8 // 64) * 4)
    assert cost.dram_bits == DramBits(ifmap=100 * 4 * 32, ofmap=64 * 8)
    assert cost.sram_bits == SramBits(vmem=2 * 64 * 9 * 32 + 64 * 8 * 32 + 64 * 8, insmem=64 * 9 // 4 * WORD)
    assert cost.ops == (("max", 64 * 9),)


def test_average_pool_divides_with_the_latency_of_the_phase():
    cost = evaluate(vector("average_pool", POOL, 32, (2, 2)), "training", oh=2, ow=2)
    assert cost.cycles.compute == ((16 * 9 + 16 * 5) // 4 + FILL) * 4
    assert evaluate(vector("average_pool", POOL, 32, (2, 2)), oh=2, ow=2).cycles.compute == (9 * 8 + FILL) * 4
    assert cost.sram_bits == SramBits(
        vmem=2 * 64 * 9 * 32 + 64 * 8 * 32 + 64 * 32 + 3 * 64 * 32, insmem=64 * 10 // 4 * WORD
    )
    assert cost.ops == (("add", 64 * 9), ("div", 64))


def test_global_average_pool():
    cost = evaluate(vector("global_average_pool", {"c": 8, "n": 1, "oh": 1, "ow": 1, "kh": 5, "kw": 3}))
    assert cost.cycles == Cycles((8 * 15 + 8 * 9) // 4 + FILL, 8 * 15 * 32 // 64 + 4)


def test_batch_norm_statistics():
    cost = evaluate(vector("batch_norm_statistics", TENSOR), "training", c=4, n=1)
    # Per element 1 + 1 + 3 cycles; per channel two divisions of 5, 3 + 3 + 3 and the root of 11 after 2 idle cycles.
    per_channel = 5 + 3 + 5 + 3 + 3 + (11 + 2)
    assert cost.cycles.compute == ((5 * 64 // 4 + FILL) * 2 + per_channel * 4 // 4) * 2
    assert cost.cycles.stall == 32 * 4 + 2 * (4 * 32 // 64) * 2
    assert cost.dram_bits == DramBits(ifmap=256 * 32, ofmap=2 * 8 * 32)
    assert cost.sram_bits == SramBits(
        vmem=(9 * 256 + 16 * 8) * 32, imm=2 * 8 * 32, insmem=(3 * 256 + 6 * 8) // 4 * WORD
    )
    assert cost.ops == (("add", 520), ("sub", 8), ("mul", 264), ("div", 16), ("inv_sqrt", 8))
    assert SimditModel("training").op_count(cost) == 3 * 256 + 3 * 8 + 2 * 8 * 5 + 8 * 11


def test_batch_norm():
    cost = evaluate(vector("batch_norm", TENSOR, 8), c=4, n=1)
    assert cost.cycles.compute == ((1 + 3 + 3 + 3) * 64 // 4 + FILL) * 4
    assert cost.cycles.stall == (32 + 8) * 4 + 4 * 2 * 2
    assert cost.dram_bits == DramBits(ifmap=(256 + 4 * 8) * 32, ofmap=256 * 8)
    assert cost.sram_bits == SramBits(vmem=9 * 256 * 32 + 256 * (2 * 32 + 8), insmem=256 * WORD)
    assert cost.ops == (("add", 256), ("sub", 256), ("mul", 512))


def test_batch_norm_grad():
    cost = evaluate(vector("batch_norm_grad", TENSOR), "training", c=4, n=1)
    part1, part2, per_channel = 1 + 3 + 3 + 3 + 1, 1 + 1 + 3 + 3 + 3, 1 + (5 + 2)
    assert cost.cycles.compute == (((part1 + part2) * 64 // 4 + 2 * FILL) * 2 + per_channel) * 2
    assert cost.cycles.stall == 6 * 32 * 4 + (3 * 2 + 2 * 2) * 2
    assert cost.dram_bits == DramBits(ifmap=(5 * 256 + 3 * 8) * 32, ofmap=(256 + 2 * 8) * 32)
    assert cost.sram_bits == SramBits(
        vmem=(15 * 256 + 3 * (2 * 8 + 4 * 256) + 3 * 256) * 32, insmem=(10 * 256 + 2 * 8) // 4 * WORD
    )
    assert cost.ops == (("add", 512), ("sub", 768), ("mul", 5 * 256 + 8), ("div", 8))


def test_relu_grad():
    cost = evaluate(vector("relu_grad", TENSOR), "training", c=4, n=1)
    assert cost.cycles == Cycles((16 + FILL) * 4, 3 * 32 * 4)
    assert cost.dram_bits == DramBits(ifmap=2 * 256 * 32, ofmap=256 * 32)
    assert cost.sram_bits == SramBits(vmem=3 * 256 * 32, insmem=16 * 4 * WORD)
    assert cost.ops == (("common", 256),)


def test_sgd():
    cost = evaluate(vector("sgd", TENSOR), "training", c=4, n=1)
    assert cost.cycles == Cycles((2 * 16 + FILL) * 4, 3 * 32 * 4)
    assert cost.sram_bits == SramBits(vmem=(2 * 2 + 1 + 1) * 256 * 32, insmem=2 * 16 * 4 * WORD)
    assert cost.ops == (("common", 2 * 256),)
    # A vector of channels alone
    assert evaluate(vector("sgd", {"c": 8}), "training").cycles == Cycles(2 * 2 + FILL, 3 * 4)


def test_reduce_sum_loads_one_batch_tile():
    whole = evaluate(vector("reduce_sum", {"c": 8, "n": 4}), "training", c=4)
    assert whole.cycles == Cycles((4 * 1 + FILL) * 2, (16 * 32 // 64 + 4 * 32 // 64) * 2)
    assert whole.dram_bits == DramBits(ifmap=32 * 32, ofmap=8 * 32)
    assert whole.sram_bits == SramBits(vmem=(2 * 4 + 3 + 1) * 8 * 32, insmem=4 * 1 * 2 * WORD)
    assert whole.ops == (("common", 4 * 8),)
    tiled = evaluate(vector("reduce_sum", {"c": 8, "n": 4}), "training", c=4, n=2)
    assert tiled.cycles == Cycles((4 * 1 + FILL) * 2, (8 * 32 // 64 + 4 * 32 // 64) * 2)


def test_max_pool_grad():
    cost = evaluate(vector("max_pool_grad", POOL, 32, (2, 2)), "training", oh=2, ow=2)
    assert cost.cycles == Cycles((4 * 16 * 9 // 4 + FILL) * 4, (2 * 8 + 50) * 4)
    assert cost.dram_bits == DramBits(ifmap=2 * 64 * 32, ofmap=100 * 4 * 32)
    assert cost.sram_bits == SramBits(vmem=6 * 64 * 9 * 32, insmem=2 * 64 * 9 // 4 * WORD)
    assert cost.ops == (("add", 576), ("conditional_move", 576))


def test_average_pool_grad():
    cost = evaluate(vector("average_pool_grad", POOL, 32, (2, 2)), "training", oh=2, ow=2)
    assert cost.cycles == Cycles((16 * (5 + 9 + 2) // 4 + FILL) * 4, (8 + 50) * 4)
    assert cost.dram_bits == DramBits(ifmap=64 * 32, ofmap=100 * 4 * 32)
    assert cost.sram_bits == SramBits(vmem=3 * (64 + 576) * 32, insmem=(64 + 576) // 4 * WORD)
    assert cost.ops == (("add", 576), ("div", 64))
