"""Tiles at a border, all small cases: a footprint says of every tile what the tile touches inside the tensor."""

from __future__ import annotations

from itertools import product

import pytest

from simdc.cost import Operand, affine
from simdc.cost.axis import Axis
from simdc.cost.grid import Grid
from tests.cost.machines import small_machine

MACHINE = small_machine(stores_padding=False)


def clipped(low: int, high: int, extent: int) -> int:
    """Positions of [low, high] inside [0, extent)."""
    return sum(0 <= place < extent for place in range(low, high + 1))


def tiles(bound: int, size: int) -> list[range]:
    return [range(start, min(start + size, bound)) for start in range(0, bound, size)]


def kind_of(axis: Axis, index: int) -> int:
    """Which of the axis's kinds the tile is of."""
    end = 0
    for number, (many, _) in enumerate(axis.kinds()):
        end += many
        if index < end:
            return number
    raise AssertionError("more tiles than kinds account for")


@pytest.mark.parametrize("extent", [1, 2, 4])
@pytest.mark.parametrize("padding", [0, 1, 2, 3, 5, -1, -3])
@pytest.mark.parametrize(("step", "reach"), [(1, 1), (2, 1), (1, 2), (3, 2)])
def test_windows_over_a_border(extent: int, padding: int, step: int, reach: int) -> None:
    """Window positions `step*o + reach*k - padding` with any bounds and tiles of both loops."""
    for (outs, out_tile), (taps, tap_tile) in product(
        ((6, 1), (7, 2), (5, 3), (4, 9)), ((1, 1), (3, 1), (4, 2), (2, 9))
    ):
        operand = Operand("x", 8, (extent,), (affine(("o", step), ("k", reach), constant=-padding),))
        bounds = {"o": outs, "k": taps}
        grid = Grid(bounds, bounds, ("o", "k"), (out_tile, tap_tile), (operand,), MACHINE)
        footprint = grid.footprint(operand)
        by_kinds: dict[tuple[int, ...], int] = {}
        total = largest = 0
        for (i, o), (j, k) in product(enumerate(tiles(outs, out_tile)), enumerate(tiles(taps, tap_tile))):
            low, high = step * o[0] + reach * k[0] - padding, step * o[-1] + reach * k[-1] - padding
            inside = clipped(low, high, extent)
            total, largest = total + inside, max(largest, inside)
            places = {"o": i, "k": j}
            assert footprint.at(tuple(axis.place(places[axis.loop]) for axis in footprint.axes)) == inside
            # All tiles of one kind touch equally many positions.
            kinds = tuple(kind_of(axis, places[axis.loop]) for axis in footprint.axes)
            assert by_kinds.setdefault(kinds, inside) == inside
        assert (footprint.total, footprint.largest) == (total, largest)


def test_only_tiles_near_the_border_are_isolated() -> None:
    """1000 windows of 3 in tiles of 10, padded by 2 on either side: the first, the last, and one between."""
    operand = Operand("x", 8, (998,), (affine("o", "k", constant=-2),))
    bounds = {"o": 1000, "k": 3}
    grid = Grid(bounds, bounds, ("o", "k"), (10, 3), (operand,), MACHINE)
    (axis,) = grid.axes
    assert [many for many, _ in axis.kinds()] == [1, 98, 1]


def test_tiles_outside_are_of_one_kind() -> None:
    """100 positions from 50 before a tensor of 4 on: tiles of 2 before, within and behind it."""
    operand = Operand("x", 8, (4,), (affine("o", constant=-50),))
    grid = Grid({"o": 100}, {"o": 100}, ("o",), (2,), (operand,), MACHINE)
    (axis,) = grid.axes
    assert axis.segment_count <= 6
    assert grid.footprint(operand).total == 4
