"""Quotients and multiples rounded up, and divisors, against their definitions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simdc.cost.numbers import ceil_div, divisors, round_up


def test_by_hand() -> None:
    assert [ceil_div(size, 16) for size in (0, 1, 16, 17, 32)] == [0, 1, 1, 2, 2]
    assert [round_up(size, 16) for size in (0, 1, 16, 17, 32)] == [0, 16, 16, 32, 32]
    assert divisors(36) == (1, 2, 3, 4, 6, 9, 12, 18, 36)


@given(st.integers(0, 1 << 80), st.integers(1, 1 << 40))
def test_parts_cover_the_total_and_one_less_would_not(total: int, part: int) -> None:
    count = ceil_div(total, part)
    assert count * part >= total > (count - 1) * part
    assert round_up(total, part) == count * part


@given(st.integers(1, 2000))
def test_divisors_are_all_that_leave_no_rest(value: int) -> None:
    assert list(divisors(value)) == [part for part in range(1, value + 1) if value % part == 0]
