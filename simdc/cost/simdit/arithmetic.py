"""Exact arithmetic for tile counts that need not be whole: fractions stay numerator over denominator until the end.

The formulas of this model are written once and hold for one machine, in numbers, or for many, in arrays with an element
for each machine. What Python's operators do not do for both alike is an `Arithmetic`: `SCALARS` here, for one machine,
and `arrays.Arrays` for many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import gcd
from typing import Protocol

from ..numbers import divisors
from ..result import Number
from ..tiling import TilingError


def ratio(numerator: int, denominator: int) -> Number:
    """The quotient: an int when it is whole, else the nearest float."""
    whole, rest = divmod(numerator, denominator)
    return numerator / denominator if rest else whole


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


def first_of(candidates: Sequence[int], fits: Callable[[int], bool], otherwise: int) -> int:
    """The first of the candidates with `fits(q)`."""
    for q in candidates:
        if fits(q):
            return q
    return otherwise


def choose(condition: bool, yes: Number, no: Number) -> Number:
    return yes if condition else no


def refuse(condition: bool, buffer: str, message: Callable[[], str]) -> None:
    """Raise TilingError where the condition holds. `buffer` is what is too small, in a word or two."""
    if condition:
        raise TilingError(f"{buffer}: {message()}", buffer=buffer)


class Arithmetic(Protocol):
    """The operations that differ between a number and an array of them, each as the function of its name above."""

    def ratio(self, numerator: int, denominator: int, /) -> Number: ...

    def largest(self, first: int, second: int, /, *more: int) -> int: ...

    def smallest(self, first: int, second: int, /, *more: int) -> int: ...

    def choose(self, condition: bool, yes: Number, no: Number, /) -> Number: ...

    def first_fit(self, limit: int, fits: Callable[[int], bool], /) -> int: ...

    def first_of(self, candidates: Sequence[int], fits: Callable[[int], bool], otherwise: int, /) -> int: ...

    def refuse(self, condition: bool, buffer: str, message: Callable[[], str], /) -> None: ...


class _Scalars:
    ratio = staticmethod(ratio)
    largest = staticmethod(max)
    smallest = staticmethod(min)
    choose = staticmethod(choose)
    first_fit = staticmethod(first_fit)
    first_of = staticmethod(first_of)
    refuse = staticmethod(refuse)


SCALARS: Arithmetic = _Scalars()
