"""DRAM that answers late: by hand. With all options drawn apart it is simulated in `test_all_options`."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

import simdc
from simdc.backends.simulate import simulate
from simdc.cost import CodeBlock, ExactModel, Hardware, Instruction, Loop, LoopNest, Operand, affine
from simdc.cost.batch import machines_like
from simdc.cost.dram import Dram
from simdc.cost.exact.latency import after_load, least_waiting
from simdc.cost.kernel import LoopRoles, VectorProgram
from simdc.frozen import evolve
from tests.backends.simulate.tiny import tiny_machine
from tests.cost.machines import pencil_layer, schedule, small_machine
from tests.oracles.channels import with_channels
from tests.oracles.random_cases import random_cases
from tests.oracles.random_fused import random_case

EXACT = ExactModel()


def late(machine: Hardware, cycles: int, release: str = "segment") -> Hardware:
    return with_channels(machine, Dram(latency_cycles=cycles), release)


@pytest.mark.parametrize(
    ("release", "latency", "cycles"),
    [
        *(("segment", 0, 54), ("segment", 1, 57), ("segment", 3, 64), ("segment", 10, 92)),
        *(("joint", 3, 63), ("separate", 0, 54), ("separate", 3, 63)),
    ],
)
def test_with_a_pencil(release: str, latency: int, cycles: int) -> None:
    """The example of docs/architecture.md over ports of 16 bits a cycle: weights 2, ifmap 2, a result 8, compute 4.

    At barriers: 2 at first, 4 beside an ifmap, 8 + 8 of results out and in twice, 8, 8: 54. With a latency of 3 5 at
    first, 5 for the ifmap, 8 + 3 + 8 twice, 8, 8: 64; one of 1 hides behind the ifmap's 4.

    Without: tile 1 computes from 5 to 9 and is stored at 17; tile 3 takes its half, so its psums come from 20 to 28.
    Tile 2 is stored at 36, the psums of tile 4 come from 39 to 47, tile 3 is stored at 55, tile 4 at 63."""
    kernel, tiling = pencil_layer()
    machine = tiny_machine(stores_padding=True, weight_port=16, ifmap_port=16, psum_port=16, simd_port=7)
    buffers = evolve(machine.systolic.buffers, psum_bits=256)
    machine = late(evolve(machine, systolic=evolve(machine.systolic, buffers=buffers)), latency, release)
    cost = EXACT.evaluate(kernel, tiling, machine)
    assert cost == simulate(kernel, tiling, machine)
    assert cost.cycles == (16, cycles - 16)
    # Waiting ports are not busy.
    assert cost.busy == EXACT.evaluate(kernel, tiling, late(machine, 0, release)).busy
    first, least = latency + 2, EXACT.least_cycles(kernel, machine)
    account = {part.name: part.cycles for part in EXACT.account(kernel, tiling, machine).parts}
    assert account["first load"] == first
    assert least - EXACT.least_cycles(kernel, late(machine, 0)) == latency


def added(index: str, into: str) -> VectorProgram:
    """y += x over c and w, one operand along each or both."""
    bounds = {"c": 2, "w": 4}

    def operand(name: str, loops: str) -> Operand:
        return Operand(name, 8, tuple([bounds[loop] for loop in loops]), tuple([affine(loop) for loop in loops]))

    x, y = operand("x", index), operand("y", into)
    block = CodeBlock(("c", "w"), (Instruction("add", "y", ("y", "x")),))
    nest = LoopNest((Loop("c", 2), Loop("w", 4)), (x,), (y,), (block,), (), (("y", 0.0),))
    return VectorProgram("sum", (nest,), "c", LoopRoles(("c",), (), ()))


@pytest.mark.parametrize(
    ("index", "into", "order", "waits"),
    [
        # 2 x 2 tiles, each with another x.
        ("cw", "cw", "c w", 4),
        # x stays while w steps.
        ("c", "cw", "c w", 2),
        ("c", "cw", "w c", 4),
        # Order w, c: x for the first tile, nothing for the second; x and a sum that was begun, and the other sum.
        ("w", "c", "w c", 3),
    ],
)
def test_tiles_of_lanes_that_load_wait_once(index: str, into: str, order: str, waits: int) -> None:
    machine, tiling = evolve(small_machine(), simd=evolve(small_machine().simd, lanes=1)), schedule(order, c=1, w=2)
    program = added(index, into)
    plain, cost = (EXACT.evaluate(program, tiling, late(machine, cycles)) for cycles in (0, 7))
    assert cost == simulate(program, tiling, late(machine, 7))
    assert cost.cycles.total - plain.cycles.total == 7 * waits
    assert cost._replace(cycles=plain.cycles) == plain
    parts = {part.name: part.cycles for part in EXACT.account(program, tiling, late(machine, 7)).parts}
    assert parts["latency of DRAM"] == 7 * waits
    assert EXACT.least_cycles(program, late(machine, 7)) == EXACT.least_cycles(program, machine) + 7


def test_lanes_of_attention_wait_for_what_they_load() -> None:
    """Latencies of 10^6 cycles, which nothing hides: also one for each tile whose mask is loaded."""
    random, seen = Random(3), 0
    for _ in range(30):
        kernel, tiling, drawn = random_case(random)
        if not kernel.row.inputs:
            continue
        cost = EXACT.evaluate(kernel, tiling, late(drawn, 10**6))
        assert cost == simulate(kernel, tiling, late(drawn, 10**6))
        parts = {part.name: part.cycles for part in EXACT.account(kernel, tiling, late(drawn, 10**6)).parts}
        seen += parts.get("latency of DRAM", 0) >= 10**6
    assert seen > 5


def test_bounds_by_hand() -> None:
    assert after_load(20, 30, 5, max) == 35
    assert after_load(40, 30, 5, max) == 45
    assert after_load(20, 30, 0, max) == 20
    x = Operand("x", 8, (4, 4), (affine("c"), affine("w")))
    mean = Operand("mean", 8, (4,), (affine("c"),))
    assert least_waiting((mean, x), {"c": 2, "w": 3}, max) == 6
    assert least_waiting((mean,), {"c": 2, "w": 3}, max) == 2
    assert least_waiting((), {"c": 2}, max) == 0


def test_many_machines_at_once() -> None:
    rates = {
        "systolic.bandwidths.psum_bits_per_cycle": np.array([3, 16, 40]),
        "simd.bandwidth_bits_per_cycle": np.array([2, 5, 9]),
    }
    for kernel, tiling, drawn in random_cases(6, 40):
        cost = EXACT.price_rates(
            kernel, tiling, machines_like(late(drawn, 9), {path: int(max(each)) for path, each in rates.items()}), rates
        )
        own = [
            EXACT.evaluate(
                kernel, tiling, machines_like(late(drawn, 9), dict(zip(rates, values, strict=True)))
            ).cycles.total
            for values in zip(*(each.tolist() for each in rates.values()), strict=True)
        ]
        assert np.broadcast_to(cost.cycles.total, 3).tolist() == own


def test_other_models_refuse_it() -> None:
    machine = simdc.load_hardware("HI3", ["dram.latency_cycles=100"])
    with pytest.raises(simdc.SimdcError, match=r"'simdit' does not know dram\.latency_cycles; HI3"):
        simdc.evaluate(simdc.load("lenet5"), machine, model="simdit")


def test_a_latency_changes_no_channel() -> None:
    assert Dram(latency_cycles=5).is_usual
    assert not Dram(latency_cycles=5, psum_duplex="full").is_usual
    assert not Dram(latency_cycles=5).counts_runs
