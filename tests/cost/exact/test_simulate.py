"""`exact` against the tile simulator, which knows no closed form: equal on every count and cycle."""

from __future__ import annotations

import re

from hypothesis import given, reject, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from simdc.backends.simulate import simulate
from simdc.cost import ExactModel, Hardware, Kernel, Tiling, TilingError, VectorProgram
from simdc.cost.tiling import loop_bounds
from tests.strategies import MAX_ARRAY, contractions, convolutions, machines, tilings, vector_programs

EXACT = ExactModel()


def agree(kernel: Kernel, tiling: Tiling, machine: Hardware) -> None:
    try:
        cost = EXACT.evaluate(kernel, tiling, machine)
    except TilingError as error:
        # The only refusals on a machine with roomy memories; the simulator does not mind.
        if isinstance(kernel, VectorProgram) and re.search("before it is complete|cannot be cut", str(error)):
            reject()
        raise
    assert cost == simulate(kernel, tiling, machine)


@st.composite
def split_tilings(draw: DrawFn, kernel: Kernel, parts: tuple[int, ...], loops: tuple[str, ...] = ()) -> Tiling:
    """Any order; each of `loops` (or every loop) cut into so many parts, as near as its bound allows, others whole."""
    bounds = loop_bounds(kernel)
    order = tuple(draw(st.permutations(list(bounds))))
    sizes = {
        loop: -(-bound // draw(st.sampled_from(parts))) if not loops or loop in loops else bound + MAX_ARRAY
        for loop, bound in bounds.items()
    }
    return Tiling(order, tuple(sizes[loop] for loop in order))


@given(st.data(), machines())
@settings(max_examples=400)
def test_contractions(data: st.DataObject, machine: Hardware) -> None:
    kernel = data.draw(contractions())
    agree(kernel, data.draw(tilings(kernel)), machine)


@given(st.data(), machines())
@settings(max_examples=400)
def test_vector_programs(data: st.DataObject, machine: Hardware) -> None:
    kernel = data.draw(vector_programs())
    agree(kernel, data.draw(tilings(kernel)), machine)


@given(st.data(), machines(), st.one_of(contractions(), vector_programs()))
@settings(max_examples=200)
def test_loops_in_one_two_or_three_tiles(data: st.DataObject, machine: Hardware, kernel: Kernel) -> None:
    agree(kernel, data.draw(split_tilings(kernel, (1, 2, 3))), machine)


@given(st.data(), machines(), contractions())
@settings(max_examples=200)
def test_sums_split_over_tiles(data: st.DataObject, machine: Hardware, kernel: Kernel) -> None:
    assert not isinstance(kernel, VectorProgram)
    summed = tuple(loop.name for loop in kernel.loops if loop.name not in kernel.psum.loops)
    results = tuple(loop.name for loop in kernel.loops if loop.name in kernel.psum.loops)
    chosen = (*summed, data.draw(st.sampled_from(results)))
    agree(kernel, data.draw(split_tilings(kernel, (2, 3), chosen)), machine)


@given(st.data(), machines(stores_padding=False), convolutions())
@settings(max_examples=200)
def test_windows_clipped_at_the_border(data: st.DataObject, machine: Hardware, kernel: Kernel) -> None:
    agree(kernel, data.draw(split_tilings(kernel, (2, 3, 5), ("oh", "ow", "kh", "kw"))), machine)


@given(machines(), st.one_of(contractions(), vector_programs()))
@settings(max_examples=50)
def test_tiles_larger_than_the_layer(machine: Hardware, kernel: Kernel) -> None:
    bounds = loop_bounds(kernel)
    whole = Tiling(tuple(bounds), tuple(bounds.values()))
    larger = Tiling(tuple(bounds), tuple(10 * bound + 7 for bound in bounds.values()))
    agree(kernel, larger, machine)
    assert EXACT.evaluate(kernel, larger, machine) == EXACT.evaluate(kernel, whole, machine)
