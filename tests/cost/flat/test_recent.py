"""Which rungs were the best lately, by hand."""

from __future__ import annotations

import pytest

from simdc.cost.flat import recent as at
from simdc.cost.flat import rungs
from simdc.cost.flat.climb import HEAP

MANY = 10**9


def ladder(walks: list[dict[int, int]], results: list[int]) -> list[int]:
    """Walks with these numbers, and images of so many elements of the result, each in one tile more than the one
    before and each as large for the ifmap as its number says."""
    rows = rungs.WALK_ROWS + len(walks) * rungs.WALK
    row = [0] * (rows + len(results) * (rungs.IMAGE + rungs.ELEMENTS))
    row[rungs.WALKS], row[rungs.IMAGES], row[rungs.IMAGE_ROWS] = len(walks), len(results), rows
    row[rungs.TABLE_ROWS] = rows + len(results) * rungs.IMAGE
    for number, walk in enumerate(walks):
        begin = rungs.WALK_ROWS + number * rungs.WALK
        row[begin : begin + rungs.WALK] = [1] * rungs.WALK
        row[begin + rungs.TABLE] = row[begin + rungs.IMAGE_INSIDE] = 0
        for place, value in walk.items():
            row[begin + place] = value
    for number, elements in enumerate(results):
        image = rows + number * rungs.IMAGE
        row[image : image + rungs.IMAGE] = [number + 1, 1, 1, 1, *[elements] * rungs.ELEMENTS]
        table = row[rungs.TABLE_ROWS] + number * rungs.ELEMENTS
        row[table : table + rungs.ELEMENTS] = [elements] * rungs.ELEMENTS
    return row


def machine(psum_fits: int = MANY) -> list[int]:
    """One cycle of fill, ports of one bit a cycle, elements of one bit."""
    row = [1] * rungs.SHARED_ROWS
    row[rungs.WEIGHTS_FIT] = row[rungs.IFMAP_FITS] = row[rungs.BIAS_FITS] = MANY
    row[rungs.PSUM_FITS], row[rungs.SHARED], row[rungs.BARRED] = psum_fits, 0, 0
    return row


@pytest.mark.parametrize(
    ("results", "fits", "image"),
    [
        # The same size, a smaller one where there is none such, the largest that fits, none small enough.
        (4, MANY, 1),
        (3, MANY, 2),
        (9, MANY, 0),
        (9, 2, 2),
        (0, MANY, -1),
        (4, 0, -1),
    ],
)
def test_an_image_like_the_last_one(results: int, fits: int, image: int) -> None:
    filled = ladder([{}], [8, 4, 2, 1])
    assert at.image_like(filled, machine(fits), rungs.WALK_ROWS, results) == image


def test_no_image_where_the_weights_do_not_fit() -> None:
    filled, on = ladder([{rungs.WEIGHT + rungs.WIDEST: 5}], [8, 4]), machine()
    assert at.image_like(filled, on, rungs.WALK_ROWS, 4) == 1
    on[rungs.WEIGHTS_FIT] = 4
    assert at.image_like(filled, on, rungs.WALK_ROWS, 4) == -1


def test_the_last_ones_are_remembered_each_once() -> None:
    filled, recent = ladder([{}] * 4, [8, 4]), [-1] * at.RECENT_ROW
    for rung, wanted in (
        (5, [2, 4, -1, -1, -1, -1]),
        (5, [2, 4, -1, -1, -1, -1]),
        (4, [2, 8, 2, 4, -1, -1]),
        (0, [0, 8, 2, 8, 2, 4]),
        (4, [2, 8, 0, 8, 2, 4]),
        (5, [2, 4, 2, 8, 0, 8]),
        (7, [3, 4, 2, 4, 2, 8]),
    ):
        at.remember(filled, recent, rung)
        assert recent == wanted


def test_the_most_promising_of_them() -> None:
    """The walk with 50 passes has the least bound, wherever it stands; without it the one with 60."""
    filled, on = ladder([{rungs.PASSES: passes} for passes in (70, 50, 60)], [8, 4]), machine()
    waiting = [0] * HEAP
    for recent, wanted in (
        ([0, 8, 1, 8, 2, 8], 2),
        ([1, 8, 0, 8, 2, 8], 2),
        ([2, 8, 0, 8, 1, 4], 3),
        ([2, 4, 0, 8, -1, -1], 5),
        # Of another ladder, which had more walks.
        ([3, 8, 0, 4, -1, -1], 1),
        ([3, 8, -1, -1, -1, -1], -1),
    ):
        assert at.recalled(filled, on, recent, waiting) == wanted


def test_of_equals_the_last_one_that_was_the_best() -> None:
    filled, on, waiting = ladder([{}] * 3, [8, 8]), machine(), [0] * HEAP
    assert at.recalled(filled, on, [1, 8, 0, 8, 2, 8], waiting) == 2
