"""What is kept of contractions where there is no compiler: schedules by hand and as `exact` prices them, bounds as the
core finds them one by one, and the same rung of each ladder as without anything kept."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from simdc.cost import ExactModel, Hardware, TilingError, with_field
from simdc.cost.exact.flat import flat_contraction
from simdc.cost.flat import core, tiles
from simdc.cost.flat import rungs as at
from simdc.cost.forms import only
from simdc.cost.kernel import Contraction, Loop
from simdc.cost.ladder import ladder_tiling
from simdc.cost.ladder.array import ArrayRungs
from simdc.cost.packed.kept import rates_of
from simdc.cost.packed.kept_climbs import KeptClimbs
from simdc.cost.packed.left_behind import LeftBehind
from simdc.cost.packed.machine import machine_row
from simdc.cost.packed.rung_arrays import ANY, Promise, RungArrays
from simdc.cost.rule import GENESYS
from simdc.cost.workload import Workload
from simdc.frozen import evolve
from tests.cost.machines import pencil_layer, small_machine, with_ports
from tests.cost.packed.kept import KeptAlone
from tests.oracles.random_layers import random_contraction, random_machine, random_tiling

MODEL = ExactModel()
PORTS = ("weight_bits_per_cycle", "ifmap_bits_per_cycle", "psum_bits_per_cycle")


def contraction(random: Random, largest: int = 1) -> Contraction:
    kernel = random_contraction(random)
    loops = (Loop(loop.name, loop.bound * random.randint(1, largest)) for loop in kernel.loops)
    return kernel._replace(loops=tuple(loops), macs=None)


def with_other_ports(random: Random, machine: Hardware) -> Hardware:
    for port in PORTS:
        machine = with_field(machine, f"systolic.bandwidths.{port}", random.randint(1, 1 << random.randrange(11)))
    return with_field(machine, "systolic.tile_overhead_cycles", random.randrange(4))


@pytest.mark.parametrize(
    ("ports", "lasts"),
    [
        # docs/architecture.md, "With a pencil".
        ((16, 16, 32), 2 + 4 + 8 + 8 + 4 + 4),
        # 128 bits of results take 2 cycles on a port of 64, and no load more than 4.
        ((16, 16, 64), 2 + 4 + 4 + 4 + 4 + 2),
        # 32 bits of weights take 7 cycles on a port of 5: at first, and beside the second tile.
        ((5, 16, 64), 7 + 4 + 7 + 4 + 4 + 2),
        # 32 bits of ifmap take 6 on a port of 6: at first, and beside the first three tiles.
        ((16, 6, 64), 6 + 6 + 6 + 6 + 4 + 2),
    ],
)
def test_the_pencil_on_other_ports(ports: tuple[int, int, int], lasts: int) -> None:
    kernel, tiling = pencil_layer()
    machine = evolve(small_machine(), stores_padding=True)
    kept = KeptAlone(kernel, tiling, machine)
    assert kept.schedule.cycles(rates_of(machine_row(with_ports(machine, ports, 16)))) == lasts


def test_what_is_kept_costs_what_exact_says() -> None:
    random, known = Random(3), 0
    while known < 60:
        kernel, machine = contraction(random), random_machine(random, stores_padding=True)
        flow = random.choice(("weight_stationary", "output_stationary", "input_stationary"))
        machine = with_field(machine, "systolic.dataflow", flow)
        if flat_contraction(kernel, machine, GENESYS) is None:
            continue
        known += 1
        tiling = random_tiling(random, kernel, 500)
        kept = KeptAlone(kernel, tiling, machine)
        for buffer in ("weight_bits", "ifmap_bits", "psum_bits", "bias_bits"):
            machine = with_field(machine, f"systolic.buffers.{buffer}", 1 << 50)
        for _ in range(3):
            machine = with_other_ports(random, machine)
            cost = MODEL.evaluate(kernel, tiling, machine)
            executed = dict(cost.ops)["mac_executed"]
            row = [*cost.cycles, *cost.dram_bits, *cost.sram_bits, executed, *cost.busy]
            assert kept.priced(machine) == row, (kernel, tiling, machine)
            assert kept.schedule.counts().dram_bits == cost.dram_bits.total


def one_by_one(ladder: list[int], on: list[int], cycles: int, bits: int) -> Iterator[Promise]:
    """Every rung of a ladder that may be as cheap."""
    for walk in range(ladder[at.WALKS]):
        row, found = at.WALK_ROWS + walk * at.WALK, [0]
        if (
            ladder[row + at.WEIGHT + at.WIDEST] > on[at.WEIGHTS_FIT]
            or ladder[row + at.BIAS + at.WIDEST] * on[at.BIAS_BITS] > on[at.BIAS_FITS]
        ):
            continue
        inside = ladder[row + at.IMAGE_INSIDE] and ladder[row + at.TILES] > 1
        for image in range(1 if inside else 0, ladder[at.IMAGES]):
            if at.following(ladder, on, row, image) == image:
                opening = at.first_weights(ladder, on, row)
                rail = at.least_of_rail(ladder, on, row, image, opening)
                bound = max(rail, at.least_of_rung(ladder, on, row, image, opening, -1, found, 0))
                if (bound, found[0]) <= (cycles, bits):
                    yield Promise(bound, found[0], walk, image)


@pytest.mark.parametrize("seed", range(5))
def test_bounds_in_arrays_are_those_of_the_core(seed: int) -> None:
    random, promised = Random(seed), 0
    for _ in range(5):
        machine = random_machine(random, stores_padding=True)
        kernels = [contraction(random, 4) for _ in range(3)]
        rungs = [ArrayRungs(kernel, machine, GENESYS) for kernel in kernels]
        if any(flat_contraction(kernel, machine, GENESYS) is None for kernel in kernels):
            continue
        ladders, on = [each.in_form(core.PLAIN).ladder for each in rungs], [each.machine for each in rungs]
        arrays = RungArrays(ladders, on)
        for _ in range(3):
            machine = with_other_ports(random, machine)
            for operand in ("weight", "ifmap", "psum", "bias"):
                bits = random.randint(1, 1 << random.randrange(1, 18))
                machine = with_field(machine, f"systolic.buffers.{operand}_bits", bits)
            on = [ArrayRungs(kernel, machine, GENESYS).machine for kernel in kernels]
            every = [sorted(one_by_one(*each, ANY, ANY)) for each in zip(ladders, on, strict=True)]
            # Any rung may be the limit: of some ladders the most promising, of some the least, of some there is none.
            limits = [random.choice(own)[:2] if own and random.random() < 0.8 else (-1, -1) for own in every]
            cycles, bits = ([limit[place] for limit in limits] for place in range(2))
            assert arrays.has_room(on[0], cycles)
            found = arrays.promising(on, cycles, bits)
            wanted = [[each for each in own if each[:2] <= limit] for own, limit in zip(every, limits, strict=True)]
            assert found == wanted, (kernels, machine)
            promised += sum(map(len, found))
    assert promised > 10


def priced(workload: Workload, machine: Hardware) -> list[tuple[object, object]] | str:
    try:
        return [(layer.tiling, layer.cost) for layer in workload.price(MODEL, machine)]
    except TilingError as error:
        return str(error)


def asked(kernels: list[Contraction], machine: Hardware) -> list[tuple[object, object]] | str:
    """One by one, of nobody who keeps anything."""
    try:
        tilings = [ladder_tiling(kernel, machine) for kernel in kernels]
        return [
            (tiling, MODEL.evaluate(kernel, tiling, machine)) for kernel, tiling in zip(kernels, tilings, strict=True)
        ]
    except TilingError as error:
        return str(error)


@pytest.mark.parametrize("seed", range(4))
def test_the_same_rung_is_found_on_machine_after_machine(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "COMPILED", None)
    random, answered = Random(seed), 0
    price = KeptClimbs.price

    def counted(self: KeptClimbs, *given: object) -> bool:
        nonlocal answered
        found = price(self, *given)  # pyright: ignore[reportArgumentType]
        answered += found
        return found

    monkeypatch.setattr(KeptClimbs, "price", counted)
    kernels = [contraction(random, 6) for _ in range(3)]
    workload = Workload([(name, only(kernel)) for name, kernel in zip("abc", kernels, strict=True)])
    base = random_machine(random, stores_padding=True)
    for _ in range(40):
        machine = base
        for _ in range(random.choice((1, 1, 1, 7))):
            path = random.choice([*PORTS, "weight_bits", "ifmap_bits", "psum_bits", "bias_bits"])
            if path in PORTS:
                value, path = random.randint(1, 1 << random.randrange(10)), f"systolic.bandwidths.{path}"
            else:
                value, path = random.randint(1, 1 << random.randrange(4, 20)), f"systolic.buffers.{path}"
            machine = with_field(machine, path, value)
        assert priced(workload, machine) == asked(kernels, machine), (kernels, machine)
    assert answered > 20


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each machine, whether the core climbs as if nothing was kept."""
    monkeypatch.setattr(core, "COMPILED", None)
    found: list[bool] = []
    climbed = LeftBehind.contractions

    def seen(self: LeftBehind, *given: object, greedy: bool) -> list[int] | None:
        results = climbed(self, *given, greedy=greedy)  # pyright: ignore[reportArgumentType]
        found.append(results is None)
        return results

    monkeypatch.setattr(LeftBehind, "contractions", seen)
    return found


def test_numbers_beyond_64_bits_are_the_cores(refused: list[bool]) -> None:
    kernel, _ = pencil_layer()
    large = kernel._replace(weight=kernel.weight._replace(bits=1 << 58))
    machine = with_field(evolve(small_machine(), stores_padding=True), "systolic.buffers.weight_bits", 10**20)
    for kernels, wanted in (([kernel], [True, False, False]), ([kernel, large], [True, True, True])):
        workload = Workload([(kernel.kind, only(kernel)) for kernel in kernels])
        refused.clear()
        for rate in (1 << 10, 1 << 11, 1 << 12):
            ported = with_field(machine, "systolic.bandwidths.weight_bits_per_cycle", rate)
            assert priced(workload, ported) == asked(kernels, ported)
        assert refused == wanted


def test_a_climb_without_space_is_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    climbed, kernel = LeftBehind.contractions, pencil_layer()[0]

    def with_no_space(
        self: LeftBehind, machine: list[int], rows: list[list[int]], _: int, work: list[list[int]], *, greedy: bool
    ) -> None:
        assert climbed(self, machine, rows, 0, work, greedy=greedy) is None

    monkeypatch.setattr(core, "COMPILED", None)
    monkeypatch.setattr(LeftBehind, "contractions", with_no_space)
    workload, machine = Workload([("pencil", only(kernel))]), evolve(small_machine(), stores_padding=True)
    # Of so few weights no tile fits that was the best before.
    for bits in (256, 64):
        small = with_field(machine, "systolic.buffers.weight_bits", bits)
        assert priced(workload, small) == asked([kernel], small)


def test_more_cut_loops_than_there_is_room_for_are_the_cores(
    refused: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Half of 32 bits hold 2 inputs of 8 bits: one of 4 positions, with channels for 2 rows of PEs out of 4.
    kernel, tiling = pencil_layer()
    machine = with_field(evolve(small_machine(), stores_padding=True), "systolic.buffers.ifmap_bits", 32)
    # From the second machine on the rung of the first one is known, in which two loops are cut.
    for most, wanted in ((2, [True, False, False]), (1, [True, True, True])):
        workload = Workload([("a", only(kernel))])
        refused.clear()
        for rate in (4, 5, 6):
            ported = with_field(machine, "systolic.bandwidths.weight_bits_per_cycle", rate)
            assert priced(workload, ported) == asked([kernel], ported)
            # Not before the core has its own room.
            monkeypatch.setattr(tiles, "MOST_CUT", most)
        monkeypatch.setattr(tiles, "MOST_CUT", 10)
        assert refused == wanted
    monkeypatch.setattr(tiles, "MOST_CUT", 1)
    with pytest.raises(OverflowError, match="2 loops are cut, 1 are known"):
        KeptAlone(kernel, tiling, machine)
