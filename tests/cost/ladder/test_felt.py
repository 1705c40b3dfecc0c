"""Contractions that an array does not tell apart share a rung of their ladder; all others have their own."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from simdc.cost import Contraction, ExactModel, Hardware, Loop, Operand, Tiling, affine
from simdc.cost.ladder import array
from simdc.cost.ladder.array import ArrayRungs
from simdc.cost.rule import GENESYS
from simdc.cost.spread import spread_of
from simdc.frozen import evolve
from tests.cost.machines import small_machine
from tests.oracles.random_layers import random_contraction
from tests.oracles.tight_machines import tight_machine


def product(keys: int, columns: str = "oc", bits: int = 8, first: int = 0) -> Contraction:
    """3 queries times `keys` of 5 numbers, stored behind `first` others."""
    n, ic, oc = affine("n"), affine("ic"), affine(columns)
    return Contraction(
        "matmul",
        (Loop(columns, keys), Loop("ic", 5), Loop("n", 3)),
        Operand("ifmap", 8, (3, 5), (n, ic)),
        Operand("weight", bits, (keys + first, 5), (affine(columns, constant=first), ic)),
        Operand("psum", 32, (3, keys), (n, oc)),
        8,
        columns=columns,
    )


def chosen(kernel: Contraction, machine: Hardware) -> tuple[Tiling | None, int]:
    """The rung, and how many were climbed to so far."""
    return ArrayRungs(kernel, machine, GENESYS).cheapest(), len(array._CHOSEN)


def test_keys_that_are_stored_alike_are_climbed_to_once() -> None:
    """On an array of 2 columns 7 and 8 keys are stored as 8, 9 as 10."""
    array._CHOSEN.clear()
    machine = small_machine(stores_padding=True)
    assert spread_of(product(7), machine.systolic).padded["oc"] == 2
    assert chosen(product(7), machine) == (chosen(product(8), machine)[0], 1)
    assert chosen(product(8, first=3), machine)[1] == 1
    assert chosen(product(9), machine)[1] == 2


def test_what_the_array_feels_is_climbed_to_anew() -> None:
    array._CHOSEN.clear()
    machine = small_machine(stores_padding=True)
    wider = evolve(machine, systolic=evolve(machine.systolic, columns=4))
    asked = [
        (product(8), machine),
        (product(8, bits=4), machine),
        (product(8, columns="keys"), machine),
        (product(8), wider),
        (product(8)._replace(ofmap_bits=16), machine),
        (product(8)._replace(rows="n"), machine),
    ]
    assert [chosen(*each)[1] for each in asked] == [1, 2, 3, 4, 5, 6]


def test_each_port_is_felt() -> None:
    array._CHOSEN.clear()
    machine = small_machine(stores_padding=True)
    ports = machine.systolic.bandwidths
    for place, name in enumerate(("weight", "ifmap", "psum")):
        field = f"{name}_bits_per_cycle"
        other = evolve(ports, **{field: getattr(ports, field) + 1})
        assert chosen(product(8), evolve(machine, systolic=evolve(machine.systolic, bandwidths=other)))[1] == place + 1


def test_other_rules_and_machines_that_clip_are_asked_each_time() -> None:
    array._CHOSEN.clear()
    assert chosen(product(7), small_machine())[1] == 0
    ArrayRungs(product(7), small_machine(stores_padding=True), evolve(GENESYS)).cheapest()
    assert array._CHOSEN == {}


def test_what_is_known_is_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array, "MOST_CHOSEN", 2)
    array._CHOSEN.clear()
    assert [chosen(product(keys), small_machine(stores_padding=True))[1] for keys in (2, 4, 6, 8)] == [1, 2, 1, 2]


def alike(random: Random, kernel: Contraction, machine: Hardware) -> Iterator[Contraction]:
    """With other channels that fill as many rows and columns."""
    widths = spread_of(kernel, machine.systolic).padded
    for _ in range(3):
        bounds = {
            loop: -(-bound // widths[loop]) * widths[loop] - random.randrange(widths[loop]) if loop in widths else bound
            for loop, bound in kernel.loops
        }
        yield kernel._replace(loops=tuple(Loop(loop, bound) for loop, bound in bounds.items()), macs=None)


@pytest.mark.parametrize("seed", range(4))
def test_the_shared_rung_is_each_ones_own(seed: int) -> None:
    """And it costs each as much, but for the products that the mathematics needs."""
    random, model, shared = Random(seed), ExactModel(), 0
    array._CHOSEN.clear()
    for _ in range(6):
        kernel = random_contraction(random)
        machine = evolve(tight_machine(random, kernel), stores_padding=True)
        for other in (kernel, *alike(random, kernel, machine)):
            before = len(array._CHOSEN)
            rungs = ArrayRungs(other, machine, GENESYS)
            found = rungs.cheapest()
            assert found == rungs.climbed()
            shared += len(array._CHOSEN) == before
            if found is not None:
                costs = [model.evaluate(each, found, machine)._replace(ops=()) for each in (kernel, other)]
                assert costs[0] == costs[1]
    assert shared > 5
