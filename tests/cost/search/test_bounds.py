"""What the search rules schedules out by: no number of a bound lies above that of a schedule it holds for."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import pytest

from simdc.cost import Cost, ExactModel, Hardware, Kernel, Tiling, TilingError
from simdc.cost.grid import stored_bounds
from simdc.cost.kernel import CodeBlock, Contraction, Instruction, Loop, LoopNest, Operand, VectorProgram, affine
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.search.relaxed import Relaxed
from simdc.cost.spread import spread_of
from simdc.cost.tiling import loop_bounds
from tests.cost.machines import row_convolution, schedule, small_machine
from tests.oracles.random_cases import random_cases
from tests.oracles.random_layers import random_tiling
from tests.oracles.tight_machines import greedy_cases

EXACT = ExactModel()


class Known(NamedTuple):
    """What is decided of some loops, by loop."""

    counts: dict[str, int]
    passes: dict[str, int]
    stored: dict[str, int]


def known(kernel: Kernel, tiling: Tiling, machine: Hardware, loops: Sequence[str]) -> Known:
    """Tile by tile: how many there are, how often an array passes along them, and the size of the first."""
    own, bounds = loop_bounds(kernel), stored_bounds(kernel, machine)
    widths: dict[str, int] = {}
    if isinstance(kernel, Contraction):
        widths = spread_of(kernel, machine.systolic).widths
    found = Known({}, {}, {})
    for loop, size in zip(*tiling, strict=True):
        if loop in loops:
            step = size if size < own[loop] else bounds[loop]
            tiles = [min(step, bounds[loop] - start) for start in range(0, bounds[loop], step)]
            found.counts[loop], found.stored[loop] = len(tiles), step
            found.passes[loop] = sum(-(-tile // widths.get(loop, 1)) for tile in tiles)
    return found


def innermost(kernel: Kernel, tiling: Tiling) -> str:
    """The innermost loop that is cut; any, if none is."""
    own = loop_bounds(kernel)
    cut = [loop for loop, size in zip(*tiling, strict=True) if size < own[loop]]
    return cut[-1] if cut else tiling.order[-1]


def bound(kernel: Kernel, tiling: Tiling, machine: Hardware, loops: Sequence[str], rule: MachineRule = GENESYS) -> Cost:
    """Where only the cuts of `loops` are decided."""
    counts, passes, _ = known(kernel, tiling, machine, loops)
    return Relaxed(kernel, machine, rule).cost(counts, passes, innermost(kernel, tiling))


def numbers(cost: Cost) -> dict[str, float]:
    """All that an objective may look at."""
    parts = {part: getattr(cost, part)._asdict() for part in ("dram_bits", "sram_bits", "busy")}
    found = {f"{part}.{name}": value for part, fields in parts.items() for name, value in fields.items()}
    return {**found, "compute": cost.cycles.compute, "total": cost.cycles.total, **dict(cost.ops)}


def test_a_bound_by_hand() -> None:
    """A 1x1 convolution from 4 to 2 channels on 8 pixels, 2 x 2 PEs: input channels in 2 tiles, pixels in 4, input
    channels outside. The innermost loop moves ifmap and psum.

    8 tiles of 2 x 1 x 1 passes: 2 * 8 steps, and 8 * 2 cycles of fill. Weights move once, 4 * 2 * 8 bits, the ifmap
    once, 4 * 8 * 8 bits; each sum of 32 bits is stored and loaded for the second tile of input channels: 2 * 2 * 8 * 32
    bits; results are 2 * 8 * 8 bits."""
    kernel, machine = row_convolution(ic=4, oc=2, ow=8), small_machine(ports=(8, 16, 8))
    loops = ("oc", "kw", "ic", "ow")
    least = bound(kernel, schedule("oc kw ic ow", oc=2, ic=2, ow=2), machine, loops)
    assert least.cycles.compute == 16 + 16
    assert least.dram_bits == (64, 256, 1024, 128, 0)
    assert least.busy == (32, 64 // 8, 256 // 16, (1024 + 128) // 8, 0)
    assert least.cycles.total == (1024 + 128) // 8
    # With input channels inside, sums stay; weights come anew for each tile of pixels.
    least = bound(kernel, schedule("oc kw ow ic", oc=2, ic=2, ow=2), machine, loops)
    assert least.dram_bits == (4 * 64, 256, 0, 128, 0)
    # Nothing is decided: all whole.
    least = bound(kernel, schedule("oc kw ow ic", oc=2, ic=2, ow=2), machine, ())
    assert least.cycles.compute == 16 + 2
    assert least.dram_bits == (64, 256, 0, 128, 0)


@pytest.mark.parametrize("padding", [True, False])
def test_a_diagonal_moves_less_than_its_square(padding: bool) -> None:
    """y[i] = x[i, i] for i below 6: whole, the tile is the box of 6 x 6; in tiles of one it is 6 elements in all."""
    index = (affine("i"), affine("i"))
    phase = LoopNest(
        (Loop("i", 6),),
        (Operand("x", 8, (6, 6), index),),
        (Operand("y", 8, (6,), (affine("i"),)),),
        (CodeBlock(("i",), (Instruction("move", "y", ("x",)),)),),
    )
    kernel, machine = VectorProgram("diagonal", (phase,), "i"), small_machine(stores_padding=padding)
    tiling = Tiling(("i",), (1,))
    assert EXACT.evaluate(kernel, tiling, machine).dram_bits.ifmap == 6 * 8
    assert bound(kernel, tiling, machine, ("i",)).dram_bits.ifmap <= 6 * 8


def test_what_fits_is_never_ruled_out() -> None:
    random, fit, misfit = Random(5), 0, 0
    for kernel, machine in greedy_cases(random, 500):
        tiling = random_tiling(random, kernel, 40)
        relaxed = Relaxed(kernel, machine)
        some = [loop for loop in tiling.order if random.random() < 0.6]
        try:
            EXACT.evaluate(kernel, tiling, machine)
        except TilingError:
            misfit += not relaxed.fits(known(kernel, tiling, machine, tiling.order).stored)
            continue
        fit += 1
        for loops in (tiling.order, some):
            assert relaxed.fits(known(kernel, tiling, machine, loops).stored), (kernel, tiling, machine, loops)
    assert min(fit, misfit) > 80


def test_no_number_is_above_that_of_a_schedule() -> None:
    random, tight = Random(5), dict[str, int]()
    for kernel, tiling, machine in random_cases(6, 1500):
        cost = numbers(EXACT.evaluate(kernel, tiling, machine))
        some = [loop for loop in tiling.order if random.random() < 0.6]
        for loops in (tiling.order, some):
            for name, least in numbers(bound(kernel, tiling, machine, loops)).items():
                assert least <= cost[name], (name, kernel, tiling, machine, loops)
                tight[name] = tight.get(name, 0) + (cost[name] == least > 0)
    # One more anywhere would be one too many somewhere: each number is that of the schedule in many cases.
    assert all(times > 30 for name, times in tight.items() if name != "dram_bits.bias"), tight
