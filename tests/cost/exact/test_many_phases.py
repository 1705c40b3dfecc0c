"""Every phase of a vector program is priced, however many there are."""

from __future__ import annotations

import pytest

from simdc.backends.simulate import simulate
from simdc.cost import CodeBlock, ExactModel, Instruction, Loop, LoopNest, Operand, VectorProgram, affine
from simdc.frontends.hardware_file import load_hardware


def phase(number: int, size: int) -> LoopNest:
    loop = f"c{number}"
    x, y = (Operand(f"{name}{number}", 32, (1, size), (affine("lane"), affine(loop))) for name in "xy")
    block = CodeBlock(("lane", loop), (Instruction("move", y.name, (x.name,)),))
    return LoopNest((Loop("lane", 1), Loop(loop, size)), (x,), (y,), (block,))


@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 66, 130])
def test_phases_add_up(count: int) -> None:
    # One lane has work: each element is one vector, move takes one cycle, and each tile 5 + 63 to fill.
    # Phase i copies 1 + i % 5 elements of 32 bit by a port of 512 bit/cycle: one cycle to load, one to store.
    sizes = [1 + number % 5 for number in range(count)]
    program = VectorProgram("many", tuple(phase(number, size) for number, size in enumerate(sizes)), lanes="lane")
    machine, model = load_hardware("HI3"), ExactModel()
    tiling = model.greedy(program, machine)
    cost = model.evaluate(program, tiling, machine)
    assert cost == simulate(program, tiling, machine)
    assert cost.cycles == (sum(sizes) + count * (5 + 63), 2 * count)
    assert cost.dram_bits.ifmap == cost.dram_bits.ofmap == 32 * sum(sizes)
    assert dict(cost.ops) == {"move": sum(sizes)}
