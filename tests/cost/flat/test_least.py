"""Many schedules at once by whole numbers alone: what arrays of the classes say, bounds and exact costs."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest

from simdc.cost import Hardware
from simdc.cost.exact.flat import FlatContraction, flat_contraction
from simdc.cost.exact.tiled import tile
from simdc.cost.flat import core
from simdc.cost.kernel import Contraction
from simdc.cost.rule import GENESYS
from simdc.cost.schedules import bound_many, evaluate_many
from simdc.cost.schedules.arrays import MANY
from simdc.cost.schedules.core_many import FoundMany, any_walk, bound_all, many_of, price_all, walks_in
from simdc.cost.search.orders import families, fewest_reloads
from simdc.cost.tiling import loop_bounds
from tests.cost.exact.test_flat import flat_cases, padded
from tests.cost.machines import pencil_layer
from tests.oracles.core_forms import CHECKED

Case = tuple[Contraction, Hardware, FlatContraction, Any, list[tuple[str, ...]]]


def cases(random: Random, count: int) -> Iterator[Case]:
    """Some ways to cut all loops, and some orders."""
    for kernel, _, machine, rule in flat_cases(random, count):
        flat = flat_contraction(kernel, machine, rule)
        if flat is not None:
            bounds, draw = loop_bounds(kernel), np.random.default_rng(random.randrange(2**32))
            table = np.column_stack([draw.integers(1, bound + 1, 7) for bound in bounds.values()])
            yield kernel, machine, flat, table, [tuple(random.sample(list(bounds), len(bounds))) for _ in range(3)]


def check_columns(columns: FoundMany, first: int, cost: Any, legal: Any) -> None:
    """Seven schedules from the first on."""
    found, here, total = columns.cost(), slice(first, first + 7), len(columns.fits())
    if legal is not None:
        assert (columns.fits()[here] == legal).all()
    for part in ("cycles", "dram_bits", "sram_bits", "busy"):
        assert getattr(cost, part)._fields == getattr(found, part)._fields
        for one, other in zip(getattr(cost, part), getattr(found, part), strict=True):
            assert (np.broadcast_to(other, total)[here] == one).all(), part
    assert [name for name, _ in cost.ops] == [name for name, _ in found.ops]


def check(kernel: Contraction, machine: Hardware, flat: FlatContraction, table: Any, orders: Any) -> None:
    loops = tuple(loop_bounds(kernel))
    walks = walks_in(loops, tuple(orders))
    least = bound_all(flat, walks, table)
    # Those of the last order first.
    pairs = np.array([(order, way) for order in (2, 0, 1) for way in range(7)])
    exact = price_all(flat, walks, table, pairs)
    for number, order in enumerate(orders):
        sizes = table[:, [loops.index(loop) for loop in order]]
        legal, cost = bound_many(kernel, order, sizes, machine)
        check_columns(least, 7 * number, cost, legal)
        legal, cost = evaluate_many(kernel, order, sizes, machine)
        check_columns(exact, 7 * (number + 1) % 21, cost, legal)
    for family in families(kernel, loops):
        # Arrays take a loop that is cut in one way for one that is cut in all.
        several = table[:, [loop in family for loop in loops]] < [loop_bounds(kernel)[loop] for loop in family]
        if several.any(axis=1).all():
            many = tile(kernel, loops, list(table.T), machine, MANY).with_reloads(fewest_reloads(family))
            check_columns(bound_all(flat, any_walk(loops, family), table), 0, many.least_cost(), None)


@pytest.mark.parametrize("seed", range(3))
def test_are_what_arrays_say(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "COMPILED", CHECKED)
    for case in cases(Random(seed), 9):
        check(*case)


def test_compiled_are_what_arrays_say(compiled: core.CoreForm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "COMPILED", compiled)
    for case in cases(Random(7), 60):
        check(*case)


def test_a_bound_with_a_pencil(monkeypatch: pytest.MonkeyPatch) -> None:
    """The layer of docs/architecture.md, in its order: 2 cycles of first loads, 24 of the psum port less 4 for the last
    results and 4 of the first tile, 4 of the last store: 30, the cycles themselves. With oh outside ic, each result
    stays until it is complete, and the weights come twice: 2 loads of 2 x 4 bytes."""
    monkeypatch.setattr(core, "COMPILED", CHECKED)
    kernel, tiling = pencil_layer()
    flat = flat_contraction(kernel, padded((16, 16, 32)), GENESYS)
    assert flat is not None
    loops, sizes = tuple(loop_bounds(kernel)), tiling.as_dict()
    table = np.array([[sizes[loop] for loop in loops]])
    other = tuple(sorted(tiling.order, key=lambda loop: (loop == "ic", loop)))
    cost = bound_all(flat, walks_in(loops, (tiling.order, other)), table).cost()
    assert cost.cycles.total.tolist()[0] == 30
    assert cost.busy.psum_port.tolist() == [24, 8]
    assert cost.dram_bits.weight[1] == 2 * cost.dram_bits.weight[0]
    assert cost.dram_bits.psum.tolist()[1] == 0


def test_are_asked_for_where_they_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, _ = pencil_layer()
    monkeypatch.setattr(core, "COMPILED", None)
    assert many_of(kernel, padded(), GENESYS) is None
    monkeypatch.setattr(core, "COMPILED", CHECKED)
    assert many_of(kernel, padded(), GENESYS) is not None
    apart = [row._replace(traffic="bias") if row.when == "resumed" else row for row in GENESYS.array_streams]
    rule = type(GENESYS)(GENESYS.buffers, GENESYS.vector_memory, GENESYS.ports, tuple(apart), GENESYS.vector_streams)
    assert many_of(kernel, padded(), rule) is None
