"""Another machine's rule: one channel of DRAM for all ports, of a width that is a field of its own."""

from __future__ import annotations

from random import Random

import pytest

from simdc.backends.simulate import simulate
from simdc.cost import (
    Contraction,
    Cost,
    ExactModel,
    Extensions,
    Hardware,
    Kernel,
    Loop,
    Operand,
    Tiling,
    affine,
)
from simdc.cost.extensions import Section
from simdc.cost.guards import InvariantError
from simdc.cost.rule import GENESYS
from simdc.frozen import evolve
from tests.backends.simulate.tiny import tiny_machine
from tests.cost.machines import pencil_layer
from tests.cost.search.test_bounds import bound, numbers
from tests.oracles import best_schedules
from tests.oracles.random_cases import random_cases
from tests.oracles.rungs import check_rungs

PATH = "extensions.one.dram_bits_per_cycle"
CHANNEL = evolve(
    GENESYS,
    ports={"psum_port": PATH, "simd_port": PATH},
    array_streams=tuple(row._replace(port="psum_port") for row in GENESYS.array_streams),
)


class OneChannel(ExactModel):
    name = "one"
    rule = CHANNEL


def with_channel(machine: Hardware, bits_per_cycle: int) -> Hardware:
    section = Section((("dram_bits_per_cycle", bits_per_cycle),))
    return evolve(machine, extensions=Extensions((("one", section),)))


def test_with_a_pencil() -> None:
    """The example of docs/architecture.md with 16 bits a cycle for all: weight 2, ifmap 2, a result 8 cycles a tile.
    Ports of their own would have 3 and 5 bits a cycle, which nobody asks for."""
    kernel, tiling = pencil_layer()
    machine = with_channel(tiny_machine(stores_padding=True, weight_port=3, psum_port=5, simd_port=5), 16)
    machine = evolve(
        machine, systolic=evolve(machine.systolic, buffers=evolve(machine.systolic.buffers, psum_bits=256))
    )
    cost = OneChannel().evaluate(kernel, tiling, machine)
    # First loads; (0, 0) beside an ifmap; a load of both, a psum in, one out; an ifmap, psum in and out; two stores.
    assert cost.cycles.total == (2 + 2) + 4 + (2 + 2 + 8 + 8) + (2 + 8 + 8) + 8 + 8
    assert (cost.busy.weight_port, cost.busy.ifmap_port) == (0, 0)
    assert cost.busy.psum_port == 2 * 2 + 4 * 2 + 6 * 8

    OneChannel().guard(kernel)(cost, machine)


def test_with_a_pencil_at_another_width() -> None:
    """A 1x1 layer of one tile: 2 x 2 weights of 8 bits, 2 x 3 ifmap of 8, 2 x 3 results of 32, over 32 bits a cycle:
    1 + 2 cycles to load, one after the other, 3 steps and 2 of fill, 6 to store."""
    oc, ic, oh = affine("oc"), affine("ic"), affine("oh")
    kernel = Contraction(
        kind="conv2d",
        loops=(Loop("oc", 2), Loop("ic", 2), Loop("oh", 3)),
        ifmap=Operand("ifmap", 8, (2, 3), (ic, oh)),
        weight=Operand("weight", 8, (2, 2), (oc, ic)),
        psum=Operand("psum", 32, (2, 3), (oc, oh)),
        ofmap_bits=32,
    )
    machine = with_channel(tiny_machine(stores_padding=True), 32)
    machine = evolve(
        machine,
        systolic=evolve(machine.systolic, buffers=evolve(machine.systolic.buffers, ifmap_bits=96, psum_bits=384)),
    )
    cost = OneChannel().evaluate(kernel, Tiling(("oc", "ic", "oh"), (2, 2, 3)), machine)
    assert (cost.cycles.compute, cost.cycles.total) == (3 + 2, (1 + 2) + 5 + 6)
    assert cost.busy.psum_port == 1 + 2 + 6


def test_agrees_with_the_simulator_and_keeps_its_laws_and_bounds() -> None:
    model, random, seen, tight, lawful = OneChannel(), Random(12), 0, 0, 0
    for kernel, tiling, drawn in random_cases(Random(11).getrandbits(32), 300):
        machine = with_channel(drawn, random.choice((1, 3, 8, 17, 32, 64, 100, 512, 4096)))
        cost = model.evaluate(kernel, tiling, machine)
        assert cost == simulate(kernel, tiling, machine, CHANNEL)
        own_ports = ExactModel().evaluate(kernel, tiling, machine)
        seen += cost != own_ports
        # Some drawn kernels say more MACs than their loops make.
        if keeps_laws(own_ports, kernel, machine):
            model.guard(kernel)(cost, machine)
            lawful += 1
        own = numbers(cost)
        for loops in (tiling.order, [loop for loop in tiling.order if random.random() < 0.6]):
            least = numbers(bound(kernel, tiling, machine, loops, CHANNEL))
            assert all(least[name] <= own[name] for name in least), (kernel, tiling, machine, loops)
            tight += least["total"] == own["total"]
    assert min(seen, tight, lawful) > 30


def keeps_laws(cost: Cost, kernel: Kernel, machine: Hardware) -> bool:
    try:
        ExactModel().guard(kernel)(cost, machine)
    except InvariantError:
        return False
    return True


def test_no_rung_is_cheaper_than_its_bound() -> None:
    random = Random(13)
    layers = best_schedules.random_layers(14, 60)
    widths = ((kernel, with_channel(drawn, random.choice((1, 3, 8, 17, 32, 64, 100, 512)))) for kernel, drawn in layers)
    check_rungs(widths, 300, OneChannel())


def test_the_search_finds_the_best_schedule_of_all() -> None:
    random, found = Random(15), 0
    for kernel, drawn in best_schedules.random_layers(16, len(best_schedules.KINDS)):
        machine = with_channel(drawn, random.choice((1, 3, 8, 17, 32, 64)))
        least = best_schedules.least_of_all(kernel, machine, OneChannel())
        assert best_schedules.complaint(kernel, machine, least, OneChannel()) is None
        found += least != best_schedules.least_of_all(kernel, machine)
    assert found > 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"array_streams": CHANNEL.array_streams[1:]}, "has 0 streams for weight new, not one"),
        ({"vector_streams": CHANNEL.vector_streams * 2}, "has 2 streams for input new, not one"),
        ({"ports": {"simd_port": PATH}}, "says no bandwidth of the port 'psum_port'"),
        ({"buffers": CHANNEL.buffers[:3]}, "needs a buffer for each operand"),
    ],
)
def test_a_rule_that_lacks_something_cannot_be_made(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evolve(CHANNEL, **change)


def test_another_rule_is_not_taken_apart_by_fields() -> None:
    assert ExactModel.separable
    assert (OneChannel.separable, OneChannel.searchable, OneChannel.verifiable) == (False, True, True)


def test_streams_have_the_numbers_of_their_ports() -> None:
    """Of a rule that has answered nothing yet. On one channel every port is number 0."""
    separate, shared = evolve(GENESYS), evolve(CHANNEL)
    assert [row[:4] for row in separate.read_rows] == [
        ("weight", "new", "weight_port", 0),
        ("ifmap", "new", "ifmap_port", 1),
        ("bias", "new", "weight_port", 0),
    ]
    assert {row[2:4] for row in separate.result_rows} == {("psum_port", 2)}
    assert [row[:2] for row in shared.result_rows] == [("psum", "resumed"), ("psum", "partial"), ("psum", "complete")]
    assert {row[3] for row in (*shared.read_rows, *shared.result_rows)} == {0}
