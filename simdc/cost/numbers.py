"""Whole numbers: quotients and multiples rounded up, divisors. Formulas that re-costing runs through by the million
write `-(-a // b)` in place of the call."""

from __future__ import annotations

from functools import lru_cache
from math import isqrt

from .ratio import Rate


def ceil_div(total: int, part: Rate) -> int:
    """How many parts cover the total."""
    # 20 in parts of 16: 2.
    return -(-total // part)


def round_up(value: int, multiple: int) -> int:
    """The least multiple that is not below the value."""
    # 20 channels in vectors of 16: 32.
    return -(-value // multiple) * multiple


@lru_cache(maxsize=1024)
def divisors(value: int) -> tuple[int, ...]:
    """All divisors in ascending order."""
    low = [q for q in range(1, isqrt(value) + 1) if value % q == 0]
    return (*low, *(value // q for q in reversed(low) if q * q != value))
