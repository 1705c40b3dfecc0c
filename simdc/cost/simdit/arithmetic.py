"""Exact arithmetic for tile counts that need not be whole: fractions stay numerator over denominator until the end."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import gcd

from ..result import Number


def ratio(numerator: int, denominator: int) -> Number:
    """The quotient: an int when it is whole, else the nearest float."""
    whole, rest = divmod(numerator, denominator)
    return numerator / denominator if rest else whole


def ceil_div(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


@lru_cache(maxsize=1024)
def divisors(value: int) -> tuple[int, ...]:
    """All divisors in ascending order."""
    low = [q for q in range(1, int(value**0.5) + 1) if value % q == 0]
    return (*low, *(value // q for q in reversed(low) if q * q != value))


def common_divisors(first: int, second: int) -> tuple[int, ...]:
    return divisors(gcd(first, second))


def first_fit(limit: int, fits: Callable[[int], bool]) -> int:
    """The smallest q in 1..limit with `fits(q)`, where fitting is monotone. `limit` when none is found before it."""
    if fits(1):
        return 1
    low, high = 1, limit
    while high - low > 1:
        middle = (low + high) // 2
        if fits(middle):
            high = middle
        else:
            low = middle
    return high
