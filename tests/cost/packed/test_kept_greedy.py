"""Greedy tilings whose costs are kept by sizes: what they cost, and whether they fit, on machine after machine."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from simdc.api import load_hardware
from simdc.cost import ExactModel, Hardware, Tiling, TilingError, with_field
from simdc.cost.exact.flat import flat_contraction
from simdc.cost.flat import core, packed, tiles
from simdc.cost.forms import only
from simdc.cost.greedy import greedy_tiling
from simdc.cost.kernel import ArrayKernel, Contraction
from simdc.cost.packed import kept_greedy
from simdc.cost.packed.in_form import room_for
from simdc.cost.packed.kept_greedy import GreedyContractions, GreedyPrograms, Sizes, greedy_sizes
from simdc.cost.packed.kernels import packed_kernel
from simdc.cost.packed.machine import kind_of, machine_row
from simdc.cost.rule import GENESYS
from simdc.cost.workload import Workload
from simdc.frozen import evolve
from tests.cost.packed.kept import KeptAlone
from tests.oracles.random_layers import random_contraction, random_machine, random_tiling
from tests.oracles.random_programs import random_program
from tests.oracles.tight_machines import greedy_cases

MODEL = ExactModel()
FIELDS = {
    **{f"systolic.buffers.{operand}_bits": 14 for operand in ("weight", "ifmap", "psum", "bias")},
    **{f"systolic.bandwidths.{operand}_bits_per_cycle": 9 for operand in ("weight", "ifmap", "psum")},
    "simd.vmem_bits": 18,
    "simd.bandwidth_bits_per_cycle": 9,
    "systolic.tile_overhead_cycles": 3,
}
"""Fields, each up to so many bits long."""


def next_machine(random: Random, machine: Hardware) -> Hardware:
    for path, length in FIELDS.items():
        if random.random() < 0.4:
            machine = with_field(machine, path, random.randint(1, 1 << random.randint(length // 2, length)))
    return machine


def asked(kernels: list[ArrayKernel], machine: Hardware) -> list[tuple[Tiling | None, object]] | str:
    """One by one, of nobody who keeps anything."""
    try:
        tilings = [greedy_tiling(kernel, machine) for kernel in kernels]
        costs = [MODEL.evaluate(kernel, tiling, machine) for kernel, tiling in zip(kernels, tilings, strict=True)]
        return list(zip(tilings, costs, strict=True))
    except TilingError as error:
        return str(error)


@pytest.mark.parametrize("seed", range(4))
def test_greedy_tilings_cost_the_same_on_machine_after_machine(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "COMPILED", None)
    random, answers = Random(seed), {"kept": 0, "priced": 0, "refused": 0}
    for kind in (GreedyContractions, GreedyPrograms):

        def counted(self: object, *given: object, price: object = kind.price) -> bool:
            answers["kept"] += 1
            return price(self, *given)  # pyright: ignore

        monkeypatch.setattr(kind, "price", counted)
    kernels: list[ArrayKernel] = [random_contraction(random)._replace(macs=None) for _ in range(2)]
    kernels += [random_program(random) for _ in range(2)]
    workload = Workload([(name, only(kernel)) for name, kernel in zip("abcd", kernels, strict=True)])
    machine = evolve(random_machine(random), stores_padding=True)
    for _ in range(50):
        machine = next_machine(random, machine)
        found: list[tuple[Tiling | None, object]] | str
        try:
            found = [(layer.tiling, layer.cost) for layer in workload.price(MODEL, machine, MODEL.greedy)]
        except TilingError as error:
            found = str(error)
        assert found == asked(kernels, machine), (kernels, machine)
        answers["refused" if isinstance(found, str) else "priced"] += 1
    assert answers["kept"] > 40
    assert min(answers.values()) > 2, answers


@pytest.mark.parametrize("seed", range(3))
def test_tiles_are_the_same_wherever_memories_are_said_not_to_matter(seed: int) -> None:
    random, same, others = Random(seed), 0, 0
    for kernel, machine in greedy_cases(Random(seed), 400):
        kind = kind_of(evolve(machine, stores_padding=True))
        own = None if kind is None else packed_kernel(kernel, machine, kind)
        if own is None:
            continue
        loops = [0] * tiles.MOST_LOOPS
        work, row = [loops.copy(), loops.copy(), [0] * room_for(own)], machine_row(machine)
        sizes, (least, below) = greedy_sizes(own.plan, own.about, row, work)
        places = [packed.MEMORY_HOLDS] if own.is_program else [packed.BUFFERS_HOLD + operand for operand in range(4)]
        holds = [row[place] for place in places]
        assert all(one <= own < two for one, own, two in zip(least, holds, below, strict=False))
        for _ in range(6):
            other = row.copy()
            for place, one, two in zip(places, least, below, strict=False):
                other[place] = random.choice((one, two - 1, random.randrange(one, two)))
            assert greedy_sizes(own.plan, own.about, other, work) == (sizes, (least, below)), (kernel, row, other)
            same += 1
        for place, one, two in zip(places, least, below, strict=False):
            for bits in (one - 1, two):
                outside = row.copy()
                outside[place] = max(bits, 0)
                # Not all, as the same tile may be found on another way.
                others += greedy_sizes(own.plan, own.about, outside, work)[0] != sizes
    assert same > 1500
    assert others > 300


@pytest.mark.parametrize("draw", [random_contraction, random_program])
def test_tiles_that_a_memory_does_not_change_are_not_made_anew(
    draw: Callable[[Random], ArrayKernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "COMPILED", None)
    made: list[Sizes] = []

    def counted(*given: list[int]) -> object:
        found = greedy_sizes(*given)
        made.append(found[0])
        return found

    monkeypatch.setattr(kept_greedy, "greedy_sizes", counted)
    kernel = draw(Random(11))
    workload = Workload([("a", only(kernel._replace(macs=None) if isinstance(kernel, Contraction) else kernel))])
    for bits in range(2**25, 2**25 + 10):
        machine = load_hardware("HI1")
        for path in (*list(FIELDS)[:4], "simd.vmem_bits"):
            machine = with_field(machine, path, bits)
        workload.price(MODEL, machine, MODEL.greedy)
    assert len(made) == 1


def test_a_schedule_fits_where_exact_takes_it() -> None:
    random, fitting = Random(5), {True: 0, False: 0}
    while min(fitting.values()) < 60:
        kernel: Contraction = random_contraction(random)._replace(macs=None)
        machine = random_machine(random, stores_padding=True)
        if flat_contraction(kernel, machine, GENESYS) is None:
            continue
        tiling = random_tiling(random, kernel, 500)
        kept = KeptAlone(kernel, tiling, machine)
        for _ in range(4):
            machine = next_machine(random, machine)
            try:
                MODEL.evaluate(kernel, tiling, machine)
                fits = True
            except TilingError:
                fits = False
            assert (kept.priced(machine) is not None) == fits, (kernel, tiling, machine)
            fitting[fits] += 1
