"""Machines with all options of array, lanes and DRAM drawn apart: simulated, executed, bounded, priced in arrays."""

from __future__ import annotations

from random import Random

from simdc.backends.execute.agreement import compare_with_untiled
from simdc.backends.simulate import simulate
from simdc.cost import Contraction, ExactModel, Tiling, TilingError
from simdc.cost.exact.tiled import tile
from simdc.cost.schedules import bound_many, evaluate_many
from simdc.cost.tiling import loop_bounds
from tests.cost.exact.test_rule import keeps_laws
from tests.cost.search.test_bounds import bound, numbers
from tests.oracles import best_schedules
from tests.oracles.random_cases import random_cases
from tests.oracles.random_fused import random_case
from tests.oracles.random_mappings import mapped_cases
from tests.oracles.rungs import check_rungs
from tests.oracles.variants import with_all_options

EXACT = ExactModel()


def test_models_agree_and_bounds_hold() -> None:
    random, seen, lawful = Random(41), 0, 0
    for kernel, tiling, drawn in [*random_cases(42, 220), *mapped_cases(43, 40)]:
        machine = with_all_options(random, drawn)
        try:
            cost = EXACT.evaluate(kernel, tiling, machine)
        except TilingError:
            # Temporaries of instructions with loops of their own need more room.
            continue
        assert cost == simulate(kernel, tiling, machine)
        if keeps_laws(EXACT.evaluate(kernel, tiling, drawn), kernel, drawn):
            EXACT.guard(kernel)(cost, machine)
            lawful += 1
        assert EXACT.least_cycles(kernel, machine) <= cost.cycles.total
        assert sum(part.cycles for part in EXACT.account(kernel, tiling, machine).parts) == cost.cycles.total
        own, some = numbers(cost), [loop for loop in tiling.order if random.random() < 0.6]
        least = numbers(tile(kernel, tiling.order, tiling.sizes, machine).least_cost())
        for bounds in (least, *(numbers(bound(kernel, tiling, machine, loops)) for loops in (tiling.order, some))):
            assert all(bounds[name] <= own[name] for name in bounds), (kernel, tiling, machine)
        seen += 1
    assert seen > 200
    assert lawful > 100


def test_execution_moves_what_is_counted() -> None:
    random, seen = Random(44), 0
    for kernel, tiling, drawn in random_cases(45, 40):
        machine = with_all_options(random, drawn)
        try:
            cost = EXACT.evaluate(kernel, tiling, machine)
        except TilingError:
            continue
        found = compare_with_untiled(kernel, tiling, machine)
        assert found.wrong is None
        assert found.dram_bits == cost.dram_bits
        if not isinstance(kernel, Contraction):
            assert found.compute_cycles == cost.cycles.compute
        seen += 1
    assert seen > 25


def test_products_on_chip() -> None:
    random = Random(46)
    for _ in range(80):
        kernel, tiling, drawn = random_case(random)
        machine = with_all_options(random, drawn)
        try:
            cost = EXACT.evaluate(kernel, tiling, machine)
        except TilingError:
            continue
        assert cost == simulate(kernel, tiling, machine)
        assert sum(part.cycles for part in EXACT.account(kernel, tiling, machine).parts) == cost.cycles.total


def test_arrays_of_tilings() -> None:
    random, seen = Random(47), 0
    for kernel, tiling, drawn in random_cases(48, 50):
        machine, bounds = with_all_options(random, drawn), loop_bounds(kernel)
        rows = [tiling.sizes, *([random.randint(1, bounds[loop]) for loop in tiling.order] for _ in range(4))]
        exact, least = (price(kernel, tiling.order, rows, machine) for price in (evaluate_many, bound_many))
        for row, sizes in enumerate(rows):
            if exact.legal[row]:
                cost = EXACT.evaluate(kernel, Tiling(tiling.order, tuple(sizes)), machine)
                assert exact.cost.cycles.total[row] == cost.cycles.total
                assert [int(port[row]) for port in exact.cost.busy] == [*cost.busy]
                assert least.cost.cycles.total[row] <= cost.cycles.total
                seen += 1
    assert seen > 60


def test_no_rung_is_cheaper_than_its_bound() -> None:
    random = Random(49)
    layers = best_schedules.random_layers(50, 30)
    check_rungs(((kernel, with_all_options(random, drawn)) for kernel, drawn in layers), 100)


def test_the_search_finds_the_best_schedule_of_all() -> None:
    random = Random(51)
    for kernel, drawn in best_schedules.random_layers(52, 4):
        machine = with_all_options(random, drawn)
        least = best_schedules.least_of_all(kernel, machine)
        assert best_schedules.complaint(kernel, machine, least) is None
