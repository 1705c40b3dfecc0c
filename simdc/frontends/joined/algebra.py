"""Sums of products in a normal form: one formula is one value, in whatever steps somebody wrote it.

Products of sums are multiplied out. What a sum over a row does not depend on stands before it, and exponentials of sums
are products of exponentials. So `exp(x - m) / sum(exp(x - m))` and `exp(x) / sum(exp(x))` are the same, and so are
`mean((x - mean(x))^2)` and `mean(x^2) - mean(x)^2`. Numbers are fractions: what is the same on paper is equal here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TypeAlias

from xdsl.ir import SSAValue

from simdc.cost.kernel import Affine
from simdc.named import NamedTuple

MOST_TERMS = 48
"""Of a sum: a formula that is longer when multiplied out is none that anybody looks for."""


LARGEST_EXPONENT = 600.0


class TooLong(Exception):
    """A formula that is not worth its length, or has numbers without a sense."""


class Leaf(NamedTuple):
    """An element of a tensor, by loops and by what is gathered over."""

    value: SSAValue
    index: tuple[Affine, ...]  # pyright: ignore[reportIncompatibleMethodOverride]  # nobody searches it


class Gathered(NamedTuple):
    """The sum or the largest (`how` is add, max or min) of what one gets where each name in `bounds` runs from 0."""

    how: str
    bounds: tuple[tuple[str, int], ...]
    of: Polynomial


class Applied(NamedTuple):
    """A function of sums; `root` is the base of a power that is not multiplied out."""

    function: str
    of: tuple[Polynomial, ...]


Atom: TypeAlias = "Leaf | Gathered | Applied"
Product: TypeAlias = "frozenset[tuple[Atom, Fraction]]"
"""Atoms, each with its exponent."""
ONE: Product = frozenset()


class Polynomial(NamedTuple):
    """Products, each with its factor."""

    terms: frozenset[tuple[Product, Fraction]]

    @property
    def number(self) -> Fraction:
        """What it has beside what depends on something."""
        return next((factor for product, factor in self.terms if not product), Fraction(0))


def number(value: float | Fraction) -> Polynomial:
    if not math.isfinite(value):
        return atom(Applied(str(value), ()))
    return Polynomial(frozenset([(ONE, _snapped(value))] if value else []))


def atom(one: Atom, exponent: Fraction = Fraction(1)) -> Polynomial:
    return _single(frozenset([(one, exponent)]))


def _single(product: Product, factor: Fraction = Fraction(1)) -> Polynomial:
    return Polynomial(frozenset([(product, factor)]))


def add(*parts: Polynomial) -> Polynomial:
    return _sum((product, factor) for part in parts for product, factor in part.terms)


def scaled(part: Polynomial, factor: Fraction) -> Polynomial:
    return _sum((product, own * factor) for product, own in part.terms)


def subtract(lhs: Polynomial, rhs: Polynomial) -> Polynomial:
    return add(lhs, scaled(rhs, Fraction(-1)))


def multiply(lhs: Polynomial, rhs: Polynomial) -> Polynomial:
    if len(lhs.terms) * len(rhs.terms) > MOST_TERMS:
        raise TooLong
    parts = [_times(one, two, own * its) for one, own in lhs.terms for two, its in rhs.terms]
    return add(*parts)


def power(base: Polynomial, exponent: Fraction) -> Polynomial:
    whole = exponent.denominator == 1
    if whole and 0 <= exponent <= 4:
        found = number(1.0)
        for _ in range(int(exponent)):
            found = multiply(found, base)
        return found
    if whole and len(base.terms) == 1:
        ((product, factor),) = base.terms
        raised = frozenset((each, own * exponent) for each, own in product)
        return _single(raised, factor ** int(exponent))
    # (x^2)^0.5 is not x: the whole base stays together.
    return atom(Applied("root", (base,)), exponent)


def exponential(of: Polynomial) -> Polynomial:
    """exp(2a + b + 1) is exp(a)^2 * exp(b) * e."""
    powers = {Applied("exp", (_single(product),)): factor for product, factor in of.terms if product}
    if abs(of.number) > LARGEST_EXPONENT:
        raise TooLong
    return _single(frozenset(powers.items()), Fraction(math.exp(of.number)))


def logarithm(of: Polynomial) -> Polynomial:
    """log(exp(a) * b) is a + log(b)."""
    if len(of.terms) != 1:
        return atom(Applied("log", (of,)))
    ((product, factor),) = of.terms
    powers = [(each, own) for each, own in product if isinstance(each, Applied) and each.function == "exp"]
    rest = _single(product - frozenset(powers), factor)
    logs = [scaled(each.of[0], own) for each, own in powers]
    return add(*logs, *(() if rest == number(1.0) else (atom(Applied("log", (rest,))),)))


def gathered(how: str, bounds: Sequence[tuple[str, int]], of: Polynomial) -> Polynomial:
    if how != "add":
        return atom(Gathered(how, tuple(bounds), of))
    parts: list[Polynomial] = []
    for product, factor in of.terms:
        # sum over r of m * x[r]: m * sum over r of x[r].
        moving = frozenset(each for each in product if names_in(each[0]) & {name for name, _ in bounds})
        names = {name for each, _ in moving for name in names_in(each)}
        still = math.prod(bound for name, bound in bounds if name not in names)
        own = tuple(each for each in bounds if each[0] in names)
        inner = _sum_of_sum(Gathered("add", own, _single(moving)))
        before = _single(product - moving, factor * still)
        parts.append(multiply(before, atom(inner)) if moving else before)
    return add(*parts)


def _sum_of_sum(outer: Gathered) -> Gathered:
    """A sum over rows of sums over columns is one over both."""
    match [*outer.of.terms]:
        case [(product, factor)] if factor == 1 and len(product) == 1:
            ((inner, exponent),) = product
            if isinstance(inner, Gathered) and inner.how == "add" and exponent == 1:
                return inner._replace(bounds=(*outer.bounds, *inner.bounds))
        case _:
            pass
    return outer


def called(function: str, of: Sequence[Polynomial]) -> Polynomial:
    """What an instruction of the lanes makes of `of`."""
    match function, *of:
        case "move", x:
            return x
        case "add", x, y:
            return add(x, y)
        case "sub", x, y:
            return subtract(x, y)
        case "mul", x, y:
            return multiply(x, y)
        case "div", x, y:
            return multiply(x, power(y, Fraction(-1)))
        case "mac", x, y, z:
            return add(x, multiply(y, z))
        case "sqrt", x:
            return power(x, Fraction(1, 2))
        case "inv_sqrt", x:
            return power(x, Fraction(-1, 2))
        case "exp", x:
            return exponential(x)
        case "log", x:
            return logarithm(x)
        case _:
            return atom(Applied(function, tuple(of)))


def names_in(one: Atom) -> set[str]:
    """Loops that an atom depends on."""
    match one:
        case Leaf():
            return {name for each in one.index for name, _ in each.terms}
        case Gathered():
            return _names(one.of) - {name for name, _ in one.bounds}
        case Applied():
            return {name for each in one.of for name in _names(each)}


def atoms_of(of: Polynomial) -> Iterator[tuple[Atom, Fraction]]:
    """All atoms, those inside others included, with their exponents."""
    for product, _ in of.terms:
        for one, exponent in product:
            yield one, exponent
            inner = (one.of,) if isinstance(one, Gathered) else one.of if isinstance(one, Applied) else ()
            for each in inner:
                yield from atoms_of(each)


def _names(of: Polynomial) -> set[str]:
    return {name for product, _ in of.terms for one, _ in product for name in names_in(one)}


def _sum(terms: Iterable[tuple[Product, Fraction]]) -> Polynomial:
    found: dict[Product, Fraction] = {}
    for product, factor in terms:
        found[product] = found.get(product, Fraction(0)) + factor
    if len(found) > MOST_TERMS:
        raise TooLong
    return Polynomial(frozenset((product, factor) for product, factor in found.items() if factor))


def _times(one: Product, two: Product, factor: Fraction) -> Polynomial:
    powers = dict(one)
    for each, exponent in two:
        powers[each] = powers.get(each, Fraction(0)) + exponent
    # The root of v, squared, is v.
    whole = [each for each, own in powers.items() if own == 1 and isinstance(each, Applied) and each.function == "root"]
    rest = frozenset((each, own) for each, own in powers.items() if own and each not in whole)
    found = _single(rest, factor)
    for each in whole:
        assert isinstance(each, Applied)
        found = multiply(found, each.of[0])
    return found


def _snapped(value: float | Fraction) -> Fraction:
    """Exactly, but for a share of a whole number that single precision has cut: 0.00130208337306976 is 1/768."""
    whole = round(1 / value) if abs(value) > 1e-6 else 0
    near = whole and abs(value * whole - 1) < 1e-7
    return Fraction(1, whole) if near else Fraction(value)
