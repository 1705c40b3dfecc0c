"""The search on layers worked by hand, and the tile sizes that it tries. Against all schedules: tests/oracles."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simdc.cost import Cost, ExactModel, Hardware, Kernel, TilingError
from simdc.cost.search import objective_for, search
from simdc.cost.search.candidates import all_sizes, even
from tests.cost.machines import row_convolution, small_machine
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
