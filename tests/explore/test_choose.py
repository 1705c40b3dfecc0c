"""Best, economic and undominated machines, against definitions spelled out."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import simdc
from simdc.explore.choose import best, economic, front, landscape, ranking, worst
from simdc.explore.space import Economy, Space, SpaceAxis
from simdc.explore.survey import Survey

AXES = (
    SpaceAxis("simd.lanes", ("simd.lanes",), ((4,), (8,), (16,)), ("4", "8", "16")),
    SpaceAxis("simd.vmem_bits", ("simd.vmem_bits",), tuple((value,) for value in range(1, 101)), ("",) * 100),
)


def survey(cycles: list[float], **sums: list[float]) -> Survey:
    rows = len(cycles)
    columns = {name: np.array(values, float) for name, values in sums.items()}
    space = Space(simdc.load_hardware("HI1"), AXES)
    return Survey(space, ("n",), np.arange(rows), {"cycles": np.array(cycles)}, columns, rows, Counter())


def test_equal_machines_the_first_in_the_space() -> None:
    found = survey([5.0, 3.0, 9.0, 3.0, 9.0])
    assert (best(found), worst(found)) == (1, 2)
    assert ranking(found, 4).tolist() == [1, 3, 0, 2]


def test_economic_the_resource_then_the_other_sums_then_the_objective() -> None:
    found = survey([100.0, 110.0, 109.0, 108.0, 115.0, 116.0], a=[9, 4, 4, 4, 3, 1], b=[9, 5, 5, 6, 1, 1])
    assert economic(found, Economy("a", 0.0)) == 0
    assert economic(found, Economy("a", 0.10)) == 2
    # On the edge of what is near, and beyond.
    assert economic(found, Economy("a", 0.15)) == 4
    assert economic(found, Economy("a", 0.16)) == 5
    assert economic(found, Economy("b", 0.10)) == 2


@pytest.mark.parametrize("columns", [2, 3, 4])
def test_front_is_what_nothing_dominates(columns: int) -> None:
    generator = np.random.default_rng(columns)
    for rows in (1, 2, 60, 300):
        # Few values, so that many are equal.
        table = generator.integers(0, 9, (rows, columns)).astype(float)
        names = [f"s{place}" for place in range(columns - 1)]
        found = survey(table[:, 0].tolist(), **{name: table[:, place + 1].tolist() for place, name in enumerate(names)})
        expected = {
            row
            for row in range(rows)
            if not any(
                (table[other] <= table[row]).all() and ((table[other] < table[row]).any() or other < row)
                for other in range(rows)
                if other != row
            )
        }
        chosen = front(found, ["cycles", *names]).tolist()
        assert set(chosen) == expected
        assert len(chosen) == len(expected)
        assert table[chosen, 0].tolist() == sorted(table[chosen, 0].tolist())


def test_landscape_is_the_least_over_everything_else() -> None:
    # Machine number = 100 * lanes option + memory option.
    found = survey([7.0, 5.0, 6.0])._replace(numbers=np.array([0, 103, 200]))
    least = landscape(found, 1, 0)
    assert least.shape == (100, 3)
    assert (least[0, 0], least[3, 1], least[0, 2]) == (7, 5, 6)
    assert np.count_nonzero(~np.isnan(least)) == 3
