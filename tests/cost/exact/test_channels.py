"""Channels of DRAM that streams share in any way, half or full duplex: by hand, simulated, and as bounds."""

from __future__ import annotations

from random import Random

import pytest

import simdc
from simdc.backends.simulate import simulate
from simdc.cost import ExactModel, TilingError
from simdc.cost.channels import by_channel, on_channels
from simdc.cost.dram import Dram
from simdc.cost.rule import GENESYS
from simdc.frozen import evolve
from tests.backends.simulate.tiny import tiny_machine
from tests.cost.exact.option_checks import check_arrays, check_bounds, check_search
from tests.cost.exact.test_buffer_release import RELEASES
from tests.cost.exact.test_rule import keeps_laws
from tests.cost.machines import pencil_layer
from tests.oracles import best_schedules
from tests.oracles.channels import STREAMS, random_channels, with_channels
from tests.oracles.random_cases import random_cases
from tests.oracles.random_fused import random_case
from tests.oracles.random_layers import Case
from tests.oracles.rungs import check_rungs

EXACT = ExactModel()
ONE = Dram(**{f"{stream}_channel": "psum" for stream in STREAMS})


@pytest.mark.parametrize(("duplex", "cycles"), [("half", 62), ("full", 56)])
def test_with_a_pencil(duplex: str, cycles: int) -> None:
    """The example of docs/architecture.md over one channel of 16 bits a cycle: weight 2, ifmap 2, a result 8 cycles a
    tile. Half duplex: 2 + 2 at first; 4 beside an ifmap; out 8, in 2 + 2 + 8; out 8, in 2 + 8; out 8; out 8: 62.
    Full duplex: psums come in after what goes out, all else meanwhile: 4, 4, 8 + 8, 8 + 8, 8, 8: 56."""
    kernel, tiling = pencil_layer()
    machine = tiny_machine(stores_padding=True, weight_port=3, ifmap_port=5, psum_port=16, simd_port=7)
    machine = with_channels(machine, evolve(ONE, psum_duplex=duplex))
    buffers = evolve(machine.systolic.buffers, psum_bits=256)
    machine = evolve(machine, systolic=evolve(machine.systolic, buffers=buffers))
    cost = EXACT.evaluate(kernel, tiling, machine)
    assert cost == simulate(kernel, tiling, machine)
    assert cost.cycles == (16, cycles - 16)
    # In 2 * 2 of weights, 4 * 2 of ifmap and 2 * 8 of psums, out 4 * 8.
    assert cost.busy == (16, 0, 0, 28 + 32 if duplex == "half" else 32, 0)


def test_agrees_with_the_simulator_and_keeps_its_laws_and_bounds() -> None:
    random, seen, tight, lawful = Random(12), 0, 0, 0
    for kernel, tiling, drawn in random_cases(Random(31).getrandbits(32), 250):
        machine = with_channels(drawn, random_channels(random), random.choice(RELEASES))
        cost, own_ports = EXACT.evaluate(kernel, tiling, machine), EXACT.evaluate(kernel, tiling, drawn)
        assert cost == simulate(kernel, tiling, machine)
        assert (cost.dram_bits, cost.sram_bits, cost.ops) == (own_ports.dram_bits, own_ports.sram_bits, own_ports.ops)
        seen += cost != own_ports
        if keeps_laws(own_ports, kernel, drawn):
            EXACT.guard(kernel)(cost, machine)
            lawful += 1
        tight += check_bounds(random, Case(kernel, tiling, machine), cost)
    assert min(seen, tight, lawful) > 25


def test_no_rung_is_cheaper_than_its_bound() -> None:
    random = Random(13)
    layers = best_schedules.random_layers(18, 30)
    shared = (
        (kernel, with_channels(drawn, random_channels(random), random.choice(RELEASES))) for kernel, drawn in layers
    )
    check_rungs(shared, 150)


def test_the_search_finds_the_best_schedule_of_all() -> None:
    random = Random(16)
    check_search(
        (kernel, with_channels(drawn, random_channels(random))) for kernel, drawn in best_schedules.random_layers(19, 4)
    )


def test_arrays_of_tilings() -> None:
    random = Random(8)
    cases = [
        case._replace(machine=with_channels(case.machine, random_channels(random))) for case in random_cases(10, 40)
    ]
    assert check_arrays(random, cases) > 40


def test_a_machine_that_says_nothing_has_the_rule_as_it_is() -> None:
    machine = simdc.load_hardware("HI3")
    assert on_channels(GENESYS, machine) is GENESYS
    moved = on_channels(GENESYS, with_channels(machine, ONE))
    assert {row.port for row in (*moved.array_streams, *moved.vector_streams)} == {"psum_port"}
    assert on_channels(moved, with_channels(machine, ONE)) is moved
    assert by_channel({"psum_port": 20, "psum_port stores": 30, "ifmap_port": 7}) == {"psum_port": 30, "ifmap_port": 7}


def test_lanes_that_share_a_channel_keep_attention_off_the_chip() -> None:
    kernel, tiling, machine = random_case(Random(3))
    apart = with_channels(machine, Dram(weight_channel="psum", bias_channel="psum"))
    assert EXACT.evaluate(kernel, tiling, apart) == simulate(kernel, tiling, apart)
    with pytest.raises(TilingError, match=r"needs a DRAM channel for the lanes .*\(dram.simd_channel\)"):
        EXACT.evaluate(kernel, tiling, with_channels(machine, ONE))


@pytest.mark.parametrize("model", ["simdit", "roofline"])
def test_models_of_ports_refuse_them(model: str) -> None:
    machine = simdc.load_hardware("HI3", ["dram.psum_duplex=full"])
    with pytest.raises(simdc.SimdcError, match=f"'{model}' does not know dram.psum_duplex; HI3"):
        simdc.evaluate(simdc.load("lenet5"), machine, model=model)
