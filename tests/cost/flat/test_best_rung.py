"""The cheapest rung is the same one, whichever rung is tried before its turn."""

from __future__ import annotations

from random import Random

import pytest

from simdc.cost import Hardware
from simdc.cost.flat import best as at
from simdc.cost.flat import climb, rails, rungs, tiles
from simdc.cost.flat.core import COMPILED, PLAIN, CoreForm
from simdc.cost.kernel import Contraction
from simdc.cost.ladder.array import ArrayRungs
from simdc.cost.rule import GENESYS
from simdc.frozen import evolve
from tests.cost.machines import row_convolution, small_machine
from tests.oracles.random_layers import random_contraction, random_machine
from tests.oracles.tight_machines import tight_machine

FORMS = [PLAIN] if COMPILED is None else [PLAIN, COMPILED]


def found_with(form: CoreForm, kernel: Contraction, machine: Hardware, given: int, room: int = 4096) -> list[int]:
    """How it ended, and what is the best."""
    found = ArrayRungs(kernel, machine, GENESYS)
    flat, loops = found._flat, len(kernel.loops)  # pyright: ignore[reportPrivateUsage]
    assert flat is not None
    best = form.row([-1] * at.BEST)
    best[at.GIVEN_RUNG] = given
    rows = [form.zeros(loops), form.zeros(loops), flat.room(form, loops), form.zeros(tiles.FOUND)]
    waiting, plan = form.zeros(rails.waiting_row(room)), flat.in_form(form)
    ended = form.best_rung(*found.in_form(form), form.row(found.machine), waiting, room, plan, *rows, best)
    return [ended, *best[: at.GIVEN_RUNG]]


def in_turn(kernel: Contraction, machine: Hardware) -> list[int]:
    """The same by a heap of all walks, each rung priced in its turn."""
    found = ArrayRungs(kernel, machine, GENESYS)
    filled, flat = found.in_form(PLAIN), found._flat  # pyright: ignore[reportPrivateUsage]
    assert flat is not None
    room, best, chosen = 100_000, (-1, -1), -1
    waiting = [0] * (climb.HEAP + (1 + climb.ENTRY) * room)
    climb.begin(filled.ladder, found.machine, waiting, room)
    loops = tuple(loop.name for loop in kernel.loops)
    while (rung := climb.next_rung(filled.ladder, found.machine, waiting, room, *best)) >= 0:
        priced = flat.price_one(*filled.tiling(loops, rung))
        assert priced is not None
        cost = priced[tiles.TOTAL], flat.dram_bits_total(priced)
        if chosen < 0 or cost < best:
            best, chosen = cost, rung
    return [climb.NONE_LEFT, *best, chosen]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_tried_first(seed: int, form: CoreForm) -> None:
    random = Random(seed)
    kernel = random_contraction(random)._replace(macs=None)
    machine = random_machine(random) if seed % 2 else tight_machine(random, kernel)
    machine = evolve(machine, stores_padding=True)
    wanted = in_turn(kernel, machine)
    ladder = ArrayRungs(kernel, machine, GENESYS).in_form(PLAIN).ladder
    many = ladder[rungs.WALKS] * ladder[rungs.IMAGES]
    for given in (-1, wanted[-1], *(random.randrange(many) for _ in range(20))):
        assert found_with(form, kernel, machine, given) == wanted, given


def test_a_bound_that_is_not_worked_out_to_the_end_says_as_much() -> None:
    """With a limit it is the same where it is within the limit, and beyond it where it is beyond."""
    random = Random(1)
    kernel = random_contraction(random)._replace(macs=None)
    machine = evolve(random_machine(random), stores_padding=True)
    found = ArrayRungs(kernel, machine, GENESYS)
    ladder, on = found.in_form(PLAIN).ladder, found.machine
    within = beyond = 0
    for rung in range(ladder[rungs.WALKS] * ladder[rungs.IMAGES]):
        walk, image = rungs.WALK_ROWS + rung // ladder[rungs.IMAGES] * rungs.WALK, rung % ladder[rungs.IMAGES]
        opening = rungs.first_weights(ladder, on, walk)
        whole = rungs.least_of_rung(ladder, on, walk, image, opening, -1, [0], 0)
        most = random.randrange(2 * whole)
        limited = rungs.least_of_rung(ladder, on, walk, image, opening, most, [0], 0)
        assert limited == whole if whole <= most else most < limited <= whole
        within, beyond = within + (whole <= most), beyond + (limited < whole)
    assert within > 10
    assert beyond > 10


def test_whether_bits_take_longer() -> None:
    """1,025 bits at 512 in 5 cycles take 11 of them, 1,024 take 10."""
    on = [0] * rungs.SHARED_ROWS
    on[rungs.WEIGHT_PORT], on[rungs.WEIGHT_PORT + 1] = 512, 5
    for bits, most, longer in ((1025, 10, 1), (1025, 11, 0), (1024, 10, 0), (1024, 9, 1), (0, 0, 0), (0, -1, 1)):
        assert rungs.exceeds(bits, on, rungs.WEIGHT_PORT, most) == longer
        assert (rungs.cycles_for(bits, on, rungs.WEIGHT_PORT) > most) == bool(longer)


@pytest.mark.parametrize("seed", range(4))
def test_a_walk_that_is_left_out_has_no_rung_within_the_limit(seed: int) -> None:
    random, left_out, kept = Random(seed), 0, 0
    while min(left_out, kept) < 10:
        kernel = random_contraction(random)._replace(macs=None)
        machine = tight_machine(random, kernel) if random.random() < 0.5 else random_machine(random)
        found = ArrayRungs(kernel, evolve(machine, stores_padding=True), GENESYS)
        ladder, on, images = found.in_form(PLAIN).ladder, found.machine, found.in_form(PLAIN).ladder[rungs.IMAGES]
        for group in range(min(20, ladder[rungs.WALKS])):
            walk = rungs.WALK_ROWS + group * rungs.WALK
            opening = rungs.first_weights(ladder, on, walk)
            bounds = [rungs.least_of_rail(ladder, on, walk, image, opening) for image in range(images)]
            most = random.randrange(2 * min(bounds))
            exceeds = bool(rungs.walk_exceeds(ladder, on, walk, most))
            # What is left out of the bound is the wait for the first weights.
            assert exceeds == (rungs.least_of_rail(ladder, on, walk, 0, 0) > most)
            assert min(bounds) > most or not exceeds
            left_out, kept = left_out + exceeds, kept + (not exceeds)


def test_whether_a_rung_fits() -> None:
    """8 channels to 8, 6 positions, a window of 3: 8 x 8 elements of the ifmap, 8 x 6 of psum, 8 x 8 x 3 weights."""
    kernel, machine = row_convolution(ic=8, oc=8, ow=6, kw=3), evolve(small_machine(), stores_padding=True)
    found = ArrayRungs(kernel, machine, GENESYS)
    ladder, on = found.in_form(PLAIN).ladder, found.machine
    on[rungs.WEIGHTS_FIT] = on[rungs.IFMAP_FITS] = on[rungs.PSUM_FITS] = 10**6
    # The first walk has all in one tile, but for the image.
    assert rungs.rung_fits(ladder, on, 0)
    on[rungs.IFMAP_FITS] = 8 * 8
    assert rungs.rung_fits(ladder, on, 0)
    on[rungs.IFMAP_FITS] = 8 * 8 - 1
    assert not rungs.rung_fits(ladder, on, 0)
    on[rungs.IFMAP_FITS], on[rungs.PSUM_FITS] = 8 * 8, 8 * 6 - 1
    assert not rungs.rung_fits(ladder, on, 0)
    on[rungs.PSUM_FITS], on[rungs.WEIGHTS_FIT] = 8 * 6, 8 * 8 * 3 - 1
    assert not rungs.rung_fits(ladder, on, 0)
