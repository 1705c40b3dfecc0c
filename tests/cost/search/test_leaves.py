"""A search by the compiled core is that by arrays: the same schedule, certificate and work."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from math import inf
from random import Random
from unittest.mock import patch

import numpy as np
import pytest

from simdc.choices import OBJECTIVES
from simdc.cost import Hardware, Kernel, TilingError
from simdc.cost.exact.flat import flat_contraction
from simdc.cost.flat import core, offers, tiles
from simdc.cost.kernel import Contraction
from simdc.cost.rule import GENESYS
from simdc.cost.search import Found, leaves, objective_for, pricing, search
from simdc.frozen import evolve
from tests.cost.machines import row_convolution, small_machine
from tests.oracles.best_schedules import random_layers
from tests.oracles.core_forms import CHECKED


def found(kernel: Kernel, machine: Hardware, objective: str, steps: float) -> Found | str:
    try:
        return search(kernel, machine, objective_for(objective, kernel, machine), steps)
    except TilingError as error:
        return str(error)


def cases(random: Random) -> Iterator[tuple[Kernel, Hardware]]:
    """Memories so small that loops must be cut; ports from wide to starved."""
    for kernel, machine in random_layers(random.randrange(100), 6):
        if isinstance(kernel, Contraction):
            yield kernel, evolve(machine, stores_padding=True)
    for ports in ((8, 16, 8), (64, 4, 8)):
        systolic = small_machine(ports=ports, buffers=(2**9, 2**9, 2**11, 2**10)).systolic
        yield row_convolution(ic=6, oc=5, ow=6, kw=2), evolve(small_machine(stores_padding=True), systolic=systolic)


@pytest.mark.parametrize(("objective", "ahead"), list(zip(OBJECTIVES, (1, 64, 1, 64), strict=True)))
def test_the_core_changes_nothing(objective: str, ahead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaves, "AHEAD", ahead)
    monkeypatch.setattr(leaves, "AT_ONCE", 32 * ahead)
    priced = 0
    for kernel, machine in cases(Random(ahead)):
        monkeypatch.setattr(core, "COMPILED", None)
        expected = found(kernel, machine, objective, 30_000)
        monkeypatch.setattr(core, "COMPILED", CHECKED)
        assert found(kernel, machine, objective, 30_000) == expected
        priced += expected.certificate.evaluated if isinstance(expected, Found) else 0
    assert priced > {"cycles": 100}.get(objective, 0)


def test_what_the_core_does_not_know_is_left_to_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it knew no kernel with two loops cut, and numbers beyond 64 bits."""
    kernel, machine = row_convolution(ic=6, oc=5, ow=8, kw=3), small_machine(stores_padding=True, side=2)
    machine = evolve(machine, systolic=small_machine(buffers=(2**9, 2**9, 2**11, 2**10)).systolic)
    monkeypatch.setattr(core, "COMPILED", None)
    expected = found(kernel, machine, "cycles", inf)
    monkeypatch.setattr(core, "COMPILED", CHECKED)
    monkeypatch.setattr(pricing, "MOST_CUT", 1)
    assert found(kernel, machine, "cycles", inf) == expected

    def too_large(*given: object) -> int:
        raise OverflowError

    monkeypatch.setattr(pricing, "MOST_CUT", 10)
    monkeypatch.setattr(core, "COMPILED", CHECKED._replace(bound_many=too_large, try_orders=too_large))
    assert found(kernel, machine, "cycles", inf) == expected


@pytest.mark.parametrize(("seed", "ahead"), [(8, 64), (10, 1), (12, 1), (21, 64)])
def test_a_small_search(seed: int, ahead: int) -> None:
    """Quick, and without what a test has to be handed: mutants of the search by the core meet this one."""
    kernel, drawn = next(iter(random_layers(seed, 2)))
    machine = evolve(drawn, stores_padding=True)
    with patch.object(core, "COMPILED", None):
        expected = found(kernel, machine, "edp", 3_000)
    with (
        patch.object(core, "COMPILED", CHECKED),
        patch.object(leaves, "AHEAD", ahead),
        patch.object(leaves, "AT_ONCE", 32 * ahead),
    ):
        assert found(kernel, machine, "edp", 3_000) == expected
    assert isinstance(expected, Found)
    assert expected.certificate.evaluated > 3


@pytest.mark.parametrize(
    ("seed", "steps", "at_once"),
    [(9, 3e3, 2048), (12, 9e3, 8), (17, 6e3, 1), (30, inf, 2048), (26, 2e4, 2048), (48, 2e4, 512), (74, inf, 8)],
)
def test_orders_in_one_call(seed: int, steps: float, at_once: int) -> None:
    """Steps that are up on the way, orders that are bounded in groups, and so many ways in one that all are priced."""
    kernel, drawn = next(iter(random_layers(seed, 2)))
    machine = evolve(drawn, stores_padding=True)
    with patch.object(core, "COMPILED", None):
        expected = found(kernel, machine, "cycles", steps)
    with patch.object(core, "COMPILED", CHECKED), patch.object(offers, "BOUNDS_AT_ONCE", at_once):
        assert found(kernel, machine, "cycles", steps) == expected
    assert isinstance(expected, Found)
    assert expected.certificate.evaluated > 5


def test_work_with_a_pencil() -> None:
    """Loops of 10 in tiles of 4, of 8 in tiles of 4, of 3 whole: 4, 4, 2 and 4, 4 are 3 * 2 kinds between others."""
    plan, room = [0] * tiles.PLAN, [0] * tiles.TABLES
    plan[tiles.LOOPS] = 3
    for loop, bound in enumerate((10, 8, 3)):
        row = tiles.LOOP_ROWS + loop * tiles.LOOP
        plan[row : row + 2] = [bound, bound]
    tiles.cut(plan, [0, 1, 2], [4, 4, 3], room)
    assert offers.work_of(plan, room) == 6


def test_bounds_and_fits_of_each_order_in_any_turn() -> None:
    """Two orders at once: the ones that are kept begin now here, now there."""
    kernel, drawn = next(iter(random_layers(12, 2)))
    assert isinstance(kernel, Contraction)
    machine = evolve(drawn, stores_padding=True)
    layer = leaves.SearchedLayer(kernel, machine, GENESYS, objective_for("cycles", kernel, machine))
    loops, bounds = list(layer.own), list(layer.own.values())
    cut = [loop for loop in loops if layer.own[loop] > 1][:3]
    orders = [(*(loop for loop in loops if loop not in cut), *inner) for inner in permutations(cut)]
    ways = np.array([bounds, [1 if loop in cut else bound for loop, bound in layer.own.items()]])
    flat = flat_contraction(kernel, machine, GENESYS)
    assert flat is not None
    with patch.object(leaves, "AT_ONCE", 2 * len(ways)):
        ours = leaves.FlatLeaves(layer, flat, loops, ways, orders, lambda: inf)
        theirs = leaves.ArrayLeaves(layer, loops, ways, orders)
        for order in (0, 1, 2, 3, 2, 5, 0):
            assert ours.bounds(order).tolist() == theirs.bounds(order).tolist()
            for way in range(len(ways)):
                assert ours.fits(order, way) == theirs.quote(order, way).fits()
    assert len({tuple(theirs.bounds(order).tolist()) for order in range(6)}) > 1
