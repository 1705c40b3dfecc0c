"""Machines with all options of array, lanes and DRAM drawn apart: simulated, executed, bounded, priced in arrays."""

from __future__ import annotations

from random import Random

from simdc.backends.execute.agreement import compare_with_untiled
from simdc.backends.simulate import simulate
from simdc.cost import Contraction, ExactModel, TilingError
from tests.cost.exact.option_checks import check_arrays, check_bounds, check_search
from tests.cost.exact.test_rule import keeps_laws
from tests.oracles import best_schedules
from tests.oracles.random_cases import random_cases
from tests.oracles.random_fused import random_case
from tests.oracles.random_layers import Case
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
        assert sum(part.cycles for part in EXACT.account(kernel, tiling, machine).parts) == cost.cycles.total
        check_bounds(random, Case(kernel, tiling, machine), cost)
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
    random = Random(47)
    cases = [case._replace(machine=with_all_options(random, case.machine)) for case in random_cases(48, 50)]
    assert check_arrays(random, cases) > 60


def test_no_rung_is_cheaper_than_its_bound() -> None:
    random = Random(49)
    layers = best_schedules.random_layers(50, 30)
    check_rungs(((kernel, with_all_options(random, drawn)) for kernel, drawn in layers), 100)


def test_the_search_finds_the_best_schedule_of_all() -> None:
    random = Random(51)
    check_search((kernel, with_all_options(random, drawn)) for kernel, drawn in best_schedules.random_layers(52, 4))
