"""What a trace says of each tile, by hand. `simulate` is its sum."""

from __future__ import annotations

from simdc.backends.simulate.trace import trace
from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, Operand, VectorProgram, affine
from simdc.cost.tiling import Tiling
from tests.backends.simulate.tiny import tiny_machine
from tests.cost.machines import pencil_layer

OC, IC, OH, C, W = (affine(loop) for loop in ("oc", "ic", "oh", "c", "w"))


def test_a_contraction_with_a_pencil() -> None:
    """The example of docs/architecture.md: 2 input channels and 2 pixels a tile, 2 steps and 2 cycles of fill."""
    kernel, tiling = pencil_layer()
    machine = tiny_machine(stores_padding=True, weight_port=16, ifmap_port=16, psum_port=32)
    shares = list(trace(kernel, tiling, machine))
    assert [share.tile for share in shares] == [f"oc 0, ic {ic}, oh {oh}" for ic in (0, 1) for oh in (0, 1)]
    # 2 to load and 4, of which 4 compute; 4 + 4 on the psum port, twice; 4 beside a store of 4, and the last store.
    assert [share.adds["cycles.stall"] for share in shares] == [2, 4, 4, 4]
    assert [share.adds["busy.psum_port"] for share in shares] == [4, 4, 4 + 4, 4 + 4]
    assert [share.adds["dram_bits.psum"] for share in shares] == [128, 128, 128, 128]
    assert [share.adds["dram_bits.ofmap"] for share in shares] == [0, 0, 128, 128]
    # 2 steps of 2 columns: an output's first visit writes its psums, a later one reads them as well.
    assert [share.adds["sram_bits.obuf"] for share in shares] == [128, 128, 256, 256]
    weight, ifmap = "loads 32 bits of weight", "loads 32 bits of ifmap"
    assert [share.moves for share in shares] == [
        f"{weight}, {ifmap}, stores 128 bits of psum",
        f"{ifmap}, stores 128 bits of psum",
        f"{weight}, {ifmap}, loads 128 bits of psum, stores 128 bits of ofmap",
        f"{ifmap}, loads 128 bits of psum, stores 128 bits of ofmap",
    ]


def test_a_program_with_a_pencil() -> None:
    """relu of 2 channels by 3 columns on 2 lanes, 2 columns a tile, a nest twice: 5 + 1 cycles to fill, 1 a column."""
    index = (C, W)
    code = CodeBlock(("c", "w"), (Instruction("max", "y", ("x", 0.0)),))
    loops = (Loop("c", 2), Loop("w", 3))
    phase = LoopNest(loops, (Operand("x", 8, (2, 3), index),), (Operand("y", 32, (2, 3), index),), (code,))
    program = VectorProgram("relu twice", (phase, phase))
    shares = list(trace(program, Tiling(("c", "w"), (2, 2)), tiny_machine()))
    assert [share.tile for share in shares] == [f"nest {n}, c 0, w {w}" for n in (0, 1) for w in (0, 1)]
    assert [share.adds["cycles.compute"] for share in shares] == [6 + 2, 6 + 1] * 2
    # 16 bits a cycle: 2 x 2 x 8 bits in, 2 x 2 x 32 out; then half as many.
    assert [share.adds["cycles.stall"] for share in shares] == [2 + 8, 1 + 4] * 2
    assert shares[2].moves == "loads 32 bits of x, stores 128 bits of y"
