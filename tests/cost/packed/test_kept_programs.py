"""What is kept of vector programs where there is no compiler: rungs as `exact` prices them on other ports, tiles as the
core counts them, and the same rung of each ladder as without anything kept."""

from __future__ import annotations

from random import Random

import pytest

from simdc.cost import ExactModel, Hardware, Tiling, TilingError, with_field
from simdc.cost.flat import core, lane_ladder, lane_rungs, lanes, packed, tiles
from simdc.cost.forms import only
from simdc.cost.kernel import VectorProgram
from simdc.cost.ladder import ladder_tiling
from simdc.cost.packed.kept_programs import (
    KeptProgram,
    KeptPrograms,
    KeptRung,
    _tiles,  # pyright: ignore[reportPrivateUsage]
    can_keep,
    kept_rung,
)
from simdc.cost.packed.kernels import PackedKernel, packed_kernel
from simdc.cost.packed.machine import kind_of, machine_row
from simdc.cost.workload import Workload
from simdc.frozen import evolve
from tests.oracles.random_layers import random_machine, random_tiling
from tests.oracles.random_programs import random_program

MODEL = ExactModel()


def on_lanes(random: Random, machine: Hardware) -> Hardware:
    """Now and then a machine whose programs are not kept."""
    issue = random.choice(("interleaved", "interleaved", "fission"))
    simd = evolve(machine.simd, issue=issue, double_buffered=random.random() < 0.1, lanes=random.randint(1, 9))
    return evolve(machine, simd=simd, stores_padding=True)


def packed_on(kernel: VectorProgram, machine: Hardware) -> PackedKernel | None:
    """With its plan on the machine. None where the core does not price it, or nothing of it is kept."""
    kind = kind_of(machine)
    found = None if kind is None else packed_kernel(kernel, machine, kind)
    if found is not None:
        packed.on_machine(found.plan, found.about, machine_row(machine))
    return found if found is not None and can_keep(found.plan) else None


def room(plan: list[int]) -> list[int]:
    return [0] * (tiles.TABLES + (plan[tiles.STREAMS] + 1 << tiles.MOST_CUT))


def test_tiles_of_some_bits_cross_a_port() -> None:
    """2 tiles of 100 bits and one of 40 take 2 * 7 + 3 cycles at 16 bits a cycle, 2 * 14 + 6 at 15/2."""
    kept = KeptRung([0] * lanes.PROGRAM_FOUND, {100: 2, 40: 1})
    assert kept.moving((16, 1)) == 17
    assert kept.moving((15, 2)) == 34


def test_what_is_kept_costs_what_exact_says() -> None:
    random, compared = Random(4), 0
    while compared < 150:
        kernel = random_program(random)
        machine = with_field(on_lanes(random, random_machine(random)), "simd.vmem_bits", 1 << 50)
        ready = packed_on(kernel, machine)
        if ready is None:
            continue
        order, sizes = random_tiling(random, kernel, 500)
        by_loop = dict(zip(order, sizes, strict=True))
        tiling = Tiling(ready.loops, tuple(by_loop[loop] for loop in ready.loops))
        kept = kept_rung(ready.plan, list(tiling.sizes), room(ready.plan))
        for _ in range(3):
            port = random.randint(1, 1 << random.randrange(10))
            machine = with_field(machine, "simd.bandwidth_bits_per_cycle", port)
            try:
                cost = MODEL.evaluate(kernel, tiling, machine)
            except TilingError:
                assert kept is None
                break
            assert kept is not None
            found = kept.on_port((port, 1))
            assert found[tiles.TOTAL] == cost.cycles.total, (kernel, tiling, machine)
            assert found[tiles.COMPUTE] == cost.cycles.compute
            assert found[lanes.PORT_CYCLES] == cost.busy.simd_port
            assert found[lanes.ALL_BITS] == cost.dram_bits.total
            compared += 1


def test_tiles_of_all_cuts_are_those_of_each() -> None:
    random, seen = Random(6), 0
    while seen < 30:
        kernel, machine = random_program(random), on_lanes(random, random_machine(random))
        ready = packed_on(kernel, machine)
        if ready is None:
            continue
        ladder = [0] * ready.ladder
        lane_ladder.fill_lanes(ready.plan, list(ready.cuts), ladder)
        still, moving = _tiles(ready.plan, ladder)
        assert len(still) == ladder[lane_ladder.PROGRAM_CUTS]
        for cut in range(len(still)):
            for along in (1, 3):
                count = lane_ladder.tiles_of_cut(ladder, ready.plan, cut, along)
                assert still[cut] + along * moving[cut] == count
        seen += 1


def test_what_a_rung_needs_decides_whether_it_fits() -> None:
    random, fitting = Random(9), {True: 0, False: 0}
    while min(fitting.values()) < 100:
        kernel, machine = random_program(random), on_lanes(random, random_machine(random))
        ready = packed_on(kernel, machine)
        if ready is None:
            continue
        kept, ladder = KeptProgram(ready, ready.plan), [0] * ready.ladder
        lane_ladder.fill_lanes(ready.plan, list(ready.cuts), ladder)
        steps, sizes = ladder[lane_ladder.LANE_STEPS], [0] * len(ready.loops)
        for _ in range(10):
            cut, step = random.randrange(ladder[lane_ladder.PROGRAM_CUTS]), random.randrange(steps)
            on = [0, 0, random.randint(1, 1 << random.randrange(4, 16))]
            fits = lane_rungs.fits_from(ladder, ready.plan, on, cut, step, sizes) == step
            needs = kept._needs_of(cut * steps + step)  # pyright: ignore[reportPrivateUsage]
            assert (needs.need_bits <= on[2]) == fits
            fitting[fits] += 1


@pytest.mark.parametrize("seed", range(4))
def test_the_same_rung_is_found_on_machine_after_machine(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "COMPILED", None)
    random, kept = Random(seed), 0
    price = KeptProgram.cheapest

    def counted(self: KeptProgram, *given: object) -> list[int] | None:
        nonlocal kept
        found = price(self, *given)  # pyright: ignore[reportArgumentType]
        kept += found is not None
        return found

    monkeypatch.setattr(KeptProgram, "cheapest", counted)
    kernels = [random_program(random) for _ in range(4)]
    workload = Workload([(name, only(kernel)) for name, kernel in zip("abcd", kernels, strict=True)])
    base, answered = evolve(random_machine(random), stores_padding=True), 0
    for _ in range(40):
        machine = with_field(base, "simd.bandwidth_bits_per_cycle", random.randint(1, 1 << random.randrange(10)))
        machine = with_field(machine, "simd.vmem_bits", random.randint(1, 1 << random.randrange(8, 24)))
        found: list[tuple[Tiling | None, object]] | str
        wanted: list[tuple[Tiling | None, object]] | str
        try:
            found = [(layer.tiling, layer.cost) for layer in workload.price(MODEL, machine)]
        except TilingError as error:
            found = str(error)
        try:
            tilings = [(kernel, ladder_tiling(kernel, machine)) for kernel in kernels]
            wanted = [(tiling, MODEL.evaluate(kernel, tiling, machine)) for kernel, tiling in tilings]
        except TilingError as error:
            wanted = str(error)
        assert found == wanted, (kernels, machine)
        answered += not isinstance(found, str)
    assert answered > 5
    assert kept > 40


def test_what_is_not_kept_is_the_cores() -> None:
    """Lanes that load beside other tiles hide what they move, and instructions that set loops up take longer."""
    random, refused = Random(2), 0
    for _ in range(60):
        kernel, machine = random_program(random), random_machine(random, stores_padding=True)
        doubled = evolve(machine, simd=evolve(machine.simd, double_buffered=True))
        kind = kind_of(doubled)
        ready = None if kind is None else packed_kernel(kernel, doubled, kind)
        if ready is None:
            continue
        row = machine_row(doubled)
        packed.on_machine(ready.plan, ready.about, row)
        assert not can_keep(ready.plan)
        rows = [list(ready.about), ready.plan, [0] * 3, [0] * ready.ladder, list(ready.cuts), [0]]
        assert [kept for *_, kept in KeptPrograms([ready], rows, row, 0)._programs] == [None]  # pyright: ignore
        refused += 1
    assert refused > 20
