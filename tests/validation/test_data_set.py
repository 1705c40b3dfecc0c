"""Errors of rows, kinds and sums."""

from __future__ import annotations

import pytest

from simdc.validation import DATA_SETS, load_data_set, titles
from simdc.validation.data_set import MeasuredCount, MeasuredRow, MeasuredSum, errors_by_kind

ROWS = (
    MeasuredRow("a", "conv", "cycle", (), 100, (50, 98)),
    MeasuredRow("b", "pool", "cycle", (), 10, (10, 10)),
    MeasuredRow("c", "conv", "cycle", (), 200, (240, 208)),
)


def test_errors_are_parts_of_what_was_measured() -> None:
    assert ROWS[0].errors == pytest.approx((-0.5, -0.02))
    conv, pool = errors_by_kind(ROWS)
    assert (conv.kind, conv.rows, pool.kind, pool.rows) == ("conv", 2, "pool", 1)
    assert conv.mean == pytest.approx((0.35, 0.03))
    assert conv.worst == pytest.approx((0.5, 0.04))
    assert pool.mean == pool.worst == (0, 0)


def test_counts_are_equal_or_off() -> None:
    count = MeasuredCount("beats", "beat", ((10, 10.0), (8, 6), (5, 5)))
    assert (count.equal, count.worst) == (2, 0.25)


def test_a_sum_adds_before_it_compares() -> None:
    whole = MeasuredSum("both", (ROWS[0], ROWS[2])).whole
    assert (whole.measured, whole.predicted) == (300, (290, 306))
    assert whole.errors == pytest.approx((-1 / 30, 0.02))


@pytest.mark.parametrize("name", DATA_SETS)
def test_every_data_set_is_whole(name: str) -> None:
    data = load_data_set(name)
    assert data.name == name
    assert data.title == titles()[name]
    assert data.rows
    assert data.remarks
    for row in data.rows:
        assert len(row.predicted) == len(data.levels)
        assert len(row.conditions) == len(data.conditions)
        assert row.measured > 0
    assert {row for each in data.sums for row in each.rows} <= set(data.rows)
