"""Layers priced together by whole numbers: what they cost one by one, on any machine, in either form of the core."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

import simdc
from simdc.cost import ExactModel, Hardware, TilingError, with_field
from simdc.cost.flat import core
from simdc.cost.flat import costs as at
from simdc.cost.flat.packed import IS_PROGRAM
from simdc.cost.forms import only
from simdc.cost.guards import InvariantError
from simdc.cost.kernel import ArrayKernel, Contraction, Kernel, Loop
from simdc.cost.layer_costs import LayerCost
from simdc.cost.packed.kernels import packed_kernel
from simdc.cost.packed.machine import kind_of, machine_row
from simdc.cost.workload import Workload
from simdc.frozen import evolve
from tests.cost.machines import row_convolution, small_machine
from tests.oracles.channels import random_channels, with_channels
from tests.oracles.core_forms import CHECKED
from tests.oracles.random_layers import random_contraction, random_machine
from tests.oracles.random_programs import random_program
from tests.oracles.tight_machines import tight_machine

FLOWS = ("weight_stationary", "output_stationary", "input_stationary")
MODEL = ExactModel()
SEEDS = range(3)


class OneByOne(ExactModel):
    """Never asked for several layers together."""


def random_layer(random: Random, *, large: bool = False) -> ArrayKernel:
    """Of `large` ones some cost more than 64 bits say."""
    kernel = random_contraction(random) if random.random() < 0.5 else random_program(random)
    if not isinstance(kernel, Contraction):
        return kernel
    grown = [Loop(loop.name, loop.bound << (random.randrange(18) if large else 0)) for loop in kernel.loops]
    return kernel._replace(loops=tuple(grown), macs=None)


def random_option(random: Random, machine: Hardware) -> Hardware:
    """Options that the core knows, and now and then one that it does not."""
    systolic = evolve(machine.systolic, dataflow=random.choice(FLOWS), tile_overhead_cycles=random.randrange(3))
    simd = evolve(
        machine.simd,
        issue=random.choice(("interleaved", "fission")),
        double_buffered=random.random() < 0.5,
        tile_overhead_cycles=random.choice((0, 7)),
    )
    if random.random() < 0.1:
        systolic = evolve(systolic, buffer_release="joint")
    machine = evolve(machine, systolic=systolic, simd=simd, stores_padding=random.random() < 0.9)
    return with_channels(machine, random_channels(random)) if random.random() < 0.1 else machine


def random_cases(random: Random, count: int, *, large: bool) -> Iterator[tuple[Workload, Hardware]]:
    """A few layers and a machine that is tight for the first of them, if it is tight at all."""
    for number in range(count):
        is_large = large and number % 8 == 0
        kernels = [random_layer(random, large=is_large) for _ in range(3)]
        machine = random_machine(random) if random.random() < 0.4 else tight_machine(random, kernels[0])
        machine = random_option(random, machine)
        if is_large:
            # Borders that clip make millions of kinds of tiles.
            machine = evolve(machine, stores_padding=True)
        yield Workload(zip("abcd", map(only, [*kernels, kernels[1]]), strict=True)), machine


def answer(model: ExactModel, workload: Workload, machine: Hardware, tiling: str) -> list[LayerCost] | str:
    tiler = model.greedy if tiling == "greedy" else model.default
    try:
        return list(workload.price(model, machine, tiler))
    except TilingError as error:
        return f"{error.layer}: {error} {error.need}"


@pytest.fixture(params=["plain", "checked", "compiled"])
def form(request: pytest.FixtureRequest) -> core.CoreForm:
    if request.param == "compiled":
        return request.getfixturevalue("compiled")
    return CHECKED if request.param == "checked" else core.PLAIN


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("tiling", ["greedy", "default"])
def test_together_layers_cost_what_they_cost_one_by_one(
    form: core.CoreForm, seed: int, tiling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "COMPILED", form)
    priced = refused = 0
    # Looking at every place of a row takes ten times as long.
    for workload, machine in random_cases(Random(seed), 18 if form is CHECKED else 25, large=tiling == "greedy"):
        found = answer(MODEL, workload, machine, tiling)
        assert found == answer(OneByOne(), workload, machine, tiling), (workload.distinct, machine)
        priced, refused = priced + isinstance(found, list), refused + isinstance(found, str)
    assert priced > 5
    assert refused > 2


STEPS: dict[str, tuple[int, int]] = {
    "systolic.rows": (1, 6),
    "systolic.columns": (1, 6),
    "systolic.buffers.weight_bits": (1, 4000),
    "systolic.buffers.ifmap_bits": (1, 4000),
    "systolic.buffers.psum_bits": (1, 4000),
    "systolic.buffers.bias_bits": (1, 4000),
    "systolic.bandwidths.weight_bits_per_cycle": (1, 64),
    "systolic.bandwidths.ifmap_bits_per_cycle": (1, 64),
    "systolic.bandwidths.psum_bits_per_cycle": (1, 64),
    "systolic.tile_overhead_cycles": (0, 3),
    "simd.lanes": (1, 9),
    "simd.vmem_bits": (1, 20000),
    "simd.bandwidth_bits_per_cycle": (1, 64),
    "simd.pipeline_stages": (1, 6),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("tiling", ["greedy", "default"])
def test_what_a_machine_leaves_behind_changes_nothing_on_the_next(
    form: core.CoreForm, seed: int, tiling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What was found is kept by array and by lanes, ladders by their sizes: fields go back and forth between few values.
    monkeypatch.setattr(core, "COMPILED", form)
    random, priced = Random(seed), 0
    first, *others = [random_layer(random) for _ in range(4)]
    workload = Workload([("a", only(first)), ("b", tuple(zip(("one", "two", "three"), others, strict=True)))])
    values = {path: [random.randint(*ends) for _ in range(2)] for path, ends in STEPS.items()}
    machine = random_machine(random, stores_padding=True)
    for _ in range(20 if form is CHECKED else 40):
        path = random.choice(list(STEPS))
        roomy = random.random() < 0.5 and path.endswith("_bits")
        machine = with_field(machine, path, 1 << 40 if roomy else random.choice(values[path]))
        found = answer(MODEL, workload, machine, tiling)
        assert found == answer(OneByOne(), workload, machine, tiling), (workload.distinct, machine)
        priced += isinstance(found, list)
    assert priced > 3


def test_a_network_costs_the_sum_of_its_layers() -> None:
    machine = simdc.load_hardware("HI3")
    workload = simdc.load("resnet50").workload(machine)
    layers = workload.price(MODEL, machine, MODEL.greedy)
    # Asked for before any layer is.
    assert layers.cycles == sum(layer.cost.cycles.total for layer in layers if layer.cost is not None)
    assert layers == list(workload.price(OneByOne(), machine, OneByOne().greedy))
    every = list(layers)
    assert (len(layers), layers[0], layers[-1:]) == (len(every), every[0], every[-1:])


def test_laws_of_rows_are_those_of_costs() -> None:
    # Any number of a cost made more or less: where the classes see a broken inequality the rows do. Of what is as it is
    # they see none.
    random, verdicts = Random(5), {0: 0, 1: 0}
    machine = random_machine(random, stores_padding=True)
    kind = kind_of(machine)
    assert kind is not None
    while min(verdicts.values()) < 200:
        kernel = random_layer(random)
        packed = packed_kernel(kernel, machine, kind)
        if packed is None or packed.about[IS_PROGRAM] != (not isinstance(kernel, Contraction)):
            continue
        cost = MODEL.evaluate(kernel, MODEL.greedy(kernel, machine), machine)
        row = [*cost.cycles, *cost.dram_bits, *cost.sram_bits, dict(cost.ops).get("mac_executed", 0), *cost.busy]
        assert len(row) == at.COST
        assert not at.breaks_law(packed.plan, packed.about, machine_row(machine), list(map(int, row)), 0)
        place = random.randrange(len(row))
        row[place] += random.choice((-1, 1)) * random.choice((1, row[place] // 2 + 1, row[place] + 1))
        compute, stall, *rest = row
        changed = cost._replace(
            cycles=cost.cycles._replace(compute=compute, stall=stall),
            dram_bits=type(cost.dram_bits)(*rest[:5]),
            sram_bits=type(cost.sram_bits)(*rest[5:12]),
            ops=tuple((name, rest[12] if name == "mac_executed" else count) for name, count in cost.ops),
            busy=type(cost.busy)(*rest[13:]),
        )
        try:
            MODEL.guard(kernel)(changed, machine)
            broken = 0
        except InvariantError:
            broken = 1
        assert at.breaks_law(packed.plan, packed.about, machine_row(machine), list(map(int, row)), 0) >= broken, place
        verdicts[broken] += 1


def test_a_cost_that_no_schedule_has_is_no_price(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel: Kernel = row_convolution(ow=4)
    machine = evolve(small_machine(), stores_padding=True)
    with monkeypatch.context() as patch:
        patch.setattr("simdc.cost.flat.costs.moved_bits", lambda plan, found, stream: 0)
        patch.setattr(core, "COMPILED", None)
        with pytest.raises(InvariantError, match="layer 'c': weight bits in use <= DRAM weight bits is broken"):
            Workload([("c", only(kernel))]).price(MODEL, machine, MODEL.greedy)
    assert Workload([("c", only(kernel))]).price(MODEL, machine, MODEL.greedy)[0].cost is not None
