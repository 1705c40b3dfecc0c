"""Small programs on lanes that load while they compute: every tile size in every order is what the simulator plays."""

from __future__ import annotations

from itertools import permutations, product

import pytest

from simdc.backends.simulate import simulate
from simdc.cost import ExactModel, Tiling, TilingError
from simdc.cost.kernel import CodeBlock, Instruction, Loop, LoopNest, LoopRoles, Operand, VectorProgram, affine
from simdc.frozen import evolve
from tests.cost.machines import small_machine

EXACT = ExactModel()
LOOPS = {"c": 3, "h": 2, "w": 3}
EVERY = tuple(LOOPS)
COLUMNS = Operand("x", 8, (3, 2, 3), tuple(map(affine, EVERY)))
ROWS, CHANNELS = (Operand("y", 8, shape, tuple(map(affine, loops))) for shape, loops in (((3, 2), "ch"), ((3,), "c")))


def program(name: str, result: Operand, blocks: tuple[CodeBlock, ...], *scratch: Operand) -> VectorProgram:
    made = tuple(Loop(loop, bound) for loop, bound in LOOPS.items())
    initial = tuple((each.name, 0.0) for each in (*scratch, result) if each.loops != EVERY)
    return VectorProgram(name, (LoopNest(made, (COLUMNS,), (result,), blocks, scratch, initial),), "c", ROLES)


ROLES = LoopRoles(("c",), (), ())
ADD = CodeBlock(EVERY, (Instruction("add", "y", ("y", "x")),))
TOTAL = CHANNELS._replace(name="t")
MADE = COLUMNS._replace(name="y")
PROGRAMS = (
    program("only sums", CHANNELS, (ADD,)),
    # Once for each channel, though every result is of one place.
    program(
        "scaled",
        MADE,
        (
            CodeBlock(("c",), (Instruction("div", "t", ("t", 3.0)),), "start"),
            CodeBlock(EVERY, (Instruction("add", "y", ("x", "t")),)),
        ),
        TOTAL,
    ),
    # Sums go on from issue to issue, and are halved at the last tile of what is summed over.
    program("sums", CHANNELS, (ADD, CodeBlock(("c",), (Instruction("mul", "y", ("y", 0.5)),)))),
    program("row sums", ROWS, (ADD, CodeBlock(("c", "h"), (Instruction("div", "y", ("y", 3.0)),)))),
    # Before the first: the second block waits for what the first has made.
    program("begun", CHANNELS, (CodeBlock(("c",), (Instruction("max", "y", ("y", 1.0)),), "start"), ADD)),
    # A later instruction reads what a later point makes anew: loops outside.
    program(
        "maxima",
        CHANNELS,
        (CodeBlock(EVERY, (Instruction("max", "t", ("t", "x")), Instruction("add", "y", ("y", "t")))),),
        TOTAL,
    ),
)


# Tiles are as long as the port is busy, or a little less or more, or as they compute.
@pytest.mark.parametrize(("port", "overhead"), [(1, 1), (2, 2), (3, 0), (1 << 20, 7)])
@pytest.mark.parametrize("issue", ["interleaved", "fission"])
@pytest.mark.parametrize("kernel", PROGRAMS, ids=lambda kernel: kernel.kind)
def test_every_schedule(kernel: VectorProgram, issue: str, port: int, overhead: int) -> None:
    small = small_machine(vmem_bits=1 << 20)
    fields = {
        "issue": issue,
        "tile_overhead_cycles": overhead,
        "bandwidth_bits_per_cycle": port,
    }
    machine = evolve(small, simd=evolve(small.simd, double_buffered=True, **fields))
    compared = 0
    for sizes in product((1, 2, 3), (1, 2), (1, 2, 3)):
        size = dict(zip(EVERY, sizes, strict=True))
        for order in permutations(EVERY):
            tiling = Tiling(order, tuple(size[loop] for loop in order))
            try:
                cost = EXACT.evaluate(kernel, tiling, machine)
            except TilingError:
                # What `t` is at a column hangs on those before; it must not leave before they are through.
                assert kernel.nests[0].scratch
                continue
            assert cost == simulate(kernel, tiling, machine), tiling
            compared += 1
    assert compared > 10
