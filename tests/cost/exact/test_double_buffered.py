"""Lanes whose next tile loads while one computes: by hand. With all options drawn apart they are simulated, executed
and bounded in `test_all_options`."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

import simdc
from simdc.backends.execute.agreement import compare_with_untiled
from simdc.backends.simulate import simulate
from simdc.backends.verify.largest_tile import program_need_bits
from simdc.cost import CodeBlock, ExactModel, Hardware, Instruction, Loop, LoopNest, Operand, TilingError, affine
from simdc.cost.batch import machines_like
from simdc.cost.dram import Dram
from simdc.cost.exact.lane_tiles import takes_turns
from simdc.cost.exact.tiled import tile
from simdc.cost.exact.vector import TiledProgram
from simdc.cost.kernel import LoopRoles, VectorProgram
from simdc.cost.search.relaxed import Relaxed
from simdc.frozen import evolve
from tests.cost.machines import schedule, small_machine
from tests.cost.search.test_bounds import numbers
from tests.oracles import best_schedules
from tests.oracles.random_cases import random_cases
from tests.oracles.random_fused import random_case
from tests.oracles.rungs import check_rungs

EXACT = ExactModel()


def doubled(machine: Hardware, late: int = 0, **fields: object) -> Hardware:
    simd = evolve(machine.simd, double_buffered=True, **fields)
    return evolve(machine, simd=simd, dram=Dram(latency_cycles=late))


def clipped() -> VectorProgram:
    """y = max(x, 0) over 2 channels and 8 columns."""
    x, y = (Operand(name, 8, (2, 8), (affine("c"), affine("w"))) for name in "xy")
    block = CodeBlock(("c", "w"), (Instruction("max", "y", ("x", 0.0)),))
    nest = LoopNest((Loop("c", 2), Loop("w", 8)), (x,), (y,), (block,))
    return VectorProgram("relu", (nest,), "c", LoopRoles(("c",), (), ()))


@pytest.mark.parametrize(
    ("port", "late", "cycles", "parts"),
    [
        # 2 lanes: tiles of 2 vectors, 6 cycles of fill and 2 of work, 32 bits in and out: 2 cycles. 2 + 4 * 8 + 2.
        (16, 0, 36, {"first load": 2, "last store": 2}),
        # 5 more at first; then max(8, 5 + 2) and, behind a store, max(8, 5 + 2).
        (16, 5, 41, {"first load": 7, "last store": 2}),
        # 9: 11 at first; 11 for the second tile, 11 for the third and the fourth; 8 for the last.
        (16, 9, 54, {"first load": 11, "wait": 9, "last store": 2}),
        # A bit a cycle: 32 at first, 32 beside the first tile, 64 beside the next two, 32 beside the last, 32: 256.
        (1, 0, 256, {"first load": 32, "wait": 24 + 56 + 56 + 24, "last store": 32}),
    ],
)
def test_with_a_pencil(port: int, late: int, cycles: int, parts: dict[str, int]) -> None:
    program, tiling = clipped(), schedule("c w", c=2, w=2)
    machine = doubled(small_machine(), late, bandwidth_bits_per_cycle=port, vmem_bits=64)
    cost = EXACT.evaluate(program, tiling, machine)
    assert cost == simulate(program, tiling, machine)
    assert cost.cycles == (32, cycles - 32)
    assert cost.busy.simd_port == 8 * 32 // port
    told = {part.name: part.cycles for part in EXACT.account(program, tiling, machine).parts}
    assert told == {"instructions": 8, "fill": 24, **parts}
    # The whole program is one tile at the least, 6 + 8 beside 16 bytes each way.
    assert EXACT.least_cycles(program, machine) == late + max(14, 256 // port)
    bound = tile(program, *tiling, machine).least_cost().cycles.total
    assert bound == max(32, 256 // port)
    # y lies where x does: 32 bits in half of the memory.
    with pytest.raises(TilingError, match="needs 32 bits"):
        EXACT.evaluate(program, tiling, evolve(machine, simd=evolve(machine.simd, vmem_bits=63)))
    assert not Relaxed(program, evolve(machine, simd=evolve(machine.simd, vmem_bits=63))).fits({"c": 2, "w": 2})


def test_tiles_whose_results_overlap_take_turns() -> None:
    random, turns, beside = Random(2), 0, 0
    for kernel, tiling, drawn in random_cases(22, 240):
        if not isinstance(kernel, VectorProgram):
            continue
        machine = doubled(evolve(drawn, simd=evolve(drawn.simd, vmem_bits=2 * drawn.simd.vmem_bits)))
        cost, before = (EXACT.evaluate(kernel, tiling, one) for one in (machine, drawn))
        assert cost == simulate(kernel, tiling, machine)
        assert cost._replace(cycles=before.cycles) == before
        assert cost.cycles.total <= before.cycles.total
        tiled = tile(kernel, *tiling, machine)
        assert isinstance(tiled, TiledProgram)
        if all(takes_turns(nest, grid) for nest, grid in tiled.nests):
            turns += 1
            assert cost == before
        beside += cost.cycles.total < before.cycles.total
        assert all(low <= numbers(cost)[name] for name, low in numbers(tiled.least_cost()).items())
        if random.random() < 0.2:
            assert compare_with_untiled(kernel, tiling, machine).wrong is None
    assert turns > 3
    assert beside > 50


def test_tiles_need_half_of_the_memory() -> None:
    seen = 0
    for kernel, tiling, drawn in random_cases(23, 60):
        if isinstance(kernel, VectorProgram):
            need = program_need_bits(kernel, tiling, drawn)
            EXACT.evaluate(kernel, tiling, doubled(drawn, vmem_bits=2 * need))
            with pytest.raises(TilingError, match="vector memory"):
                EXACT.evaluate(kernel, tiling, doubled(drawn, vmem_bits=2 * need - 1))
            seen += 1
    assert seen > 15


def test_greedy_tilings_fit() -> None:
    seen = 0
    for kernel, drawn in best_schedules.random_layers(24, 40):
        if isinstance(kernel, VectorProgram):
            for choose in (EXACT.greedy, EXACT.default):
                try:
                    tiling = choose(kernel, doubled(drawn))
                except TilingError:
                    continue
                seen += 2 * program_need_bits(kernel, tiling, doubled(drawn)) <= drawn.simd.vmem_bits
    assert seen > 10


def test_no_rung_is_cheaper_than_its_bound() -> None:
    layers = best_schedules.random_layers(25, 40)
    check_rungs([(kernel, doubled(drawn)) for kernel, drawn in layers if isinstance(kernel, VectorProgram)], 20)


def test_products_on_chip_use_the_memory_as_a_whole() -> None:
    random = Random(26)
    for _ in range(20):
        kernel, tiling, drawn = random_case(random)
        plain = evolve(drawn, dram=Dram())
        assert EXACT.evaluate(kernel, tiling, doubled(plain)) == EXACT.evaluate(kernel, tiling, plain)


def test_many_machines_at_once() -> None:
    path, rates = "simd.bandwidth_bits_per_cycle", [3, 16, 40]
    for kernel, tiling, drawn in random_cases(27, 40):
        machine = doubled(evolve(drawn, simd=evolve(drawn.simd, vmem_bits=2 * drawn.simd.vmem_bits)), 5)
        cost = EXACT.price_rates(kernel, tiling, machines_like(machine, {path: 40}), {path: np.array(rates)})
        own = [EXACT.evaluate(kernel, tiling, machines_like(machine, {path: rate})).cycles.total for rate in rates]
        assert np.broadcast_to(cost.cycles.total, 3).tolist() == own


def test_files_say_true_and_other_models_refuse_it() -> None:
    machine = simdc.load_hardware("HI3", ["simd.double_buffered=true"])
    assert machine.title == "HI3 with simd.double_buffered=true"
    with pytest.raises(simdc.SimdcError, match=r"'simdit' does not know simd\.double_buffered; HI3"):
        simdc.evaluate(simdc.load("lenet5"), machine, model="simdit")
    with pytest.raises(simdc.SimdcError, match="must be true or false, got 1"):
        simdc.load_hardware("HI3", ["simd.double_buffered=1"])
