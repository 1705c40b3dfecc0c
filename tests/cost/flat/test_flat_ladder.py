"""The walks of a ladder, number by number, from the tiles that they say."""

from __future__ import annotations

from math import prod
from random import Random

import pytest

from simdc.cost.flat import rungs as at
from simdc.cost.flat.core import PLAIN
from simdc.cost.grid import stored_bounds
from simdc.cost.kernel import Contraction, Operand
from simdc.cost.ladder.contraction import ArrayLadder
from simdc.cost.ladder.rows import LadderRows
from simdc.cost.spread import spread_of
from tests.oracles.random_layers import random_contraction, random_machine
from tests.oracles.random_mappings import able, randomly_mapped


def rows_of(random: Random) -> tuple[Contraction, ArrayLadder, LadderRows]:
    kernel, machine = randomly_mapped(random, random_contraction(random), able(random_machine(random)))
    spread = spread_of(kernel, machine.systolic)
    ladder = ArrayLadder(kernel, stored_bounds(kernel, machine), spread, clip=not machine.stores_padding)
    return kernel, ladder, LadderRows(ladder)


@pytest.mark.parametrize("seed", range(6))
def test_walks_say_what_their_tiles_have(seed: int) -> None:
    kernel, ladder, rows = rows_of(Random(seed))
    filled = rows.in_form(PLAIN)
    row, images = filled.ladder, len(ladder.image)
    image_loops = set(ladder.image_loops)
    for walk in range(min(row[at.WALKS], 60)):
        tiling = filled.tiling(list(ladder.bounds), walk * images + walk % images)
        begin, sizes = at.WALK_ROWS + walk * at.WALK, tiling.as_dict()
        assert set(sizes) == set(ladder.bounds)
        assert all(
            size == ladder.image[walk % images].sizes[loop] for loop, size in sizes.items() if loop in image_loops
        )
        tiles = {loop: -(-ladder.bounds[loop] // size) for loop, size in sizes.items() if loop not in image_loops}
        assert row[begin + at.TILES] == prod(tiles.values())
        operands: list[tuple[Operand | None, int]]
        operands = [
            (kernel.weight, at.WEIGHT),
            (kernel.bias, at.BIAS),
            (kernel.ifmap, at.IFMAP),
            (kernel.psum, at.PSUM),
        ]
        for operand, column in operands:
            found = row[begin + column : begin + column + 4]
            if operand is None:
                assert found == [1] * 4
            else:
                expected = ladder.dimensions(operand, ladder.of_image(operand, moved=False)).of(sizes)
                assert found == list(expected)
        touched = ladder.window[0].of(sizes)
        table = row[at.TABLE_ROWS] + (row[begin + at.TABLE] * images + walk % images) * at.ELEMENTS
        assert row[table : table + 4] == list(touched)
        check_order(kernel, tiling.order, row[begin : begin + at.WALK], tiles, image_loops)


def check_order(
    kernel: Contraction, order: tuple[str, ...], walk: list[int], tiles: dict[str, int], image_loops: set[str]
) -> None:
    """How often tiles come into use, from the loop order and what moves."""
    # oc in 4 tiles, ic in 2, the image in several. Image inside: ifmap[ic, image] comes 4 times, psum[oc, image] twice.
    # ic inside: psums stay for 2 tiles, weights come once an image.
    inside = image_loops if walk[at.IMAGE_INSIDE] else {loop for loop in tiles if same_side(kernel, loop, order[-1])}
    assert set(order[len(order) - len(inside) :]) == inside
    for operand, reloads, stays in (
        (kernel.ifmap, walk[at.IFMAP_RELOADS], walk[at.IFMAP_STAYS]),
        (kernel.psum, walk[at.PSUM_RELOADS], walk[at.PSUM_STAYS]),
    ):
        unmoved = prod(count for loop, count in tiles.items() if loop not in operand.loops)
        if walk[at.IMAGE_INSIDE] or set(operand.loops) & inside:
            assert (reloads, stays) == (unmoved, 1)
        else:
            assert (reloads, stays) == (1, prod(tiles[loop] for loop in inside))
    moves_weight = bool(set(kernel.weight.loops) & inside)
    assert walk[at.PER_IMAGE] == int(not walk[at.IMAGE_INSIDE] and moves_weight)


def same_side(kernel: Contraction, one: str, other: str) -> bool:
    operands = (kernel.weight, kernel.ifmap, kernel.psum)
    return all((one in operand.loops) == (other in operand.loops) for operand in operands)


def test_every_cut_has_a_walk_with_the_image_inside_and_one_for_each_side_that_is_cut() -> None:
    random = Random(9)
    for _ in range(6):
        _, ladder, rows = rows_of(random)
        row = rows.in_form(PLAIN).ladder
        expected: list[tuple[int, int]] = []
        ways = [[]]
        for side in ladder.sides:
            ways = [[*way, rung.tiles] for way in ways for rung in side.rungs]
        for cut, tiles in enumerate(ways):
            expected += [(cut, -1), *((cut, side) for side, many in enumerate(tiles) if many > 1)]
        walks = [row[at.WALK_ROWS + n * at.WALK : at.WALK_ROWS + (n + 1) * at.WALK] for n in range(row[at.WALKS])]
        assert [(walk[at.CUT_NUMBER], walk[at.INNERMOST]) for walk in walks] == expected
