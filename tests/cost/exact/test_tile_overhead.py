"""Cycles that each tile of a vector program takes to set its loops up."""

from __future__ import annotations

from random import Random

from simdc.backends.simulate import simulate
from simdc.cost import ExactModel, Hardware, VectorProgram
from simdc.frozen import evolve
from tests.cost.exact.option_checks import check_bounds
from tests.oracles import best_schedules
from tests.oracles.event_simulator import play
from tests.oracles.random_cases import random_cases
from tests.oracles.random_fused import random_case
from tests.oracles.random_layers import Case
from tests.oracles.rungs import check_rungs

EXACT = ExactModel()


def slower(machine: Hardware, cycles: int) -> Hardware:
    return evolve(machine, simd=evolve(machine.simd, tile_overhead_cycles=cycles))


def test_each_tile_of_each_nest_takes_it() -> None:
    random, several = Random(2), 0
    for kernel, tiling, drawn in random_cases(3, 300):
        machine, before = slower(drawn, 63), EXACT.evaluate(kernel, tiling, drawn)
        cost = EXACT.evaluate(kernel, tiling, machine)
        assert cost == simulate(kernel, tiling, machine) == play(kernel, tiling, machine)
        more = cost.cycles.compute - before.cycles.compute
        assert more == cost.cycles.total - before.cycles.total
        if not isinstance(kernel, VectorProgram):
            assert more == 0
            continue
        several += more > 63
        assert more >= 63 * len(kernel.nests)
        assert more % 63 == 0
        check_bounds(random, Case(kernel, tiling, machine), cost)
    assert several > 30


def test_attention_on_chip_takes_it_for_each_program() -> None:
    random = Random(5)
    for _ in range(60):
        kernel, tiling, drawn = random_case(random)
        machine = slower(drawn, 40)
        cost, before = EXACT.evaluate(kernel, tiling, machine), EXACT.evaluate(kernel, tiling, drawn)
        assert cost == simulate(kernel, tiling, machine)
        # Step and merge of each tile, and one end at the least.
        assert cost.cycles.compute - before.cycles.compute >= 3 * 40


def test_no_rung_is_cheaper_than_its_bound() -> None:
    layers = best_schedules.random_layers(21, 30)
    check_rungs(((kernel, slower(drawn, 50)) for kernel, drawn in layers if isinstance(kernel, VectorProgram)), 50)
