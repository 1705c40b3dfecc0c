"""Loops cut in two visit the same elements."""

from __future__ import annotations

from itertools import product
from math import prod
from random import Random

import pytest

from simdc.cost.kernel import Loop, affine
from simdc.ir.nest_splitting import groups_of, with_loop_cut
from simdc.ir.nest_text import Access, Nest


def test_groups() -> None:
    assert groups_of((4, 8, 8), (1, 2, 2, 8, 8)) == [((0,), (1, 2)), ((1,), (3,)), ((2,), (4,))]
    # 6 * 10 = 4 * 15, and no fewer.
    assert groups_of((6, 10, 1), (4, 15)) == [((0, 1), (0, 1))]
    assert groups_of((1, 1), (1,)) == []


def visited(nest: Nest) -> list[tuple[int, ...]]:
    """The elements of every operand, as numbers in the order of memory, iteration by iteration."""
    found: list[tuple[int, ...]] = []
    for places in product(*(range(loop.bound) for loop in nest.loops)):
        at = dict(zip(nest.bounds, places, strict=True))
        numbers: list[int] = []
        for access in (*nest.inputs, *nest.results):
            index = [sum(step * at[name] for name, step in each.terms) + each.constant for each in access.index]
            assert all(0 <= each < size for each, size in zip(index, access.shape, strict=True))
            numbers.append(sum(each * prod(access.shape[n + 1 :]) for n, each in enumerate(index)))
        found.append(tuple(numbers))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_a_cut_loop(seed: int) -> None:
    draw = Random(seed)
    sizes = [draw.randint(2, 4) for _ in range(draw.randint(2, 3))]
    whole, other = prod(sizes), draw.randint(1, 3)
    step = draw.randint(1, 3)
    wide = Access((step * (whole - 1) + other,), (affine(("a", step), "b"),))
    nest = Nest(
        (Loop("a", whole), Loop("b", other)),
        (Access((other, whole), (affine("b"), affine("a"))), wide),
        (Access((whole, other), (affine("a"), affine("b"))),),
    )
    cut, names = with_loop_cut(nest, "a", sizes)
    assert [cut.bounds[name] for name in names] == sizes
    assert cut.results[0].shape == (*sizes, other)
    assert visited(cut) == visited(nest)
