"""Ladders of contractions that the core fills: the rungs that the classes have, in the same order."""

from __future__ import annotations

from random import Random

import pytest

from simdc.cost.exact.flat import FlatContraction, flat_contraction
from simdc.cost.flat import array_fill, array_sides, core, packed, tiles
from simdc.cost.flat import rungs as at
from simdc.cost.grid import stored_bounds
from simdc.cost.kernel import Loop, affine
from simdc.cost.ladder.contraction import ArrayLadder
from simdc.cost.ladder.filled import OWN_WIDTHS, GivenSides, LaddersInForm, filled_ladder
from simdc.cost.ladder.rows import LadderInForm, LadderRows
from simdc.cost.rule import GENESYS
from simdc.frozen import evolve
from tests.cost.machines import row_convolution, small_machine
from tests.oracles.core_forms import CHECKED, Checked
from tests.oracles.random_layers import random_contraction, random_machine
from tests.oracles.random_mappings import able, randomly_mapped


def drawn(random: Random, most: int) -> tuple[FlatContraction, LadderRows] | None:
    """None where loops share a side of the array. Loops run up to `most` times as often as small ones do."""
    kernel, machine = randomly_mapped(random, random_contraction(random), able(random_machine(random)))
    kernel = kernel._replace(loops=tuple(Loop(name, bound * random.randint(1, most)) for name, bound in kernel.loops))
    machine = evolve(machine, stores_padding=True)
    flat = flat_contraction(kernel, machine, GENESYS)
    if flat is None:
        return None
    return flat, LadderRows(ArrayLadder(kernel, stored_bounds(kernel, machine), flat.spread, clip=False))


def walks(ladder: LadderInForm) -> list[tuple[list[int], list[int]]]:
    """Numbers of all walks, and what images touch beside each; tables may be numbered in any way."""
    row, found = ladder.ladder, list[tuple[list[int], list[int]]]()
    for walk in range(row[at.WALKS]):
        begin = at.WALK_ROWS + walk * at.WALK
        own, length = list(row[begin : begin + at.WALK]), row[at.IMAGES] * at.ELEMENTS
        table = row[at.TABLE_ROWS] + own[at.TABLE] * length
        own[at.TABLE] = 0
        found.append((own, list(row[table : table + length])))
    return found


def are_alike(random: Random, found: LadderInForm, expected: LadderInForm, loops: list[str]) -> None:
    one, other, images = expected.ladder, found.ladder, expected.ladder[at.IMAGES]
    assert list(other[at.WALKS : at.IMAGE_ROWS]) == list(one[at.WALKS : at.IMAGE_ROWS])
    begin, own = one[at.IMAGE_ROWS], other[at.IMAGE_ROWS]
    assert list(other[own : own + images * at.IMAGE]) == list(one[begin : begin + images * at.IMAGE])
    assert walks(found) == walks(expected)
    for rung in random.sample(range(one[at.WALKS] * images), min(30, one[at.WALKS] * images)):
        assert found.tiling(loops, rung) == expected.tiling(loops, rung)


def check(form: core.CoreForm, seed: int, count: int, most: int) -> None:
    random, compared = Random(seed), 0
    while compared < count:
        case = drawn(random, random.randint(1, most))
        if case is None:
            continue
        flat, rows = case
        are_alike(random, filled_ladder(form, flat), rows.in_form(core.PLAIN), list(flat.shape.loops))
        compared += 1


@pytest.mark.parametrize("seed", range(3))
def test_rungs_are_those_of_the_classes(seed: int) -> None:
    check(CHECKED, seed, 10, 2)


def test_compiled_rungs_are_too(compiled: core.CoreForm) -> None:
    check(compiled, 40, 60, 30)


def ladders_of(form: core.CoreForm, flat: FlatContraction, plan: list[int], largest: list[int]) -> LaddersInForm:
    return LaddersInForm(form, [GivenSides(flat.shape, flat.spread)], [form.row(OWN_WIDTHS)], [plan], [largest])


def check_again(form: core.CoreForm, seed: int, count: int) -> None:
    """Any loops get other bounds, the image's alone or others, too: what is filled again is what is filled first."""
    random, compared = Random(seed), 0
    while compared < count:
        case = drawn(random, 3)
        if case is None:
            continue
        flat, _ = case
        plan, most = form.row(flat.plan), random.randint(1, 4)
        rows = [tiles.LOOP_ROWS + loop * tiles.LOOP for loop in range(plan[tiles.LOOPS])]
        largest = flat.plan.copy()
        for row in rows:
            largest[row], largest[row + 1] = most * flat.plan[row], most * flat.plan[row + 1]
        ladders, image = ladders_of(form, flat, plan, largest), GivenSides(flat.shape, flat.spread).given[0]
        for _ in range(5):
            loops = image if random.random() < 0.7 else random.randrange(1 << len(rows))
            for loop, row in enumerate(rows):
                if loops >> loop & 1:
                    times = random.randint(1, most)
                    plan[row], plan[row + 1] = times * flat.plan[row], times * flat.plan[row + 1]
            ladders.made[0][array_fill.MADE_HEIGHT] = 0
            ladders.fill(form.row([1, 1]))
            fresh = ladders_of(form, flat, form.row(plan), largest)
            fresh.fill(form.row([1, 1]))
            are_alike(random, ladders.ladder(0), fresh.ladder(0), list(flat.shape.loops))
        compared += 1


def check_together(form: core.CoreForm, seed: int) -> None:
    """Ladders of several kernels grow in one table, each to what it needs."""
    random, flats = Random(seed), list[FlatContraction]()
    while len(flats) < 4:
        case = drawn(random, 3)
        if case is not None:
            flats.append(case[0])
    sides = [GivenSides(flat.shape, flat.spread) for flat in flats]
    plans = [form.row(flat.plan) for flat in flats]
    together = LaddersInForm(form, sides, [form.row(OWN_WIDTHS)] * 4, plans, [flat.plan for flat in flats])
    assert together.fill(form.row([1, 1]))
    for number, flat in enumerate(flats):
        lone = ladders_of(form, flat, form.row(flat.plan), flat.plan)
        lone.fill(form.row([1, 1]))
        are_alike(random, together.ladder(number), lone.ladder(0), list(flat.shape.loops))


def test_ladders_grow_together() -> None:
    check_together(core.PLAIN, 7)


def test_compiled_ladders_grow_together(compiled: core.CoreForm) -> None:
    check_together(compiled, 7)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_filled_again_is_what_is_filled_first(seed: int) -> None:
    check_again(core.PLAIN, seed, 8)


def test_compiled_too(compiled: core.CoreForm) -> None:
    check_again(compiled, 41, 60)


def test_walks_of_another_array_are_filled_anew(compiled: core.CoreForm) -> None:
    """Batches on one array, then on another: rows of weights in tiles of other heights."""
    random, compared = Random(6), 0
    while compared < 10:
        case = drawn(random, 3)
        if case is None:
            continue
        flat, _ = case
        plan, about = compiled.row(flat.plan), OWN_WIDTHS.copy()
        about[packed.HIGH_LOOP], about[packed.WIDE_LOOP] = 0, 1
        sides = [GivenSides(flat.shape, flat.spread)]
        ladders = LaddersInForm(compiled, sides, [compiled.row(about)], [plan], [flat.plan])
        for machine in ([2, 3], [2, 4], [3, 4], [3, 4]):
            ladders.made[0][array_fill.MADE_HEIGHT] = 0
            ladders.fill(compiled.row(machine))
            fresh = LaddersInForm(compiled, sides, [compiled.row(about)], [compiled.row(plan)], [flat.plan])
            fresh.fill(compiled.row(machine))
            are_alike(random, ladders.ladder(0), fresh.ladder(0), list(flat.shape.loops))
        compared += 1


def test_what_a_ladder_is_made_of_is_found_once_more_only_for_room_to_work_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: list[int] = []

    def counted(tables: list[list[int]], first: int, work: list[list[int]]) -> int:
        found.append(find_parts(tables, first, work))
        return found[-1]

    find_parts = array_fill.find_parts
    monkeypatch.setattr(array_fill, "find_parts", counted)
    flat = flat_contraction(row_convolution(), evolve(small_machine(), stores_padding=True), GENESYS)
    assert flat is not None
    ladders = ladders_of(core.PLAIN, flat, flat.plan.copy(), flat.plan)
    assert ladders.fill([1, 1])
    # There is no room for factors at first; then none for the ladder, whose parts are there.
    assert found == [0, 1]
    ladders.made[0][array_fill.MADE_HEIGHT] = ladders.made[0][array_fill.WALKS_HEIGHT] = 0
    assert not ladders.fill([1, 1])
    assert found == [0, 1, 1]


def test_ways_with_a_pencil() -> None:
    """Loops 0 and 1 are a side, 5 channels on 2 rows and 3 places. Channels first: 3 arrays in 1, 2, 3 parts are 5, 4
    and 2 channels; then places in 3 parts of 1, 2 parts of 2: 5 x 3, 4 x 3, 2 x 3, 2 x 2, 2 x 1. 2 x 3 passes 3 times
    the array for each place in 3 tiles: 9 times."""
    plan = [0] * (tiles.LOOP_ROWS + 2 * tiles.LOOP)
    plan[tiles.LOOPS] = 2
    plan[tiles.LOOP_ROWS : tiles.LOOP_ROWS + 3] = [5, 5, 2]
    plan[tiles.LOOP_ROWS + tiles.LOOP : tiles.LOOP_ROWS + tiles.LOOP + 3] = [3, 3, 1]
    given = [0] * (2 * array_sides.GIVEN)
    given[array_sides.GIVEN : array_sides.GIVEN + 3] = [0b11, 0b01, 0]
    ways, counts, room = [0] * 40, [0] * 40, [0] * (array_sides.TURNS + 40)
    assert array_sides.cut_sides(Checked(plan), given, 1, ways, counts, room) == 6
    assert (given[array_sides.WAYS], given[array_sides.GIVEN + array_sides.WAYS]) == (1, 5)
    assert ways[:4] == [0, 1, 0, 1]
    assert ways[4:16] == [5, 3, 4, 3, 2, 3, 2, 2, 2, 1, 0, 0]
    assert counts[8:12] == [3, 9, 3, 3]
    # 5 in 3 parts, 3 in 2: 6 tiles, 2 channels and 1 left, 2 places and 1 left: passes 3 * 3, of the last tile 1.
    assert counts[12:16] == [6, 9, 2, 1]


def test_ways_that_are_cut_together() -> None:
    """3 x 3 places in turn: 3 x 3, 2 x 3, 1 x 3, 1 x 2, 1 x 1, of 1, 2, 3, 6 and 9 tiles; together 3 x 3, 2 x 2 and
    1 x 1, of 1, 4 and 9: 2 x 2 is new."""
    plan = [0] * (tiles.LOOP_ROWS + 2 * tiles.LOOP)
    plan[tiles.LOOPS] = 2
    for loop in range(2):
        row = tiles.LOOP_ROWS + loop * tiles.LOOP
        plan[row : row + 3] = [3, 3, 1]
    given = [0b11, 0, 0b11, 0, 0]
    ways, counts, room = [0] * 40, [0] * 40, [0] * (array_sides.TURNS + 40)
    assert array_sides.cut_sides(plan, given, 0, ways, counts, room) == 6
    assert ways[2:14] == [3, 3, 2, 3, 1, 3, 2, 2, 1, 2, 1, 1]
    assert counts[0:24:4] == [1, 2, 3, 4, 6, 9]


def test_numbers_beyond_64_bits_are_exact(compiled: core.CoreForm) -> None:
    """A window that goes 2 ** 40 pixels on, 2 ** 30 times, reaches 2 ** 70 of them, and the plain form has them."""
    kernel = row_convolution(ic=1, oc=1, ow=1, kw=2**30)
    index = tuple(
        affine(("kw", 2**40)) if "kw" in dict(terms) else each for each in kernel.ifmap.index for terms in (each.terms,)
    )
    kernel = kernel._replace(ifmap=kernel.ifmap._replace(index=index))
    flat = flat_contraction(kernel, evolve(small_machine(), stores_padding=True), GENESYS)
    assert flat is not None
    with pytest.raises(OverflowError):
        filled_ladder(compiled, flat)
    expected = LadderRows(ArrayLadder(kernel, stored_bounds(kernel, flat.hardware), flat.spread, clip=False))
    assert walks(filled_ladder(core.PLAIN, flat)) == walks(expected.in_form(core.PLAIN))
