"""Tiles cover the loop nest exactly once, and footprints are what an enumeration of the points gives."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from simdc.backends.simulate.footprint import footprint_elements
from simdc.backends.simulate.walk import Tile, neighbours, walk
from simdc.cost.kernel import Contraction, Operand, affine
from simdc.cost.tiling import Tiling, loop_bounds
from tests.strategies import contractions, tilings


def test_last_loop_moves_fastest_and_edges_keep_their_size() -> None:
    tiles = list(walk({"a": 5, "b": 3}, Tiling(("b", "a"), (2, 4))))
    assert [(tile.values["b"], tile.values["a"]) for tile in tiles] == [
        (range(2), range(4)),
        (range(2), range(4, 5)),
        (range(2, 3), range(4)),
        (range(2, 3), range(4, 5)),
    ]
    assert [tile.place(("a", "b")) for tile in tiles] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert tiles[1].begins(["b"])
    assert tiles[1].finishes(["a"])
    assert not tiles[1].finishes(["a", "b"])


def test_a_size_beyond_the_bound_is_clipped() -> None:
    (tile,) = walk({"a": 3}, Tiling(("a",), (100,)))
    assert tile.size(["a"]) == 3


def test_loops_of_other_phases_are_passed_over() -> None:
    tiles = list(walk({"a": 2}, Tiling(("b", "a"), (1, 1))))
    assert [tile.place(("a",)) for tile in tiles] == [(0,), (1,)]


def test_neighbours_end_in_none() -> None:
    assert list(neighbours("")) == []
    assert list(neighbours("a")) == [(None, "a", None)]
    assert list(neighbours("abc")) == [(None, "a", "b"), ("a", "b", "c"), ("b", "c", None)]


def test_a_tap_that_sees_only_the_border_touches_nothing_but_stored_padding() -> None:
    tile = Tile(index={"ow": 0}, values={"ow": range(2)}, counts={"ow": 1})
    row = Operand("x", 8, (4,), (affine("ow", constant=-5),))
    assert footprint_elements(row, tile, stores_padding=False) == 0
    assert footprint_elements(row, tile, stores_padding=True) == 2


@given(st.data())
def test_every_point_belongs_to_one_tile(data: st.DataObject) -> None:
    kernel: Contraction = data.draw(contractions())
    bounds = loop_bounds(kernel)
    volume = 0
    corners: set[tuple[int, ...]] = set()
    for tile in walk(bounds, data.draw(tilings(kernel))):
        volume += tile.size(bounds)
        corners.add(tuple(tile.values[loop][0] for loop in bounds))
        assert all(0 <= tile.values[loop][0] <= tile.values[loop][-1] < bounds[loop] for loop in bounds)
    expected = 1
    for bound in bounds.values():
        expected *= bound
    assert volume == expected
    starts = [{corner[axis] for corner in corners} for axis in range(len(bounds))]
    assert corners == set(product(*starts))


@given(st.data())
def test_footprints_are_boxes_around_the_touched_positions(data: st.DataObject) -> None:
    kernel: Contraction = data.draw(contractions())
    tiles = list(walk(loop_bounds(kernel), data.draw(tilings(kernel, max_tiles=20))))
    tile = data.draw(st.sampled_from(tiles))
    for operand in kernel.operands:
        stored = clipped = 1
        for expression, extent in zip(operand.index, operand.shape, strict=True):
            loops = [loop for loop, _ in expression.terms]
            touched = {
                expression.constant
                + sum(step * value for (_, step), value in zip(expression.terms, point, strict=True))
                for point in product(*(tile.values[loop] for loop in loops))
            }
            box = range(min(touched), max(touched) + 1)
            stored *= len(box)
            clipped *= sum(0 <= position < extent for position in box)
        assert footprint_elements(operand, tile, stores_padding=True) == stored
        assert footprint_elements(operand, tile, stores_padding=False) == clipped
