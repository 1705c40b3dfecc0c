"""What is remembered is what would be worked out: of machines that differ in anything that matters, nothing."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from simdc.cost import Cost, ExactModel, Hardware, Tiling, TilingError, with_field
from simdc.cost.exact.known import Asked, is_remembered
from simdc.cost.kernel import Chain, Contraction, Kernel
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.structure import described
from simdc.frozen import evolve
from tests.cost.machines import pencil_layer, row_convolution, small_machine
from tests.oracles.random_layers import random_tiling
from tests.oracles.tight_machines import greedy_cases


class Forgetful(ExactModel):
    """Its rule is a copy, so nothing of it is remembered."""

    rule = evolve(GENESYS)


def changed(random: Random, machine: Hardware) -> Iterator[Hardware]:
    """With one field after the other changed, and back again."""
    paths = [
        path
        for path, _ in described(Hardware)
        if path.partition(".")[0] in ("systolic", "simd", "stores_padding", "dram")
    ]
    for path in random.sample(paths, 8):
        metadata = dict(described(Hardware))[path]
        value: object = random.choice(metadata["words"]) if "words" in metadata else random.randint(1, 40)
        if path == "stores_padding":
            value = not machine.stores_padding
        yield with_field(machine, path, value)
        yield machine


def answers(model: ExactModel, kernel: Kernel, machine: Hardware, tiling: Tiling) -> list[Tiling | Cost | str]:
    found: list[Tiling | Cost | str] = []
    for ask in (
        lambda: model.greedy(kernel, machine),
        lambda: model.default(kernel, machine),
        lambda: model.evaluate(kernel, tiling, machine),
    ):
        try:
            found.append(ask())
        except TilingError as error:
            found.append(str(error))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_a_field_that_matters_is_asked_anew(seed: int) -> None:
    random = Random(seed)
    for kernel, machine in greedy_cases(random, 5):
        tiling = random_tiling(random, kernel, 30)
        for other in changed(random, machine):
            assert answers(ExactModel(), kernel, other, tiling) == answers(Forgetful(), kernel, other, tiling)


def test_what_matters() -> None:
    kernel, machine = row_convolution(ic=4, oc=4, ow=4), small_machine()

    def same(path: str, value: object, base: Hardware = machine) -> bool:
        return Asked(kernel, base) == Asked(kernel, with_field(base, path, value))

    assert same("simd.lanes", 64)
    assert same("simd.bandwidth_bits_per_cycle", 64)
    assert same("clock_ns", 7.0)
    assert not same("systolic.rows", 64)
    assert not same("dram.request_cycles", 3)
    assert not same("stores_padding", True)
    shared = with_field(machine, "dram.weight_channel", "simd")
    assert not same("simd.bandwidth_bits_per_cycle", 64, shared)
    assert Asked(kernel, machine, Tiling(("a",), (1,))) != Asked(kernel, machine)
    assert Asked(kernel, machine) != kernel
    assert hash(Asked(kernel, machine)) == hash(Asked(kernel, with_field(machine, "simd.lanes", 64)))


def test_of_what_is_remembered() -> None:
    kernel, _ = pencil_layer()
    other: MachineRule = evolve(GENESYS)
    assert isinstance(kernel, Contraction)
    assert is_remembered(kernel, GENESYS)
    assert not is_remembered(kernel, other)
    assert not is_remembered(Chain((kernel,)), GENESYS)


def test_an_odd_size_is_not_taken_for_a_known_one() -> None:
    kernel, tiling = pencil_layer()
    tiling = tiling._replace(sizes=(1,) * len(tiling.sizes))
    ExactModel().evaluate(kernel, tiling, small_machine())
    ones = Tiling(tiling.order, (True,) * len(tiling.sizes))
    with pytest.raises(TilingError, match="whole number"):
        ExactModel().evaluate(kernel, ones, small_machine())
    # Whoever gives lists is answered all the same.
    lists = Tiling(list(tiling.order), list(tiling.sizes))  # pyright: ignore
    assert ExactModel().evaluate(kernel, lists, small_machine()) == ExactModel().evaluate(
        kernel, tiling, small_machine()
    )
