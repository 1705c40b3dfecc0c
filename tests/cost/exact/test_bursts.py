"""DRAM that moves whole bursts and takes cycles for each contiguous run: by hand, simulated, and as bounds."""

from __future__ import annotations

from random import Random

import pytest

import simdc
from simdc.backends.simulate import simulate
from simdc.backends.simulate.footprint import contiguous_runs
from simdc.backends.simulate.walk import Tile
from simdc.cost import ExactModel, Operand, affine
from simdc.cost.axis import ONE
from simdc.cost.bursts import runs
from simdc.cost.dram import Dram
from simdc.frozen import evolve
from tests.backends.simulate.tiny import tiny_machine
from tests.cost.exact.option_checks import check_arrays, check_bounds, check_search
from tests.cost.exact.test_buffer_release import RELEASES
from tests.cost.exact.test_rule import keeps_laws
from tests.cost.machines import pencil_layer
from tests.oracles import best_schedules
from tests.oracles.bursts import random_bursts
from tests.oracles.channels import random_channels, with_channels
from tests.oracles.random_cases import random_cases
from tests.oracles.random_fused import random_case
from tests.oracles.random_layers import Case
from tests.oracles.rungs import check_rungs

EXACT = ExactModel()


@pytest.mark.parametrize(("burst", "wait", "cycles"), [(1, 0, 54), (1, 1, 68), (32, 0, 56), (32, 1, 72), (96, 0, 96)])
def test_with_a_pencil(burst: int, wait: int, cycles: int) -> None:
    """The example of docs/architecture.md over ports of 16 bits a cycle. Tiles of weights and ifmap are 2 runs of 16
    bits, of the result 2 of 64: 2, 2 and 8 cycles; in bursts of 32 bits 4, 4 and 8, of 96 12, 12 and 12; each wait
    adds 2. With 6, 6 and 10: 6 at first, 6 for an ifmap, 10 + 10, 10 + 10 and 10 beside tiles, 10 at the end: 72."""
    kernel, tiling = pencil_layer()
    machine = tiny_machine(stores_padding=True, weight_port=16, ifmap_port=16, psum_port=16, simd_port=7)
    machine = with_channels(machine, Dram(burst_bits=burst, request_cycles=wait))
    buffers = evolve(machine.systolic.buffers, psum_bits=256)
    machine = evolve(machine, systolic=evolve(machine.systolic, buffers=buffers))
    cost = EXACT.evaluate(kernel, tiling, machine)
    assert cost == simulate(kernel, tiling, machine)
    assert cost.cycles == (16, cycles - 16)
    # Bursts are time, and no bits that the layer moves.
    assert cost.dram_bits == EXACT.evaluate(kernel, tiling, with_channels(machine, Dram())).dram_bits


def test_runs_are_what_lies_in_one_piece() -> None:
    """[2, 4, 8] of [3, 6, 8]: 2 runs of 32; of [3, 4, 8] all is one; of [2, 4, 9] 8 rows of 8."""
    for extents, expected in (((3, 6, 8), (32, 2)), ((3, 4, 8), (64, 1)), ((2, 4, 9), (8, 8)), ((2, 4, 8), (64, 1))):
        assert runs((2, 4, 8), extents, ONE) == expected
        operand = Operand("x", 8, extents, (affine("n"), affine("h"), affine("w")))
        box = Tile({}, {"n": range(2), "h": range(4), "w": range(8)}, {})
        found = list(contiguous_runs(operand, box, {"n": 2, "h": 4, "w": 8}, stores_padding=False))
        assert (found[0], len(found)) == expected
        assert set(found) == {found[0]}


def test_agrees_with_the_simulator_and_keeps_its_laws_and_bounds() -> None:
    random, seen, tight, lawful = Random(12), 0, 0, 0
    for kernel, tiling, drawn in random_cases(Random(77).getrandbits(32), 250):
        dram = random_bursts(random, random_channels(random) if random.random() < 0.5 else Dram())
        machine = with_channels(drawn, dram, random.choice(RELEASES))
        plain = with_channels(machine, evolve(dram, burst_bits=1, request_cycles=0), machine.systolic.buffer_release)
        cost, before = EXACT.evaluate(kernel, tiling, machine), EXACT.evaluate(kernel, tiling, plain)
        assert cost == simulate(kernel, tiling, machine)
        assert (cost.dram_bits, cost.sram_bits, cost.ops) == (before.dram_bits, before.sram_bits, before.ops)
        assert all(here >= there for here, there in zip(cost.busy, before.busy, strict=True))
        seen += cost != before
        if keeps_laws(before, kernel, drawn):
            EXACT.guard(kernel)(cost, machine)
            lawful += 1
        tight += check_bounds(random, Case(kernel, tiling, machine), cost)
    assert min(seen, tight, lawful) > 25


def test_no_rung_is_cheaper_than_its_bound() -> None:
    random = Random(13)
    layers = best_schedules.random_layers(18, 30)
    in_bursts = (
        (kernel, with_channels(drawn, random_bursts(random, random_channels(random)), random.choice(RELEASES)))
        for kernel, drawn in layers
    )
    check_rungs(in_bursts, 150)


def test_the_search_finds_the_best_schedule_of_all() -> None:
    random = Random(16)
    check_search(
        (kernel, with_channels(drawn, random_bursts(random, Dram())))
        for kernel, drawn in best_schedules.random_layers(19, 4)
    )


def test_arrays_of_tilings() -> None:
    random, cases = Random(8), list[Case]()
    for kernel, tiling, drawn in random_cases(10, 60):
        dram = random_bursts(random, Dram())
        if random.random() < 0.2:
            # Beyond int64: Python's integers in arrays.
            dram = evolve(dram, request_cycles=10**18)
        cases.append(Case(kernel, tiling, with_channels(drawn, dram)))
    assert check_arrays(random, cases) > 60


def test_products_on_chip() -> None:
    random, seen = Random(5), 0
    for _ in range(60):
        kernel, tiling, drawn = random_case(random)
        machine = with_channels(drawn, random_bursts(random, Dram()), random.choice(RELEASES))
        cost = EXACT.evaluate(kernel, tiling, machine)
        assert cost == simulate(kernel, tiling, machine)
        seen += cost != EXACT.evaluate(kernel, tiling, with_channels(drawn, Dram(), machine.systolic.buffer_release))
    assert seen > 25


@pytest.mark.parametrize("model", ["simdit", "roofline"])
def test_models_of_ports_refuse_them(model: str) -> None:
    machine = simdc.load_hardware("HI3", ["dram.burst_bits=512"])
    with pytest.raises(simdc.SimdcError, match=f"'{model}' does not know dram.burst_bits; HI3"):
        simdc.evaluate(simdc.load("lenet5"), machine, model=model)
