"""Affine maps of MLIR as our index expressions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr
from xdsl.ir import Attribute
from xdsl.ir.affine import (
    AffineBinaryOpExpr,
    AffineBinaryOpKind,
    AffineConstantExpr,
    AffineDimExpr,
    AffineExpr,
    AffineMap,
)

from simdc.cost.kernel import Affine, affine

from .problems import Unpriced


def maps_of(attribute: Attribute | None) -> list[AffineMap]:
    """All of a list. Raises Unpriced."""
    if not isinstance(attribute, ArrayAttr):
        raise Unpriced("it has no indexing maps")
    return [map_of(each) for each in cast("ArrayAttr[Attribute]", attribute).data]


class Terms(dict[int, int]):
    """Steps by dimension; the constant has the key -1."""


def map_of(attribute: Attribute) -> AffineMap:
    if not isinstance(attribute, AffineMapAttr):
        raise Unpriced("an indexing map is none")
    return attribute.data


def terms_of(expression: AffineExpr) -> Terms:
    """Raises Unpriced for what is not a sum of multiples of dimensions."""
    match expression:
        case AffineConstantExpr():
            return Terms({-1: expression.value})
        case AffineDimExpr():
            return Terms({expression.position: 1})
        case AffineBinaryOpExpr(kind=AffineBinaryOpKind.Add):
            found = terms_of(expression.lhs)
            for key, step in terms_of(expression.rhs).items():
                found[key] = found.get(key, 0) + step
            return found
        case AffineBinaryOpExpr(kind=AffineBinaryOpKind.Mul):
            lhs, rhs = terms_of(expression.lhs), terms_of(expression.rhs)
            if set(rhs) - {-1}:
                lhs, rhs = rhs, lhs
            if not set(rhs) - {-1}:
                return Terms({key: step * rhs.get(-1, 0) for key, step in lhs.items()})
        case _:
            pass
    raise Unpriced(f"the index {expression} is no sum of multiples of loops")


def reversed_loops(maps: Sequence[AffineMap]) -> set[int]:
    """Loops that every index takes backwards. Raises Unpriced for one that is taken in both ways."""
    signs: dict[int, set[bool]] = {}
    for each in maps:
        for expression in each.results:
            for loop, step in terms_of(expression).items():
                if loop >= 0 and step:
                    signs.setdefault(loop, set()).add(step < 0)
    both = [loop for loop, found in signs.items() if len(found) > 1]
    if both:
        raise Unpriced(f"d{both[0]} is run through in both directions")
    return {loop for loop, found in signs.items() if found == {True}}


def index_of(each: AffineMap, bounds: Sequence[int], backwards: set[int]) -> tuple[Affine, ...]:
    """One expression over `d0`, `d1`, ... for each result of a map. Loops in `backwards` run from their end on."""
    found: list[Affine] = []
    for expression in each.results:
        terms = terms_of(expression)
        constant = terms.pop(-1, 0)
        # -d0 + 4 with d0 = 0 .. 4, run backwards: d0.
        constant += sum(step * (bounds[loop] - 1) for loop, step in terms.items() if loop in backwards)
        steps = [(f"d{loop}", abs(step)) for loop, step in sorted(terms.items()) if step and bounds[loop] > 1]
        found.append(affine(*steps, constant=constant))
    return tuple(found)
