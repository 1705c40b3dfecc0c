"""Arrays whose folds do not simply follow each other: by hand, against the simulator, in bounds, in tilings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
import pytest

import simdc
from simdc.backends.simulate import simulate
from simdc.backends.simulate.contraction import ArrayVisit, visits
from simdc.backends.simulate.transfer import slowest_port
from simdc.backends.simulate.walk import neighbours, whole_loops
from simdc.cost import Cost, ExactModel, Hardware, Tiling, TilingError, greedy_tiling
from simdc.cost.array_kernel import mapped
from simdc.cost.kernel import Contraction, Kernel, Loop, Operand, affine
from simdc.cost.ladder import ladder_tiling
from simdc.cost.ladder.array import ArrayRungs
from simdc.cost.ladder.climb import Rail
from simdc.cost.rule import GENESYS
from simdc.cost.structure import with_field
from simdc.cost.tiling import loop_bounds
from simdc.frozen import evolve
from tests.cost.exact.test_mappings import groups_in_a_row
from tests.cost.machines import row_convolution, schedule, small_machine
from tests.cost.schedules.test_schedules import agree
from tests.cost.search.test_bounds import bound, numbers
from tests.oracles import best_schedules, random_fused
from tests.oracles.ladder_rules import least_by_rules, rungs_by_rules
from tests.oracles.random_layers import random_tiling
from tests.oracles.random_mappings import able, randomly_mapped
from tests.oracles.tight_machines import greedy_cases, tight_machine
from tests.oracles.variants import varied_cases, with_variants

EXACT = ExactModel()


def with_array(machine: Hardware, **fields: Any) -> Hardware:
    return evolve(machine, systolic=evolve(machine.systolic, **fields))


def compute(kernel: Kernel, tiling: Tiling, machine: Hardware, **fields: Any) -> Cost:
    """Checked against the simulator, too."""
    case = kernel, tiling, with_array(machine, **fields)
    assert simulate(*case) == EXACT.evaluate(*case)
    return EXACT.evaluate(*case)


def test_loading_weights_by_hand() -> None:
    """A window of 2, 6 input and 3 output channels, 5 pixels on 4 x 4 PEs, channels and window whole: 2 blocks of rows,
    1 of columns and 2 positions of the window are 4 folds of 5 pixels. Filling takes 6 cycles.

    In one tile: resident 4 * 5 + 6; hidden the same, as 5 pixels are more than 4 rows; exposed 4 cycles more a fold.
    Pixels in tiles of 2, 2 and 1: 20 steps and 18 cycles of fill; hidden 3 folds of 4 and a last one of 2 (or 1) cycles
    in each tile, 14 + 14 + 13; exposed 3 * 4 loads of 4. Weights of 8 bits: 16 are read in each of 20 steps, or in each
    fold."""
    kernel, machine = row_convolution(ic=6, oc=3, kw=2, ow=5), small_machine(side=4)
    whole = schedule("oc ic kw ow", oc=3, ic=6, kw=2, ow=5)
    cut = schedule("oc ic kw ow", oc=3, ic=6, kw=2, ow=2)
    for tiling, expected, folds in ((whole, (26, 26, 42), 4), (cut, (38, 41 + 18, 38 + 48), 12)):
        loads = ("resident", "hidden", "exposed")
        found = [compute(kernel, tiling, machine, weight_load=load) for load in loads]
        assert tuple(cost.cycles.compute for cost in found) == expected
        assert [cost.sram_bits.wbuf for cost in found] == [20 * 16 * 8, folds * 16 * 8, folds * 16 * 8]
        assert len({(cost.dram_bits, cost.ops, cost.sram_bits.ibuf) for cost in found}) == 1


def test_groups_are_folds_of_their_own() -> None:
    """3 groups of one channel each in a window of 2: 6 folds of 7 pixels, on 9 x 9 PEs hidden 5 * 9 + 7."""
    kernel = Contraction(
        "conv2d",
        (Loop("g", 3), Loop("oc", 1), Loop("ic", 1), Loop("kw", 2), Loop("ow", 7)),
        Operand("ifmap", 8, (3, 1, 8), (affine("g"), affine("ic"), affine("ow", "kw"))),
        Operand("weight", 8, (3, 1, 1, 2), (affine("g"), affine("oc"), affine("ic"), affine("kw"))),
        Operand("psum", 32, (3, 1, 7), (affine("g"), affine("oc"), affine("ow"))),
        8,
    )
    tiling, machine = Tiling(tuple(kernel.bounds), tuple(kernel.bounds.values())), small_machine(side=9)
    assert compute(kernel, tiling, machine, weight_load="hidden").cycles.compute == 5 * 9 + 7 + 16


def test_folds_that_drain_by_hand() -> None:
    """4 x 4 PEs, 4 folds of 5 pixels (as above), 6 cycles from the first PE to the last: each fold takes 6 more, the
    last of them as the tile's fill. Hidden the weights of the next fold, 4 rows, come while the 5 pixels pass; with 2
    pixels folds take 4 and 6, the last 2 and 6. In two tiles of 1 input channel block each the overhead comes twice."""
    kernel, machine = row_convolution(ic=6, oc=3, kw=2, ow=5), small_machine(side=4)
    whole, cut = schedule("oc ic kw ow", oc=3, ic=6, kw=2, ow=5), schedule("oc ic kw ow", oc=3, ic=6, kw=2, ow=2)
    serial = {"fold_drain": "serial"}
    assert compute(kernel, whole, machine, **serial).cycles.compute == 4 * (5 + 6)
    assert compute(kernel, whole, machine, weight_load="hidden", **serial).cycles.compute == 4 * (5 + 6)
    assert compute(kernel, whole, machine, weight_load="exposed", **serial).cycles.compute == 4 * (4 + 5 + 6)
    hidden = compute(kernel, cut, machine, weight_load="hidden", **serial).cycles.compute
    assert hidden == 2 * (3 * (4 + 6) + 2 + 6) + 3 * (4 + 6) + 1 + 6
    halves = schedule("oc ic kw ow", oc=3, ic=4, kw=2, ow=5)
    assert compute(kernel, halves, machine, tile_overhead_cycles=5).cycles.compute == 4 * 5 + 2 * (6 + 5)
    assert compute(kernel, halves, machine, tile_overhead_cycles=5, **serial).cycles.compute == 4 * (5 + 6) + 2 * 5


def test_waiting_for_sums_by_hand() -> None:
    """4 x 4 PEs, 2 blocks of columns of 4 folds each, 2 pixels, 6 cycles of fill. Of the 4 folds that add to the same
    outputs the first 3 last 5 cycles, or 10 if the latency is 10, and the fourth waits for none: 2 * (3 * 5 + 2) + 6.
    With loads of 4 rows beside it, it lasts 4, but for the last one; with loads before it 4 + 2. With one place of the
    window a tile 2 folds are left, of which 1 waits."""
    kernel, machine = row_convolution(ic=6, oc=5, kw=2, ow=2), small_machine(side=4)
    whole, cut = schedule("oc ic kw ow", oc=5, ic=6, kw=2, ow=2), schedule("oc ic kw ow", oc=5, ic=6, kw=1, ow=2)
    late = {"accumulate_latency_cycles": 5}
    assert compute(kernel, whole, machine, **late).cycles.compute == 2 * (3 * 5 + 2) + 6
    assert compute(kernel, whole, machine, weight_load="hidden", **late).cycles.compute == 2 * 3 * 5 + 4 + 2 + 6
    exposed = compute(kernel, whole, machine, weight_load="exposed", accumulate_latency_cycles=10).cycles.compute
    assert exposed == 2 * (3 * 10 + 4 + 2) + 6
    assert compute(kernel, whole, machine, fold_drain="serial", **late).cycles.compute == 8 * (2 + 6)
    assert compute(kernel, cut, machine, **late).cycles.compute == 2 * (2 * (5 + 2) + 6)
    # An array that does not wait takes its time where nothing has to wait, and where it forwards.
    refuses = {"hazard": "refuse", **late}
    single = schedule("oc ic kw ow", oc=5, ic=6, kw=2, ow=1)
    assert compute(kernel, single, machine, **refuses).cycles.compute == 16 + 2 * 6
    alone = schedule("oc ic kw ow", oc=5, ic=4, kw=1, ow=2)
    assert compute(kernel, alone, machine, **refuses).cycles.compute == 16 + 4 * 6
    with pytest.raises(TilingError, match=r"^sums can be added to 5 cycles after .* 2 to 4 positions a fold"):
        compute(kernel, whole, machine, **refuses)


def test_genesys_refuses_two_positions_and_no_other_number() -> None:
    """Measured on its RTL, 64 to 64 channels 1x1: with 2 positions a fold 8,311 of 9,216 outputs are wrong, with 1, 3,
    4, 6 and 12 none. A last tile of 2 is as bad; with 16 input channels a tile there is nothing to add to in it."""
    kernel, machine = row_convolution(ic=64, oc=64, ow=12), small_machine(side=16)
    array = {"accumulate_latency_cycles": 3, "hazard": "refuse", "tile_overhead_cycles": 5}
    for positions in (1, 3, 4, 6, 12):
        tiles = 12 // positions
        cost = compute(kernel, schedule("oc ic kw ow", oc=64, ic=64, ow=positions), machine, **array)
        assert cost.cycles.compute == 16 * 12 + tiles * 35
    for positions in (2, 5, 10):
        with pytest.raises(TilingError, match="has 2 positions a fold"):
            compute(kernel, schedule("oc ic kw ow", oc=64, ic=64, ow=positions), machine, **array)
        compute(kernel, schedule("oc ic kw ow", oc=64, ic=16, ow=positions), machine, **array)


@pytest.mark.parametrize("load", ["resident", "hidden"])
def test_no_tiling_of_a_network_is_refused(load: str) -> None:
    machine = simdc.load_hardware("HI3", [f"systolic.weight_load={load}", "systolic.hazard=refuse"])
    machine = with_array(machine, accumulate_latency_cycles=9)
    for kernel in simdc.load("resnet50").workload(machine).kernels:
        if isinstance(kernel, Contraction):
            for tiling in (greedy_tiling(kernel, machine), ladder_tiling(kernel, machine)):
                EXACT.evaluate(kernel, tiling, machine)


@pytest.mark.parametrize(("steps", "period"), [(1_152, 1_187), (384, 419), (192, 227), (25_088, 25_123)])
def test_tiles_of_genesys(steps: int, period: int) -> None:
    """Measured on its RTL, 16 x 16 PEs: periods of 1,188, 419 to 420, 227 to 228 and 25,124 cycles."""
    kernel = row_convolution(ic=64, oc=64, ow=steps // 16)
    tiling = schedule("oc ic kw ow", oc=64, ic=64, ow=steps // 16)
    assert compute(kernel, tiling, small_machine(side=16), tile_overhead_cycles=5).cycles.compute == period


@pytest.mark.parametrize("seed", range(4))
def test_random_schedules_take_what_the_simulator_plays(seed: int) -> None:
    other = 0
    for case in varied_cases(seed, 400):
        cost = EXACT.evaluate(*case)
        assert cost == simulate(*case), case
        other += cost.cycles.compute != simulate(case.kernel, case.tiling, _plain(case.machine)).cycles.compute
    assert other > 150


def _plain(machine: Hardware) -> Hardware:
    """Each option at its default."""
    return with_array(
        machine, weight_load="resident", fold_drain="overlapped", tile_overhead_cycles=0, accumulate_latency_cycles=1
    )


def test_random_attention_on_chip_takes_what_the_simulator_plays() -> None:
    random, other = Random(3), 0
    for _ in range(250):
        kernel, tiling, machine = random_fused.random_case(random)
        machine = with_variants(random, machine)
        cost = EXACT.evaluate(kernel, tiling, machine)
        assert cost == simulate(kernel, tiling, machine)
        EXACT.guard(kernel)(cost, machine)
        other += cost.cycles.compute != simulate(kernel, tiling, _plain(machine)).cycles.compute
    assert other > 100


def test_many_tilings_at_once() -> None:
    random = Random(5)
    for kernel, _, _ in varied_cases(6, 50):
        machine = able(with_variants(random, tight_machine(random, kernel), 0.4))
        order = list(loop_bounds(kernel))
        random.shuffle(order)
        rows = [random_tiling(random, kernel, 100).as_dict() for _ in range(12)]
        agree(kernel, order, np.array([[row[loop] for loop in order] for row in rows]), machine)


def test_bounds_of_the_search_are_bounds() -> None:
    random, tight, joint = Random(7), 0, 0
    for kernel, tiling, machine in varied_cases(8, 400):
        cost = numbers(EXACT.evaluate(kernel, tiling, machine))
        some = [loop for loop in tiling.order if random.random() < 0.6]
        for loops in (tiling.order, some, []):
            for name, least in numbers(bound(kernel, tiling, machine, loops)).items():
                assert least <= cost[name], (name, kernel, tiling, machine, loops)
                tight += name == "compute" and least == cost[name]
                shares = isinstance(kernel, Contraction) and kernel.beside_rows and loops == tiling.order
                joint += bool(shares) and name == "compute" and least == cost[name]
    assert tight > 200
    assert joint > 5


def test_the_least_that_groups_side_by_side_read_and_write() -> None:
    """4 groups of 3 input channels and 1 output channel, 5 positions on 4 x 4 PEs: one group at once. With a channel a
    tile 4 at once: 3 passes, 15 steps. A step writes 4 sums of 32 bits and reads 4 inputs of 8 and, resident, 16
    weights; hidden these come 3 times."""
    kernel, machine = mapped(groups_in_a_row(4, ic=3, ow=5), ("packed",)), able(small_machine(side=4))
    tiling = Tiling(tuple(kernel.bounds), tuple(kernel.bounds.values()))
    for load, reads in (("resident", 15), ("hidden", 3)):
        least = bound(kernel, tiling, with_array(machine, weight_load=load), ())
        assert least.sram_bits[:3] == (reads * 16 * 8, 15 * 4 * 8, 15 * 4 * 32)
        assert dict(least.ops)["mac_executed"] == 15 * 16


def test_a_search_finds_the_best_of_all_schedules() -> None:
    random = Random(9)
    layers = [layer for layer in best_schedules.random_layers(10, 33) if isinstance(layer.kernel, Contraction)]
    for kernel, machine in layers[:6]:
        assert isinstance(kernel, Contraction)
        kernel, other = randomly_mapped(random, kernel, able(with_variants(random, machine, 0.4)))
        assert best_schedules.complaint(kernel, other, best_schedules.least_of_all(kernel, other)) is None


def test_no_rung_that_fits_is_cheaper_than_the_default() -> None:
    random, compared = Random(11), 0
    for kernel, machine in greedy_cases(random, 180):
        machine = with_variants(random, machine, 0.4)
        if not isinstance(kernel, Contraction):
            continue
        rungs = sorted(set(rungs_by_rules(kernel, machine)))
        least = least_by_rules(kernel, machine, rungs) if len(rungs) < 400 else None
        if least is not None:
            cost = EXACT.evaluate(kernel, ladder_tiling(kernel, machine), machine)
            assert (cost.cycles.total, cost.dram_bits.total) == least, (kernel, machine)
            compared += 1
    assert compared > 30


def test_no_rung_of_a_mapped_kernel_is_cheaper_than_its_bound() -> None:
    random, looked_at = Random(13), 0
    for kernel, machine in greedy_cases(random, 150):
        if isinstance(kernel, Contraction):
            rungs = ArrayRungs(*randomly_mapped(random, kernel, able(with_variants(random, machine, 0.4))), GENESYS)
            waiting: list[Rail | None] = list(rungs.rails())[:9]
            while waiting:
                rail = waiting.pop()
                if rail is not None:
                    least, rest = rungs.step(rail)
                    priced = rungs.price(rail.group, rail.step)
                    assert least is not None
                    waiting.append(rest)
                    if priced is None:
                        continue
                    assert max(rail.bound, least.cycles) <= priced[0]
                    assert least.dram_bits <= priced[1]
                    looked_at += 1
    assert looked_at > 200


def test_greedy_gives_up_channels_for_positions() -> None:
    """64 input channels on 4 x 4 PEs, 16 pixels, an ifmap buffer for 128 values at a time: with all channels 2 pixels
    fit, with 32 of them 4 pixels. As folds of less than 4 wait, greedy takes 32."""
    kernel = row_convolution(ic=64, oc=4, ow=16)
    machine = small_machine(side=4, buffers=(1 << 20, 2 * 128 * 8, 1 << 20, 1 << 20))
    sizes = [
        greedy_tiling(kernel, with_array(machine, weight_load=load)).as_dict()
        for load in ("resident", "hidden", "exposed")
    ]
    assert [(each["ic"], each["ow"]) for each in sizes] == [(64, 2), (32, 4), (32, 4)]


def test_greedy_tilings_are_legal() -> None:
    random, fit = Random(12), 0
    for kernel, machine in greedy_cases(random, 300):
        if not isinstance(kernel, Contraction):
            continue
        kernel, machine = randomly_mapped(random, kernel, able(with_variants(random, machine, 0.4)))
        tiling = greedy_tiling(kernel, machine)
        try:
            EXACT.evaluate(kernel, tiling, machine)
        except TilingError:
            # Only where nothing larger than the innermost tile fits.
            assert max(tiling.sizes) <= max(machine.systolic.rows, machine.systolic.columns)
            continue
        fit += 1
    assert fit > 60


def played(tiles: list[ArrayVisit], cycles: Sequence[int]) -> int:
    """All cycles of the tiles that take so many each to compute."""
    total = 0
    for before, (visit, here), after in neighbours(zip(tiles, cycles, strict=True)):
        stores, loads = (() if before is None else before[0].stores), (() if after is None else after[0].loads)
        total += max(here, slowest_port((*stores, *loads)))
        total += slowest_port(visit.loads) if before is None else 0
        total += slowest_port(visit.stores) if after is None else 0
    return total


def test_resnet_50_on_an_array_that_shifts_weights_in() -> None:
    """Greedy tilings of HI3 as it is. Where every fold lasts max(T, rows) or T + rows the conv layers take 3,922,322 or
    4,488,101 cycles, by a program that is none of ours. Here the last fold of a tile lasts T."""
    machine = simdc.load_hardware("HI3")
    rows = machine.systolic.rows
    every = resident = hidden = exposed = expected = aimed = 0
    kernels = [layer.kernel for layer in simdc.evaluate(simdc.load("resnet50"), machine)]
    for kernel, times in Counter(kernel for kernel in kernels if isinstance(kernel, Contraction)).items():
        tiling = greedy_tiling(kernel, machine)
        tiles = list(visits(kernel, whole_loops(kernel, tiling), machine))
        positions = [visit.tile.size(("n", "oh", "ow") if "oh" in kernel.bounds else ("n",)) for visit in tiles]
        folds = [visit.steps // each for visit, each in zip(tiles, positions, strict=True)]
        fill, pairs = 2 * rows - 2, list(zip(folds, positions, strict=True))
        every += times * played(tiles, [many * max(each, rows) + fill for many, each in pairs])
        expected += times * played(tiles, [(many - 1) * max(each, rows) + each + fill for many, each in pairs])
        loads = [with_array(machine, weight_load=load) for load in ("resident", "hidden", "exposed")]
        found = [times * int(EXACT.evaluate(kernel, tiling, other).cycles.total) for other in loads]
        resident, hidden, exposed = resident + found[0], hidden + found[1], exposed + found[2]
        aimed += times * int(EXACT.evaluate(kernel, greedy_tiling(kernel, loads[1]), loads[1]).cycles.total)
    assert (resident, every, exposed) == (2_287_025, 3_922_322, 4_488_101)
    assert hidden == expected
    assert aimed < 0.8 * hidden


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *(("systolic.weight_load", "hidden"), ("systolic.fold_drain", "serial"), ("systolic.tile_overhead_cycles", 5)),
        *(("systolic.accumulate_latency_cycles", 3), ("systolic.hazard", "refuse")),
    ],
)
def test_models_that_do_not_know_a_field_refuse_it(path: str, value: object) -> None:
    machine = with_field(simdc.load_hardware("HI3"), path, value)
    for model in ("exact", "roofline"):
        assert simdc.evaluate(simdc.load("lenet5"), machine, model)
    with pytest.raises(simdc.SimdcError, match=f"'simdit' does not know {path}; HI3 has {path}={value}"):
        simdc.evaluate(simdc.load("lenet5"), machine, "simdit")
