"""The classes of neighbourhoods against a walk over every tile."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from itertools import pairwise, product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from simdc.cost.axis import Axis, Places, combinations
from simdc.cost.exact.segments import segments

Index = tuple[int, ...]
Signature = tuple[object, ...]


@st.composite
def axes(draw: DrawFn) -> list[Axis]:
    """Up to four axes of two to six tiles, each with any cuts, as edge tiles and clipped borders make them."""
    found: list[Axis] = []
    for number in range(draw(st.integers(0, 4))):
        count = draw(st.integers(2, 6))
        axis = Axis(f"l{number}", count, 1, clip=True)
        found.append(axis.cut_at(*draw(st.sets(st.integers(1, count - 1)))))
    return found


def at(places: Places | None) -> Index | None:
    """Tile indices: these axes have tiles of one iteration."""
    return None if places is None else tuple(place.start for place in places)


def kinds(index: Index | None, over: list[Axis]) -> tuple[int, ...] | None:
    """The stretch between two cuts in which each entry lies."""
    if index is None:
        return None
    firsts = [[kind[0].start for _, kind in axis.kinds()] for axis in over]
    return tuple(bisect_right(starts, i) for starts, i in zip(firsts, index, strict=True))


def stepped(here: Index | None, after: Index | None) -> int | None:
    """The outermost axis that differs."""
    if here is None or after is None:
        return None
    return next(slot for slot, (i, j) in enumerate(zip(here, after, strict=True)) if i != j)


def signature(before: Index | None, here: Index, after: Index | None, over: list[Axis]) -> Signature:
    """All that a cost may depend on: what the three tiles look like, and which loop steps between them."""
    return (kinds(before, over), kinds(here, over), kinds(after, over), stepped(before, here), stepped(here, after))


def walked(over: list[Axis]) -> Counter[Signature]:
    tiles = list(product(*(range(axis.count) for axis in over)))
    padded = [None, *tiles, None]
    return Counter(
        signature(before, here, after, over) for before, here, after in zip(padded, tiles, padded[2:], strict=False)
    )


@given(axes())
@settings(max_examples=150)
def test_classes_are_those_of_the_walk(over: list[Axis]) -> None:
    found: Counter[Signature] = Counter()
    for times, *tiles, entered, left in segments(over):
        before, here, after = (at(places) for places in tiles)
        assert times > 0
        assert before is None or entered == stepped(before, here)
        assert after is None or left == stepped(here, after)
        found[signature(before, here, after, over)] += times
    assert found == walked(over)
    assert found.total() == prod(axis.count for axis in over)


@given(axes())
@settings(max_examples=50)
def test_representatives_are_neighbours_in_the_walk(over: list[Axis]) -> None:
    tiles = list(product(*(range(axis.count) for axis in over)))
    following = {**dict(pairwise(tiles)), tiles[-1]: None}
    for _, *places, _, _ in segments(over):
        before, here, after = (at(place) for place in places)
        assert after == following[here]
        assert here == (tiles[0] if before is None else following[before])


@given(axes())
@settings(max_examples=50)
def test_combinations_count_every_tile_by_kind(over: list[Axis]) -> None:
    found: Counter[object] = Counter()
    for times, places in combinations(over):
        found[kinds(at(places), over)] += times
    assert found == Counter(kinds(index, over) for index in product(*(range(axis.count) for axis in over)))


@pytest.mark.parametrize("count", [10, 10**6])
def test_their_number_does_not_depend_on_how_many_tiles_there_are(count: int) -> None:
    over = [Axis(f"l{number}", 2 * count - 1, 2, clip=False) for number in range(5)]
    classes = list(segments(over))
    assert sum(times for times, *_ in classes) == count**5
    # Inside a row: middle and next to the edge, for 2**4 kinds of what is outside; at its two ends, for each wrap.
    assert len(classes) == len(list(segments([Axis(f"l{number}", 19, 2, clip=False) for number in range(5)])))
