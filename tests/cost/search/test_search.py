"""The search on layers worked by hand, and the tile sizes that it tries. All schedules: test_best_schedules.py."""

from __future__ import annotations

from itertools import product
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simdc.cost import Cost, ExactModel, Hardware, Kernel, TilingError
from simdc.cost.kernel import Contraction, Loop, Operand, affine
from simdc.cost.search import frontier, objective_for, pricing, search
from simdc.cost.search.budget import Budget
from simdc.cost.search.candidates import all_sizes, even
from simdc.cost.search.orders import every_order, families
from simdc.cost.tiling import loop_bounds
from tests.cost.machines import row_convolution, small_machine
from tests.oracles.best_schedules import KINDS, all_costs, random_layers
from tests.strategies import contractions, machines, vector_programs

EXACT = ExactModel()


def test_the_objective_may_be_any_function_of_the_cost() -> None:
    # Spilling psums costs nothing here, loading anything does: the best schedule loads weight and ifmap once.
    kernel, machine = row_convolution(ic=4, oc=4, ow=6), small_machine(buffers=(64, 64, 2**20, 2**20))
    found = search(kernel, machine, lambda cost: cost.dram_bits.weight + cost.dram_bits.ifmap)
    assert found.certificate.best == (4 * 4 + 4 * 6) * 8


def test_sums_stay_on_the_array_where_they_can() -> None:
    """A 1x1 convolution from 4 to 2 channels on 8 pixels. Psums of 4 pixels fit, and 2 weights: greedy cuts input
    channels outside pixels, so 2 x 8 psums leave and come back. One output channel at a time has room for all pixels
    and for the weights of all input channels: nothing moves twice."""
    kernel = row_convolution(ic=4, oc=2, ow=8)
    machine = small_machine(buffers=(2 * 2 * 2 * 8, 2**20, 2 * 2 * 4 * 32, 2**20))
    greedy = EXACT.evaluate(kernel, EXACT.greedy(kernel, machine), machine)
    assert greedy.dram_bits.psum == 2 * (2 * 8) * 32
    found = search(kernel, machine, objective_for("dram", kernel, machine))
    assert found.cost.dram_bits.total == (4 * 2) * 8 + (4 * 8) * 8 + (2 * 8) * 8


@given(machines(), st.one_of(contractions(), vector_programs()))
@settings(max_examples=60)
def test_sizes_cover_every_number_of_tiles(machine: Hardware, kernel: Kernel) -> None:
    for few, every in zip(even(kernel, machine), all_sizes(kernel, machine), strict=True):
        assert sorted(every.sizes.tolist()) == list(range(1, few.own + 1))
        assert set(few.counts.tolist()) == set(every.counts.tolist())
        for count, passes in zip(few.counts, few.passes, strict=True):
            assert passes == every.passes[every.counts == count].min()
            assert few.stored[few.counts == count].min() == every.stored[every.counts == count].min()


def test_nothing_fits() -> None:
    with pytest.raises(TilingError, match="the weight buffer needs"):
        search(row_convolution(ic=4, oc=4), small_machine(buffers=(8, 64, 64, 64)), lambda cost: cost.cycles.total)


def constant(cost: Cost) -> int:
    return 0


def test_an_objective_that_never_changes_keeps_the_greedy_schedule() -> None:
    kernel, machine = row_convolution(ic=4, oc=4, ow=3), small_machine()
    assert search(kernel, machine, constant).tiling == EXACT.greedy(kernel, machine)


def test_the_last_round_proves_nothing_where_it_ends_early() -> None:
    kernel, machine = row_convolution(ic=30, oc=20, ow=20, kw=3), small_machine(buffers=(2**12, 2**12, 2**13, 2**12))
    proof = search(kernel, machine, objective_for("cycles", kernel, machine), 200_000).certificate
    assert proof.proven == "even"
    assert proof.bound < proof.best
    # 15 x 10 passes of 2 x 2 PEs along 3 x 20 points and a fill of two cycles: no schedule computes for less.
    assert proof.bound >= 15 * 10 * 3 * 20 + 2


def test_the_best_of_many_ways_is_taken() -> None:
    """All tile sizes at once, where nothing is known before."""
    kernel, machine = row_convolution(ic=4, oc=3, ow=5, kw=2), small_machine(buffers=(2**7, 2**7, 2**9, 64))
    tried, loops = pricing.Pricing(kernel, machine, lambda cost: cost.cycles.total), list(loop_bounds(kernel))
    sizes = np.array(list(product(*(range(1, bound + 1) for bound in loop_bounds(kernel).values()))))
    for family in families(kernel, loops):
        tried.price(loops, sizes, family, every_order, Budget(inf))
    assert tried.best == min(cost.cycles.total for cost in all_costs(kernel, machine))


def test_what_parts_of_a_budget_spend_is_spent() -> None:
    whole = Budget(100)
    assert not Budget(1).is_spent
    assert Budget(0).is_spent
    part = whole.part(0.5)
    half = part.part(0.5)
    half.spend(10)
    assert (half.left, part.left, whole.left, whole.spent) == (15, 40, 90, 10)
    whole.spend(90)
    assert half.is_spent
    assert part.left == 40


def test_without_steps_a_refusal_does_not_say_that_nothing_fits() -> None:
    # An inner tile of 2 x 2 channels needs 32 bits of weights; single channels need 8, half of 16.
    kernel, machine = row_convolution(ic=4, oc=4), small_machine(buffers=(16, 2**10, 2**10, 64))
    assert search(kernel, machine, objective_for("cycles", kernel, machine)).tiling.as_dict()["ic"] == 1
    with pytest.raises(TilingError, match="the search ended before it found a tiling that fits"):
        search(kernel, machine, objective_for("cycles", kernel, machine), 1)


@pytest.mark.parametrize(
    ("kernel", "ports", "priced"),
    [
        (row_convolution(ic=12, oc=10, ow=20, kw=3, padding=1), (8, 16, 8), 12),
        (row_convolution(ic=12, oc=10, ow=20, kw=3, padding=1), (64, 4, 8), 148),
        (row_convolution(ic=16, oc=3, ow=30, kw=2, stride=2), (2, 16, 64), 101),
    ],
)
def test_weaker_bounds_would_price_more(kernel: Contraction, ports: tuple[int, int, int], priced: int) -> None:
    """A count of work, no truth: weaker bounds leave the best schedule as it is, but more to be priced one by one."""
    machine = small_machine(ports=ports, buffers=(2**9, 2**9, 2**11, 2**10))
    proof = search(kernel, machine, objective_for("cycles", kernel, machine)).certificate
    assert proof.proven == "all"
    assert proof.evaluated == priced


def starved() -> tuple[Kernel, Hardware]:
    """Results of 23 x 12 x 12 leave at one bit a cycle: thousands of schedules differ by a few cycles only."""
    index = (affine("ic"), affine("oh", "kh", constant=-1), affine("ow", "kw", constant=-1))
    bounds = {"oc": 23, "ic": 8, "kh": 3, "kw": 3, "oh": 12, "ow": 12}
    kernel = Contraction(
        kind="conv2d",
        loops=tuple(Loop(name, bound) for name, bound in bounds.items()),
        ifmap=Operand("ifmap", 8, (8, 12, 12), index),
        weight=Operand("weight", 8, (23, 8, 3, 3), (affine("oc"), affine("ic"), affine("kh"), affine("kw"))),
        psum=Operand("psum", 32, (23, 12, 12), (affine("oc"), affine("oh"), affine("ow"))),
        ofmap_bits=8,
    )
    return kernel, small_machine(ports=(17, 64, 1), buffers=(2048, 2**14, 2**15, 64), side=3)


def test_a_search_ends_at_its_budget_and_says_what_is_left() -> None:
    kernel, machine = starved()
    objective = objective_for("cycles", kernel, machine)
    greedy = EXACT.evaluate(kernel, EXACT.greedy(kernel, machine), machine).cycles.total
    best, bound = greedy, 0
    for steps in (1, 10_000, 100_000):
        proof = search(kernel, machine, objective, steps).certificate
        # One piece of work may overdraw: all orders' arrays for one group of a thousand ways to cut at most.
        assert proof.steps < steps + 100_000
        assert proof.proven == "none"
        # More work finds no worse, and proves no less. All results leave once: 23 * 12 * 12 * 8 cycles at one bit each.
        assert bound <= proof.bound < proof.best <= best <= greedy
        best, bound = proof.best, proof.bound
    assert bound >= 23 * 12 * 12 * 8
    assert search(kernel, machine, objective, steps).certificate == proof
    assert best < greedy


def test_how_much_is_priced_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def proofs() -> list[tuple[float, str]]:
        found: list[tuple[float, str]] = []
        for kernel, machine in random_layers(3, len(KINDS)):
            for name in ("cycles", "energy"):
                try:
                    proof = search(kernel, machine, objective_for(name, kernel, machine), inf).certificate
                except TilingError:
                    continue
                found.append((pytest.approx(proof.best, rel=1e-12), proof.proven))
        return found

    usual = proofs()
    monkeypatch.setattr(frontier, "BLOCK", 4)
    monkeypatch.setattr(pricing, "FEW", 1)
    monkeypatch.setattr(pricing, "CHUNK", 3)
    assert proofs() == usual


def test_a_layer_beyond_64_bits() -> None:
    """Products of 2**70 multiplications; whole, nothing fits but small tiles."""
    kernel = row_convolution(ic=2**30, oc=2**30, ow=2**10)
    machine = small_machine(buffers=(2**40, 2**40, 2**40, 64), ports=(2**20, 2**20, 2**20), side=2**7)
    proof = search(kernel, machine, objective_for("cycles", kernel, machine), 20_000).certificate
    # 2**70 multiplications on 2**14 PEs.
    assert 2**56 <= proof.bound <= proof.best
