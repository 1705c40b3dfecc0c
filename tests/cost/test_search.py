"""The search against brute force over every tile size and every loop order, and against greedy."""

from __future__ import annotations

from itertools import permutations, product
from math import factorial, inf, prod
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simdc.cost import Cost, ExactModel, Hardware, Kernel, TilingError
from simdc.cost.hardware import Buffers
from simdc.cost.schedules import evaluate_many
from simdc.cost.search import OBJECTIVES, Objective, objective_for, search
from simdc.cost.search.candidates import all_sizes, even
from simdc.cost.tiling import loop_bounds
from tests.cost.machines import row_convolution, small_machine
from tests.strategies import contractions, convolutions, machines, vector_programs

EXACT = ExactModel()
MOST = 4_000


def brute_force(kernel: Kernel, machine: Hardware, objective: Objective) -> Any:
    """The least of all schedules, priced one and all."""
    bounds = loop_bounds(kernel)
    # A loop of one iteration has one size, wherever it stands.
    loops = [loop for loop, bound in bounds.items() if bound > 1]
    still = [loop for loop in bounds if loop not in loops]
    table = np.array(list(product([1], *(range(1, bounds[loop] + 1) for loop in loops))))
    least = inf
    for order in permutations(loops):
        columns = [0] * len(still) + [1 + loops.index(loop) for loop in order]
        many = evaluate_many(kernel, [*still, *order], table[:, columns], machine)
        if many.legal.any():
            least = min(least, np.broadcast_to(objective(many.cost), many.legal.shape)[many.legal].min())
    return least


def small(kernel: Kernel) -> bool:
    bounds = [bound for bound in loop_bounds(kernel).values() if bound > 1]
    return factorial(len(bounds)) <= 24 and prod(bounds) * factorial(len(bounds)) <= MOST


def tight(machine: Hardware, share: float, kernel: Kernel) -> Hardware:
    """Memories that hold about `share` of what the greedy tiling of a roomy machine wants."""
    bounds = loop_bounds(kernel)
    need = EXACT.evaluate(kernel, EXACT.greedy(kernel, machine), machine).dram_bits.total
    bits = max(64, int(share * need))
    array = evolve(machine.systolic, buffers=Buffers(bits, bits, bits, max(bits, 64 * max(bounds.values()))))
    return evolve(machine, systolic=array, simd=evolve(machine.simd, vmem_bits=4 * bits))


@given(
    st.data(),
    machines(),
    st.one_of(contractions(), convolutions(), vector_programs()),
    st.sampled_from(OBJECTIVES),
    st.floats(0.05, 2.0),
)
@settings(max_examples=30)
def test_nothing_beats_what_it_finds(
    data: st.DataObject, machine: Hardware, kernel: Kernel, name: str, share: float
) -> None:
    assume(small(kernel))
    machine = tight(machine, share, kernel)
    objective = objective_for(name, kernel, machine)
    least = brute_force(kernel, machine, objective)
    if least == inf:
        with pytest.raises(TilingError):
            search(kernel, machine, objective, rows=inf)
        return
    tiling, cost, certificate = search(kernel, machine, objective, rows=inf)
    assert objective(cost) == pytest.approx(least, rel=1e-12)
    assert EXACT.evaluate(kernel, tiling, machine) == cost
    assert certificate.best == certificate.bound == objective(cost)
    assert certificate.candidates == prod(loop_bounds(kernel).values()) * factorial(len(loop_bounds(kernel)))


@given(machines(), st.one_of(convolutions(), vector_programs()), st.floats(0.05, 2.0))
@settings(max_examples=20)
def test_a_bound_that_is_not_the_optimum_lies_below_it(machine: Hardware, kernel: Kernel, share: float) -> None:
    assume(small(kernel))
    machine = tight(machine, share, kernel)
    objective = objective_for("cycles", kernel, machine)
    least = brute_force(kernel, machine, objective)
    assume(least < inf)
    try:
        certificate = search(kernel, machine, objective, rows=0).certificate
    except TilingError:
        return
    assert certificate.bound <= least <= certificate.best


def test_the_objective_may_be_any_function_of_the_cost() -> None:
    # Spilling psums costs nothing here, loading anything does: the best schedule loads weight and ifmap once.
    kernel, machine = row_convolution(ic=4, oc=4, ow=6), small_machine(buffers=(64, 64, 2**20, 2**20))
    found = search(kernel, machine, lambda cost: cost.dram_bits.weight + cost.dram_bits.ifmap)
    assert found.certificate.best == (4 * 4 + 4 * 6) * 8


def test_sums_stay_on_the_array_where_they_can() -> None:
    """A 1x1 convolution from 4 to 2 channels on 8 pixels. Psums of 4 pixels fit, and 2 weights: greedy cuts input
    channels outside pixels, so 2 x 8 psums leave and come back for each of the later cuts. With input channels inside
    the pixels none does: the weights come twice instead."""
    kernel = row_convolution(ic=4, oc=2, ow=8)
    machine = small_machine(buffers=(2 * 2 * 2 * 8, 2**20, 2 * 2 * 4 * 32, 2**20))
    greedy = EXACT.evaluate(kernel, EXACT.greedy(kernel, machine), machine)
    assert greedy.dram_bits.psum == 2 * (2 * 8) * 32
    found = search(kernel, machine, objective_for("dram", kernel, machine))
    assert found.cost.dram_bits.total == 2 * (4 * 2) * 8 + (4 * 8) * 8 + (2 * 8) * 8


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
