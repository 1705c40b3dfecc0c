"""Which rungs wait, beside the bounds of all."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from simdc.cost.flat import climb, rails, rungs
from simdc.cost.flat.core import PLAIN
from simdc.cost.ladder.array import ArrayRungs
from simdc.cost.rule import GENESYS
from simdc.frozen import evolve
from tests.oracles.random_layers import random_contraction, random_machine
from tests.oracles.tight_machines import tight_machine

ROOM = 20_000


def ladders(seed: int) -> Iterator[tuple[list[int], list[int]]]:
    """Ladders of random layers with few walks, and random machines."""
    random = Random(seed)
    while True:
        kernel = random_contraction(random)._replace(macs=None)
        machine = tight_machine(random, kernel) if random.random() < 0.5 else random_machine(random)
        found = ArrayRungs(kernel, evolve(machine, stores_padding=True), GENESYS)
        ladder = found.in_form(PLAIN).ladder
        if ladder[rungs.WALKS] * ladder[rungs.IMAGES] < 2_000:
            yield ladder, found.machine


def bounds(ladder: list[int], on: list[int]) -> dict[int, tuple[int, int]]:
    """Of each rung that fits, by number: cycles and DRAM bits at least."""
    found: dict[int, tuple[int, int]] = {}
    for rung in range(ladder[rungs.WALKS] * ladder[rungs.IMAGES]):
        if rungs.rung_fits(ladder, on, rung):
            walk, bits = rungs.WALK_ROWS + rung // ladder[rungs.IMAGES] * rungs.WALK, [0]
            opening, image = rungs.first_weights(ladder, on, walk), rung % ladder[rungs.IMAGES]
            cycles = rungs.least_of_rung(ladder, on, walk, image, opening, -1, bits, 0)
            found[rung] = cycles, bits[0]
    return found


def waits(waiting: list[int]) -> dict[int, tuple[int, int]]:
    """As `bounds`, of what waits."""
    entries = waiting[climb.HEAP : climb.HEAP + waiting[climb.WAITING]]
    return {waiting[entry + 2]: (waiting[entry], waiting[entry + 1]) for entry in entries}


@pytest.mark.parametrize("seed", range(4))
def test_all_that_may_be_as_good_wait_and_nothing_else(seed: int) -> None:
    random, left_out, several = Random(seed), 0, 0
    for (ladder, on), _ in zip(ladders(seed), range(12), strict=False):
        every, waiting = bounds(ladder, on), [0] * rails.waiting_row(ROOM)
        if not every:
            assert rails.most_promising(ladder, on, waiting, ROOM) == climb.NONE_LEFT
            continue
        least = min(cycles for cycles, _ in every.values())
        for most in (least - 1, least, random.randrange(least, 2 * least), random.randrange(least, 20 * least)):
            wanted = {rung: bound for rung, bound in every.items() if bound[0] <= most}
            assert rails.await_rungs(ladder, on, waiting, ROOM, most) == len(wanted)
            assert waits(waiting) == wanted
            left_out, several = left_out + len(every) - len(wanted), several + (len(wanted) > 3)
        # Of equals the one with the least bits, and of these the first.
        found = rails.most_promising(ladder, on, waiting, ROOM)
        assert found == min(every, key=lambda rung: (*every[rung], rung))
    assert left_out > 1_000
    assert several > 5


def test_without_room() -> None:
    ladder, on, every = next((*case, every) for case in ladders(1) if (every := bounds(*case)))
    most = max(cycles for cycles, _ in every.values())
    waiting = [0] * rails.waiting_row(len(every))
    assert rails.await_rungs(ladder, on, waiting, len(every), most) == len(every) > 1
    assert rails.await_rungs(ladder, on, waiting, len(every) - 1, most) == climb.NO_ROOM
    assert rails.most_promising(ladder, on, waiting, 0) == climb.NO_ROOM


@pytest.mark.parametrize(
    ("most", "changed", "tiles"),
    [
        # 6 passes over 100 pixels after 50 cycles: of 1,000 cycles 350 are left for fills of 4 * 30.
        (1_000, {}, 2),
        (1_009, {}, 2),
        (1_010, {}, 3),
        (649, {}, -1),
        (5_000, {}, 9),
        (-1, {}, 9),
        # Nothing to fill: any number.
        (650, {"FILLED": 0}, 9),
        # 40 weights of 8 bits for each tile, 100 of bias once, at 16 bits in 5 cycles: 970 cycles are 3,104 bits.
        (1_000, {"PER_IMAGE": 1}, 2),
        (1_010, {"PER_IMAGE": 1}, 3),
        (1_010, {"PER_IMAGE": 1, "WEIGHT_BITS": 32}, 2),
        (1_010, {"PER_IMAGE": 1, "WEIGHT_BITS": 32, "BIAS_BESIDE": 8}, 1),
    ],
)
def test_in_how_many_tiles_an_image_may_be(most: int, changed: dict[str, int], tiles: int) -> None:
    walk, images = rungs.WALK_ROWS, rungs.WALK_ROWS + rungs.WALK
    ladder, on = [0] * (images + 2 * rungs.IMAGE), [0] * rungs.SHARED_ROWS
    ladder[rungs.IMAGES], ladder[rungs.IMAGE_ROWS], ladder[rungs.LEAST_PASSES] = 2, images, 100
    ladder[images], ladder[images + rungs.IMAGE] = 1, 9
    ladder[walk + rungs.TILES], ladder[walk + rungs.PASSES] = 4, 6
    ladder[walk + rungs.WEIGHT + rungs.ALL], ladder[walk + rungs.BIAS + rungs.ALL] = 40, 100
    ladder[walk + rungs.PER_IMAGE] = changed.get("PER_IMAGE", 0)
    on[rungs.FILLED], on[rungs.WEIGHT_BITS] = changed.get("FILLED", 30), changed.get("WEIGHT_BITS", 8)
    on[rungs.BIAS_BESIDE], on[rungs.WEIGHT_PORT], on[rungs.WEIGHT_PORT + 1] = changed.get("BIAS_BESIDE", 1), 16, 5
    assert rungs.most_image_tiles(ladder, on, walk, 50, most) == tiles
