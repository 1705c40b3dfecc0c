"""What images touch along a dimension, with one loop of the image in it or several."""

from __future__ import annotations

from itertools import chain
from random import Random

import pytest

from simdc.cost.flat import array_images as at
from simdc.cost.flat.array_ladder import TOUCHED_PLACES, touch
from simdc.cost.flat.tiles import LOOP, LOOP_ROWS, LOOPS, OPERAND_ROWS
from tests.oracles.core_forms import Checked

IMAGES, LENGTH = 7, 5


@pytest.mark.parametrize("several", [False, True])
def test_it_is_what_each_image_touches(several: bool) -> None:
    random, cut_windows = Random(several), 0
    for _ in range(40):
        many = random.randint(2, 5)
        # One dimension by all loops; the image has the first, or the first two.
        image = 3 if several else 1
        plan = Checked([0] * (OPERAND_ROWS + 3 + 2 * many))
        bounds, steps = ([random.randint(1, 12) for _ in range(many)] for _ in range(2))
        plan[LOOPS], plan[OPERAND_ROWS] = many, OPERAND_ROWS + 1
        plan[OPERAND_ROWS + 1 : OPERAND_ROWS + 3] = [1, many]
        for loop, (bound, step) in enumerate(zip(bounds, steps, strict=True)):
            plan[LOOP_ROWS + loop * LOOP : LOOP_ROWS + loop * LOOP + 2] = [bound, bound]
            plan[OPERAND_ROWS + 3 + 2 * loop : OPERAND_ROWS + 5 + 2 * loop] = [loop, step]
        # Where a number of the image stands in a window it is 0.
        window = [0 if image >> loop & 1 else random.randint(1, bound) for loop, bound in enumerate(bounds)]
        cut_windows += window[many - 1] < bounds[many - 1]
        ways = [
            [random.randint(1, bound) if image >> loop & 1 else 0 for loop, bound in enumerate(bounds)]
            for _ in range(IMAGES)
        ]
        ways[3] = ways[2]
        found, room = Checked([0] * (2 + IMAGES * LENGTH)), Checked([0] * 64)
        row = Checked([9, 9, *window]), 2, Checked([8, *chain.from_iterable(ways)]), 1
        at.touch_images(plan, 0, image, *row, IMAGES, room, found, 2, LENGTH)
        for number, way in enumerate(ways):
            sizes = [one + other for one, other in zip(window, way, strict=True)] + [0] * 64
            touch(plan, OPERAND_ROWS + 2, sizes, sizes, TOUCHED_PLACES)
            begin = 2 + number * LENGTH
            assert found[begin : begin + LENGTH] == [*sizes[TOUCHED_PLACES : TOUCHED_PLACES + 4], 0]
    assert cut_windows > 10
