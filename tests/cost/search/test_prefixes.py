"""What schedules take at least of which some loops are decided: by whole numbers alone what arrays say."""

from __future__ import annotations

from math import inf
from random import Random
from typing import Any

import numpy as np
import pytest

from simdc.cost import Hardware
from simdc.cost.exact.flat import FlatContraction, flat_contraction
from simdc.cost.flat import core
from simdc.cost.kernel import Contraction
from simdc.cost.rule import GENESYS
from simdc.cost.search import objective_for
from simdc.cost.search.candidates import all_sizes, even
from simdc.cost.search.orders import families
from simdc.cost.search.prefixes import ArrayPrefixes, CutsInRow, FlatPrefixes
from simdc.cost.search.relaxed import Relaxed
from simdc.cost.tiling import loop_bounds
from tests.cost.exact.test_flat import flat_cases
from tests.cost.machines import row_convolution, small_machine
from tests.oracles.core_forms import CHECKED


def check(random: Random, kernel: Contraction, machine: Hardware, flat: FlatContraction) -> int:
    """Level by level below a few nodes, whatever the best is. How many nodes there were."""
    cuts = random.choice((even, all_sizes))(kernel, machine)
    random.shuffle(cuts)
    relaxed, compared = Relaxed(kernel, machine), 0
    in_row, objective = CutsInRow(cuts, flat, relaxed), objective_for("cycles", kernel, machine)
    for family in families(kernel, list(loop_bounds(kernel))):
        arrays, ours = ArrayPrefixes(cuts, relaxed, objective, family[0]), FlatPrefixes(in_row, family[0])
        nodes, best = arrays.root(inf), inf
        assert ours.root(inf).rows.tolist() == nodes.rows.tolist()
        for _ in cuts:
            if not len(nodes.rows):
                break
            chosen = np.array(sorted(random.sample(range(len(nodes.rows)), min(3, len(nodes.rows)))))
            rows: Any = np.ascontiguousarray(nodes.rows[chosen])
            nodes, found = arrays.below(rows, best), ours.below(rows, best)
            assert found.rows.tolist() == nodes.rows.tolist()
            assert found.bounds.tolist() == nodes.bounds.tolist()
            compared += len(found.rows)
            if len(nodes.bounds) > 2 and random.random() < 0.5:
                # What is no less than this is left out from here on.
                best = int(nodes.bounds[len(nodes.bounds) // 2]) + random.randint(0, 1)
    return compared


def check_some(seed: int, count: int) -> None:
    random, compared = Random(seed), 0
    for kernel, _, machine, rule in flat_cases(random, count):
        flat = flat_contraction(kernel, machine, rule)
        if flat is not None and rule is GENESYS:
            compared += check(random, kernel, machine, flat)
    assert compared > 10 * count


@pytest.mark.parametrize("seed", range(3))
def test_bounds_are_those_of_arrays(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "COMPILED", CHECKED)
    check_some(seed, 8)


def test_compiled_bounds_are_those_of_arrays(compiled: core.CoreForm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "COMPILED", compiled)
    check_some(30, 60)


def test_with_a_pencil(monkeypatch: pytest.MonkeyPatch) -> None:
    """Channels 4 to 2 on 6 places, 1 x 1, on 2 x 2 PEs: 24 elements of the ifmap on 8 bits a cycle are 24 cycles, 2 * 6
    steps and 2 of fill 14. Places innermost, input channels in 2 tiles: 12 sums of 32 bits leave, come back and leave
    as 8 bits: 864 bits on 32 are 27 cycles; in 4 tiles 6 * 384 + 96 bits are 75. With input channels innermost sums
    stay: 12 steps and 4 of fill in 2 tiles, 24 and 8 in 4."""
    monkeypatch.setattr(core, "COMPILED", CHECKED)
    kernel = row_convolution(ic=4, oc=2, ow=6)
    machine = small_machine(ports=(16, 8, 32), stores_padding=True, side=2)
    flat = flat_contraction(kernel, machine, GENESYS)
    assert flat is not None
    cuts = sorted(even(kernel, machine), key=lambda one: one.loop != "ic")
    for innermost, bounds in (("ow", {1: 24, 2: 27, 4: 75}), ("ic", {1: 24, 2: 24, 4: 32})):
        prefixes = FlatPrefixes(CutsInRow(cuts, flat, Relaxed(kernel, machine)), innermost)
        found = prefixes.below(np.zeros((1, 0), dtype=np.int64), inf)
        tiles = cuts[0].counts[found.rows[:, 0]].tolist()
        assert dict(zip(tiles, found.bounds.tolist(), strict=True)) == bounds


def test_a_whole_loop_takes_as_many_passes_as_there_are_arrays() -> None:
    """On 4 x 4 PEs 6 input channels are 2 arrays, 4 output channels one: in two tiles these would be two passes."""
    kernel, machine = row_convolution(ic=6, oc=4, ow=6), small_machine(stores_padding=True, side=4)
    flat = flat_contraction(kernel, machine, GENESYS)
    assert flat is not None
    whole = CutsInRow(even(kernel, machine), flat, Relaxed(kernel, machine)).whole
    numbers = flat.shape.numbers
    assert [whole[numbers[loop]] for loop in ("ic", "oc", "ow")] == [2, 1, 6]
