"""Arrays of tilings against one tiling at a time: equal element for element."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simdc.cost import Cost, ExactModel, Hardware, Kernel, Tiling, TilingError
from simdc.cost.kernel import Contraction, Loop, Operand, affine
from simdc.cost.schedules import bound_many, evaluate_many
from simdc.cost.tiling import loop_bounds
from tests.cost.machines import ROOMY_BITS, row_convolution, small_machine
from tests.strategies import contractions, convolutions, machines, vector_programs

EXACT = ExactModel()


def numbers(cost: Cost) -> dict[str, object]:
    """Every number of a cost by name."""
    parts = ("cycles", "dram_bits", "sram_bits", "busy")
    return {f"{part}.{name}": value for part in parts for name, value in getattr(cost, part)._asdict().items()} | dict(
        cost.ops
    )


def drawn_sizes(data: st.DataObject, kernel: Kernel, order: list[str], count: int) -> np.ndarray:
    bounds = loop_bounds(kernel)
    rows = st.tuples(*(st.integers(1, bounds[loop] + 2) for loop in order))
    return np.array(data.draw(st.lists(rows, min_size=count, max_size=count)), dtype=np.int64)


def agree(kernel: Kernel, order: list[str], sizes: np.ndarray, machine: Hardware) -> None:
    exact, least = evaluate_many(kernel, order, sizes, machine), bound_many(kernel, order, sizes, machine)
    found = numbers(exact.cost)
    assert (exact.legal == least.legal).all()
    for row, tile in enumerate(sizes):
        try:
            cost = EXACT.evaluate(kernel, Tiling(tuple(order), tuple(map(int, tile))), machine)
        except TilingError:
            assert not exact.legal[row]
            continue
        assert exact.legal[row]
        assert {name: values[row] for name, values in found.items()} == numbers(cost)
        assert least.cost.cycles.total[row] <= cost.cycles.total
        assert least.cost.dram_bits.total[row] == cost.dram_bits.total
        assert least.cost.sram_bits.total[row] == cost.sram_bits.total


@given(st.data(), machines(), st.one_of(contractions(), vector_programs()))
@settings(max_examples=150)
def test_any_kernel_on_any_machine(data: st.DataObject, machine: Hardware, kernel: Kernel) -> None:
    order = data.draw(st.permutations(list(loop_bounds(kernel))))
    agree(kernel, order, drawn_sizes(data, kernel, order, 12), machine)


@given(st.data(), machines(stores_padding=False), convolutions())
@settings(max_examples=75)
def test_clipped_windows(data: st.DataObject, machine: Hardware, kernel: Kernel) -> None:
    order = data.draw(st.permutations(list(loop_bounds(kernel))))
    agree(kernel, order, drawn_sizes(data, kernel, order, 12), machine)


@pytest.mark.parametrize(("ow", "kw"), [(2, 3), (3, 2), (3, 4)])
def test_clipped_tiles_need_beside_others_what_they_need_alone(ow: int, kw: int) -> None:
    """Positions ow + kw - before, cut in every way at once: some have fewer kinds of tiles at the border than others.
    ow = 3, kw = 4 in tiles of 2 and 2, 4 positions before: kw of 0, 1 lie before the image; kw of 2, 3 reach 1 position
    with ow of 0, 1 and 2 with the last ow. So 16 bits are needed, whatever would lie beyond the last tile."""
    loops = (Loop("kw", kw), Loop("ow", ow))
    cuts = list(product(range(1, kw), range(1, ow)))
    for before, width in product(range(ow + kw), range(1, 6)):
        index, weight, psum = affine("ow", "kw", constant=-before), affine("kw"), affine("ow")
        kernel = Contraction(
            kind="conv2d",
            loops=loops,
            ifmap=Operand("ifmap", 8, (width,), (index,)),
            weight=Operand("weight", 8, (kw,), (weight,)),
            psum=Operand("psum", 32, (ow,), (psum,)),
            ofmap_bits=8,
            rows="kw",
            columns="ow",
        )
        for bits in (2 * 8, 2 * 16, 2 * 24):
            machine = small_machine(buffers=(ROOMY_BITS, bits, ROOMY_BITS, ROOMY_BITS))
            agree(kernel, ["kw", "ow"], np.array(cuts), machine)


def test_what_does_not_fit_is_marked() -> None:
    # 96 bits of weights for oc = 2, ic = 2, kw = 3 at 8 bits: half of a buffer of 192 bits holds them, of 191 not.
    kernel, order = row_convolution(ic=2, oc=2, ow=4, kw=3), ["oc", "ic", "kw", "ow"]
    sizes = [[2, 2, 3, 4], [1, 2, 3, 4]]
    for bits, legal in ((192, [True, True]), (191, [False, True])):
        machine = small_machine(buffers=(bits, *(ROOMY_BITS,) * 3))
        assert evaluate_many(kernel, order, sizes, machine).legal.tolist() == legal


def test_numbers_beyond_64_bits_stay_exact() -> None:
    kernel = row_convolution(ic=2**31, oc=2**31, ow=2**20, kw=1)
    order, tile = ["oc", "ic", "kw", "ow"], (2**26, 2**26, 1, 2**19)
    machine = small_machine(buffers=(10**18,) * 4)
    many = evaluate_many(kernel, order, [tile], machine)
    assert many.cost.cycles.total[0] == EXACT.evaluate(kernel, Tiling(tuple(order), tile), machine).cycles.total > 2**63


@pytest.mark.parametrize(
    ("order", "sizes", "words"),
    [
        (["oc", "ic", "ow"], [[1, 1, 1]], "order loops"),
        (["oc", "ic", "kw", "ow"], [[1, 1, 1]], r"shape \[tilings, 4\]"),
        (["oc", "ic", "kw", "ow"], [[1, 1, 0, 1]], "positive whole"),
        (["oc", "ic", "kw", "ow"], [[1, 1, 1.5, 1]], "positive whole"),
    ],
)
def test_wrong_input_is_refused(order: list[str], sizes: list[list[float]], words: str) -> None:
    with pytest.raises(TilingError, match=words):
        evaluate_many(row_convolution(ic=2, oc=2, ow=4, kw=3), order, sizes, small_machine())


def test_no_tilings_give_no_costs() -> None:
    many = evaluate_many(
        row_convolution(ic=2, oc=2, ow=4, kw=3), ["oc", "ic", "kw", "ow"], np.zeros((0, 4), int), small_machine()
    )
    assert many.legal.shape == (0,)
