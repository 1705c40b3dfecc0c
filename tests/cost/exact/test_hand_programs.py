"""Layers of the SIMD array priced by `exact` and by hand: 2 lanes, a tile fills in 5 + 1 cycles, 16 bits a cycle."""

from __future__ import annotations

from simdc.cost import Busy, Cycles, DramBits, ExactModel, SramBits
from simdc.ir.ops.average_pool import AveragePoolOp
from simdc.ir.ops.batch_norm import BatchNormOp
from simdc.ir.ops.broadcast import AddOp
from simdc.ir.ops.max_pool import MaxPoolOp
from simdc.ir.ops.relu import ReluOp
from tests.cost.machines import schedule, small_machine
from tests.ir.tensors import stored_as, tensor

EXACT = ExactModel()
MACHINE = small_machine()


def test_relu() -> None:
    relu = stored_as(8, ReluOp("r", tensor(1, 4, 1, 4))).kernel()
    cost = EXACT.evaluate(relu, schedule("c n h w", c=2, w=4), MACHINE)
    # Two tiles: in 2 x 4 x 32 = 256 bits, 16 cycles; 6 cycles of fill and 4 vectors; out 2 x 4 x 8 = 64 bits, 4 cycles.
    assert cost.cycles == Cycles(compute=2 * (6 + 4), stall=2 * (16 + 4))
    assert cost.dram_bits == DramBits(ifmap=2 * 256, ofmap=2 * 64)
    # 8 vectors of 2 lanes, read 32 bits and written 8; an immediate of 32 bits, an instruction of 32.
    assert cost.sram_bits == SramBits(vmem=8 * 2 * (32 + 8), imm=8 * 32, insmem=8 * 32)
    assert cost.busy == Busy(compute=20, simd_port=40)
    assert cost.ops == (("max", 16),)


def test_channels_that_do_not_fill_the_lanes() -> None:
    relu = ReluOp("r", tensor(1, 3, 1, 4)).kernel()
    # 3 channels are two vectors. Where padding is stored the second is whole, in DRAM as well.
    apart = EXACT.evaluate(relu, schedule("c n h w", c=3, w=4), small_machine(stores_padding=False))
    stored = EXACT.evaluate(relu, schedule("c n h w", c=3, w=4), small_machine(stores_padding=True))
    assert apart.cycles.compute == stored.cycles.compute == 6 + 2 * 4
    assert apart.dram_bits == DramBits(ifmap=3 * 4 * 32, ofmap=3 * 4 * 32)
    assert stored.dram_bits == DramBits(ifmap=4 * 4 * 32, ofmap=4 * 4 * 32)
    assert apart.ops == stored.ops == (("max", 12),)


def test_add() -> None:
    add = AddOp("a", tensor(1, 2, 1, 4), tensor(1, 2, 1, 4, bits=8)).kernel()
    cost = EXACT.evaluate(add, schedule("c n h w", c=2, w=4), MACHINE)
    # In 256 bits and 64 bits: 16 + 4 cycles; out 256 bits: 16. 4 vectors, three whole operands each.
    assert cost.cycles == Cycles(compute=6 + 4, stall=16 + 4 + 16)
    assert cost.sram_bits == SramBits(vmem=4 * 2 * (32 + 8 + 32), insmem=4 * 32)


def test_max_pool() -> None:
    pool = stored_as(8, MaxPoolOp("p", tensor(1, 2, 4, 4), kernel_size=(2, 2), stride=(2, 2))).kernel()
    cost = EXACT.evaluate(pool, schedule("c n oh ow kh kw", c=2, oh=2, ow=2, kh=2, kw=2), MACHINE)
    # 4 windows of 4: 16 vectors. In 2 x 16 x 32 = 1024 bits, 64 cycles; out 2 x 4 x 8 = 64 bits, 4 cycles.
    assert cost.cycles == Cycles(compute=6 + 16, stall=64 + 4)
    # y = max(y, x)
    assert cost.sram_bits == SramBits(vmem=16 * 2 * (8 + 32 + 8), insmem=16 * 32)
    assert cost.ops == (("max", 32),)


def test_average_pool_divides_once_for_each_window() -> None:
    pool = stored_as(8, AveragePoolOp("p", tensor(1, 2, 4, 4), kernel_size=(2, 2), stride=(2, 2))).kernel()
    cost = EXACT.evaluate(pool, schedule("c n oh ow kh kw", c=2, oh=2, ow=2, kh=2, kw=2), MACHINE)
    # 16 additions, and 4 divisions of 9 cycles.
    assert cost.cycles == Cycles(compute=6 + 16 + 4 * 9, stall=64 + 4)
    # sum = sum + x, all 32 bits; y = sum / 4 with 4 as an immediate.
    assert cost.sram_bits == SramBits(vmem=16 * 2 * 96 + 4 * 2 * 40, imm=4 * 32, insmem=(16 + 4) * 32)
    assert cost.ops == (("add", 32), ("div", 8))
    # With a row of the window at a time, the division runs in the tiles that finish a window.
    split = EXACT.evaluate(pool, schedule("c n oh ow kh kw", c=2, oh=2, ow=2, kh=1, kw=2), MACHINE)
    assert split.cycles.compute == (6 + 8) + (6 + 8 + 4 * 9)
    assert split.ops == cost.ops
    # The upper row of every window, then the lower one: rows 0..2 and 1..3.
    assert split.dram_bits == DramBits(ifmap=2 * (3 + 3) * 4 * 32, ofmap=64)


def test_batch_norm_takes_ten_cycles_a_vector() -> None:
    values = [tensor(2) for _ in range(4)]
    norm = BatchNormOp("b", tensor(1, 2, 1, 3), *values).kernel()
    cost = EXACT.evaluate(norm, schedule("c n h w", c=2, w=3), MACHINE)
    # Each of mul, mul, add needs the result before it and waits 2 cycles: 1 + 3 + 3 + 3.
    assert cost.cycles.compute == 6 + 3 * (1 + 3 + 3 + 3)
    # In: 2 x 3 x 32 = 192 bits, 12 cycles, and four times 2 x 32 = 64 bits, 4 cycles. Out: 12 cycles.
    assert cost.cycles.stall == 12 + 4 * 4 + 12
    # Four instructions of three vectors each.
    assert cost.sram_bits == SramBits(vmem=3 * 4 * 3 * 2 * 32, insmem=3 * 4 * 32)
    # Values of a channel stay while its tiles run.
    split = EXACT.evaluate(norm, schedule("c n h w", c=2), MACHINE)
    assert split.cycles == Cycles(compute=3 * (6 + 10), stall=3 * (4 + 4) + 4 * 4)
