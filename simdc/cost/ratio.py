"""Bits per cycle that are no whole number: 12.8 GB/s at 1 GHz are 102.4. Cycles that they take are whole and exact."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, TypeAlias


class Ratio(Fraction):
    """A fraction that divides whole numbers, and numpy's arrays of them, as a whole number does: `-(-bits // ratio)`
    is rounded up once, from the exact quotient. `rate_of` makes one of numbers that are not whole."""

    # 1,024 bits at 512/5: 1024 * 5 // 512 = 10 cycles, with 1 bit more 11.

    __slots__ = ()
    __array_ufunc__ = None
    """Arrays leave the division to this class: numpy's own would make Python objects of their elements."""

    def __rfloordiv__(self, other: Any) -> Any:
        # A single number out of an array has no room for large products, Python's integers have.
        if type(other) is not int and getattr(other, "ndim", 1) == 0:
            other = other.item()
        return other * self.denominator // self.numerator

    def __rtruediv__(self, other: Any) -> Any:
        return other * self.denominator / self.numerator

    def __format__(self, format_spec: str) -> str:
        return format(float(self), format_spec)


Rate: TypeAlias = "int | Ratio"
"""Bits per cycle."""


def rate_of(value: Fraction) -> Rate:
    """The rate, a Python integer where it is whole."""
    return value.numerator if value.denominator == 1 else Ratio(value)


def as_number(rate: Rate) -> int | float | str:
    """How files and reports write it: 512, 102.4, or "10240/103" where no decimal number is that."""
    if isinstance(rate, Ratio):
        decimal = float(rate)
        return decimal if Fraction(repr(decimal)) == rate else f"{rate.numerator}/{rate.denominator}"
    return rate
