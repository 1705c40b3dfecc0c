"""What loops are called decides nothing: a kernel under other names is tiled alike, costs the same, is searched alike.

The names are handed round among the loops, so that channels are called `h` and columns `n`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from random import Random

import pytest

from simdc.backends.simulate import simulate
from simdc.cost.exact import ExactModel
from simdc.cost.greedy import greedy_tiling
from simdc.cost.hardware import Buffers, Hardware
from simdc.cost.kernel import Affine, Contraction, Kernel, LoopNest, LoopRoles, Operand, VectorProgram
from simdc.cost.search import objective_for, search
from simdc.cost.tiling import Tiling, TilingError, loop_bounds
from simdc.frozen import evolve
from tests.oracles.random_cases import random_cases

EXACT = ExactModel()


def renamed(kernel: Kernel, names: Mapping[str, str]) -> Kernel:
    def operand(old: Operand) -> Operand:
        index = tuple(
            Affine(tuple((names[loop], step) for loop, step in terms), constant) for terms, constant in old.index
        )
        return old._replace(index=index)

    if isinstance(kernel, Contraction):
        return Contraction(
            kernel.kind,
            tuple(loop._replace(name=names[loop.name]) for loop in kernel.loops),
            operand(kernel.ifmap),
            operand(kernel.weight),
            operand(kernel.psum),
            kernel.ofmap_bits,
            None if kernel.bias is None else operand(kernel.bias),
            names[kernel.rows],
            names[kernel.columns],
            kernel.macs,
        )

    def phase(old: LoopNest) -> LoopNest:
        return old._replace(
            loops=tuple(loop._replace(name=names[loop.name]) for loop in old.loops),
            inputs=tuple(map(operand, old.inputs)),
            outputs=tuple(map(operand, old.outputs)),
            scratch=tuple(map(operand, old.scratch)),
            views=tuple(map(operand, old.views)),
            whole=tuple(names[loop] for loop in old.whole),
            blocks=tuple(block._replace(loops=tuple(names[loop] for loop in block.loops)) for block in old.blocks),
        )

    roles = LoopRoles(*(tuple(names[loop] for loop in loops if loop in names) for loops in kernel.roles))
    return VectorProgram(kernel.kind, tuple(map(phase, kernel.nests)), names[kernel.lanes], roles)


def handed_round(random: Random, kernel: Kernel) -> dict[str, str]:
    """Each loop with the name of another, or with one that no kernel has."""
    loops = list(loop_bounds(kernel))
    names = [*loops, *(f"loop{number}" for number in range(random.choice((0, len(loops)))))]
    return dict(zip(loops, random.sample(names, len(loops)), strict=True))


def tight(random: Random, machine: Hardware) -> Hardware:
    """Memories from far too small to roomy, each on its own."""

    def memory() -> int:
        return random.choice((random.randint(8, 600), 1 << random.randint(6, 16)))

    systolic = evolve(machine.systolic, buffers=Buffers(memory(), memory(), memory(), memory()))
    return evolve(machine, systolic=systolic, simd=evolve(machine.simd, vmem_bits=memory()))


Tile = Callable[[Kernel, Hardware], Tiling]


def found(tile: Tile, kernel: Kernel, machine: Hardware) -> Tiling | None:
    try:
        tiling = tile(kernel, machine)
        EXACT.evaluate(kernel, tiling, machine)
    except TilingError:
        return None
    return tiling


def searched(kernel: Kernel, machine: Hardware) -> Tiling:
    return search(kernel, machine, objective_for("cycles", kernel, machine), 300.0).tiling


@pytest.mark.parametrize(
    ("tile", "seed", "count"),
    [(greedy_tiling, 1, 500), (EXACT.default, 2, 60), (searched, 3, 30)],
    ids=["greedy", "default", "search"],
)
def test_loops_are_known_by_what_they_do(tile: Tile, seed: int, count: int) -> None:
    random = Random(seed)
    tiled = 0
    for case in islice(random_cases(seed, 2 * count), count):
        machine, names = tight(random, case.machine), handed_round(random, case.kernel)
        other = renamed(case.kernel, names)
        before, after = found(tile, case.kernel, machine), found(tile, other, machine)
        if before is None or after is None:
            assert before is after is None
            continue
        tiled += 1
        assert after == Tiling(tuple(names[loop] for loop in before.order), before.sizes)
        assert EXACT.evaluate(case.kernel, before, machine) == EXACT.evaluate(other, after, machine)
    assert tiled > count // 4


def test_the_simulator_knows_loops_by_what_they_do() -> None:
    random = Random(4)
    for kernel, tiling, machine in random_cases(4, 60):
        names = handed_round(random, kernel)
        other = Tiling(tuple(names[loop] for loop in tiling.order), tiling.sizes)
        assert simulate(kernel, tiling, machine) == simulate(renamed(kernel, names), other, machine)
