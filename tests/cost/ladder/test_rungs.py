"""Rungs by hand, and a few of them against their bounds where loops share a side of the array."""

from __future__ import annotations

from itertools import product
from math import ceil
from random import Random

import pytest

from simdc.cost import Hardware
from simdc.cost.greedy.contraction import Room, _less_and_less
from simdc.cost.kernel import Contraction, Kernel, Loop, Operand, affine
from simdc.cost.ladder.contraction import ArrayLadder
from simdc.cost.ladder.rungs import Rung, part_counts, rungs
from simdc.cost.spread import Spread
from simdc.frozen import evolve
from tests.cost.machines import row_convolution, small_machine
from tests.oracles.random_mappings import able, randomly_mapped
from tests.oracles.rungs import check_rungs
from tests.oracles.tight_machines import greedy_cases
from tests.oracles.variants import with_variants


def test_passes_of_uneven_tiles() -> None:
    """40 channels in tiles of 16, 16, 8 on 8 rows pass 2 + 2 + 1 times; those beside them in `joint` do not count."""
    bounds, widths = {"ic": 40, "kw": 3}, {"ic": 8}
    assert rungs([{"ic": 16, "kw": 1}], bounds, widths, ["kw"]) == [Rung({"ic": 16, "kw": 1}, 9, 5, 2, 1)]
    assert rungs([{"ic": 16, "kw": 1}], bounds, widths) == [Rung({"ic": 16, "kw": 1}, 9, 15, 2, 1)]


def test_positions_that_share_the_rows_pass_together() -> None:
    """Results stay: 5 x 6 positions on 4 rows pass ceil(30 / 4) = 8 times as one tile; in tiles of 3 x 6 and 2 x 6
    5 + 3 times."""
    bounds = {"oc": 3, "ic": 2, "oh": 5, "ow": 6}
    names = {"ifmap": ("ic", "oh", "ow"), "weight": ("oc", "ic"), "psum": ("oc", "oh", "ow")}
    ifmap, weight, psum = (
        Operand(name, 8, tuple(bounds[loop] for loop in index), tuple(map(affine, index)))
        for name, index in names.items()
    )
    kernel = Contraction("conv2d", tuple(Loop(*each) for each in bounds.items()), ifmap, weight, psum, 8)
    ladder = ArrayLadder(kernel, bounds, Spread(("oh", "ow"), ("oc",), (), 4, 2, (), "psum"), clip=True)
    assert not ladder.folds_are_passes
    assert len(ladder.image) > 5
    for rung in ladder.image:
        tiles = product(*(parts(bounds[loop], rung.sizes[loop]) for loop in ("oh", "ow")))
        each = [ceil(high * wide / 4) for high, wide in tiles]
        assert (rung.passes, rung.most_passes, rung.last_passes) == (sum(each), each[0], each[-1])
    assert ArrayLadder(kernel, bounds, Spread(("ic",), ("oc",), (), 4, 2, ()), clip=True).folds_are_passes


def parts(bound: int, size: int) -> list[int]:
    """10 in tiles of 4: 4, 4, 2."""
    return [min(size, bound - start) for start in range(0, bound, size)]


def test_less_and_less_room() -> None:
    """20 channels on 4 rows are 5 blocks: 2, then 1; then a window of 6 in 2, 4 and 6 parts."""
    kernel = row_convolution(ic=20, oc=1, ow=1, kw=6)
    found = list(_less_and_less(kernel, 4, {"ic": 20, "oc": 1, "ow": 1, "kw": 6}))
    assert found == [Room(8, 1), Room(4, 1), Room(4, 2), Room(4, 4), Room(4, 6)]


@pytest.mark.parametrize("seed", range(6))
def test_a_few_bounds(seed: int) -> None:
    random, cases = Random(seed), list[tuple[Kernel, Hardware]]()
    for kernel, machine in greedy_cases(random, 25):
        if isinstance(kernel, Contraction):
            flow = random.choice(("weight_stationary", "output_stationary", "input_stationary"))
            layer, drawn = randomly_mapped(random, kernel, able(with_variants(random, machine)))
            if layer == kernel:
                drawn = evolve(drawn, systolic=evolve(drawn.systolic, dataflow=flow))
            cases.append((layer, drawn))
    check_rungs(cases[:4], 0)


@pytest.mark.parametrize("weight_port", [1, 2, 3, 4, 6, 8])
def test_folds_that_drain_hide_loads(weight_port: int) -> None:
    """While folds drain one after the other, weights of the next tile come in: a bound must count these cycles."""
    machine = small_machine(ports=(weight_port, 64, 64))
    machine = evolve(machine, systolic=evolve(machine.systolic, fold_drain="serial", weight_load="exposed"))
    check_rungs([(row_convolution(ic=16, oc=8, ow=1), machine)], 3)


@pytest.mark.parametrize("seed", range(6))
def test_a_few_bounds_of_programs(seed: int) -> None:
    """On lanes that load while they compute, or whose loops hold one instruction each."""
    random, cases = Random(seed), list[tuple[Kernel, Hardware]]()
    for kernel, machine in greedy_cases(random, 40):
        if not isinstance(kernel, Contraction):
            issue, overhead = random.choice(("interleaved", "fission")), random.choice((0, 30))
            fields = {"issue": issue, "tile_overhead_cycles": overhead, "double_buffered": random.random() < 0.7}
            simd = evolve(machine.simd, vmem_bits=8 * machine.simd.vmem_bits, **fields)
            cases.append((kernel, evolve(machine, simd=simd)))
    check_rungs(cases[:6], 0)


def test_numbers_of_parts() -> None:
    """In steps of a quarter of a power of two, and the most."""
    assert part_counts(30) == [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 30]
    assert part_counts(1) == [1]
