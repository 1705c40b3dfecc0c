"""Another machine's rule: one channel of DRAM for all ports."""

from __future__ import annotations

from random import Random

from attrs import evolve

from simdc.backends.simulate import simulate
from simdc.cost import Contraction, ExactModel, Loop, Operand, Tiling, affine
from simdc.cost.rule import GENESYS
from tests.backends.simulate.tiny import tiny_machine
from tests.oracles.random_cases import random_cases

CHANNEL = evolve(GENESYS, array_streams=tuple(row._replace(port="psum_port") for row in GENESYS.array_streams))


class OneChannel(ExactModel):
    name = "one-channel"
    rule = CHANNEL


def test_with_a_pencil() -> None:
    """The example of docs/architecture.md with 16 bits a cycle for all: weight 2, ifmap 2, a result 8 cycles a tile."""
    oc, ic, oh = affine("oc"), affine("ic"), affine("oh")
    kernel = Contraction(
        kind="conv2d",
        loops=(Loop("oc", 2), Loop("ic", 4), Loop("oh", 4)),
        ifmap=Operand("ifmap", 8, (4, 4), (ic, oh)),
        weight=Operand("weight", 8, (2, 4), (oc, ic)),
        psum=Operand("psum", 32, (2, 4), (oc, oh)),
        ofmap_bits=32,
    )
    machine = evolve(tiny_machine(stores_padding=True, psum_port=16))
    machine = evolve(
        machine, systolic=evolve(machine.systolic, buffers=evolve(machine.systolic.buffers, psum_bits=256))
    )
    cost = OneChannel().evaluate(kernel, Tiling(("oc", "ic", "oh"), (2, 2, 2)), machine)
    # First loads; (0, 0) beside an ifmap; a load of both, a psum in, one out; an ifmap, psum in and out; two stores.
    assert cost.cycles.total == (2 + 2) + 4 + (2 + 2 + 8 + 8) + (2 + 8 + 8) + 8 + 8
    assert (cost.busy.weight_port, cost.busy.ifmap_port) == (0, 0)
    assert cost.busy.psum_port == 2 * 2 + 4 * 2 + 6 * 8


def test_agrees_with_the_simulator_and_its_bound_holds() -> None:
    model, seen = OneChannel(), 0
    for kernel, tiling, machine in random_cases(Random(11).getrandbits(32), 150):
        cost = model.evaluate(kernel, tiling, machine)
        assert cost == simulate(kernel, tiling, machine, CHANNEL)
        seen += cost != ExactModel().evaluate(kernel, tiling, machine)
    assert seen > 30
