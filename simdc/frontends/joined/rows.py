"""Softmax and normalization of rows, told by their formula, in whatever steps they were written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import prod
from typing import TypeGuard

from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, affine
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.ops.layer_norm import LayerNormOp
from simdc.ir.ops.log_softmax import LogSoftmaxOp
from simdc.ir.ops.rms_norm import RmsNormOp
from simdc.ir.ops.softmax import SoftmaxOp
from simdc.named import NamedTuple

from .algebra import (
    Applied,
    Atom,
    Gathered,
    Leaf,
    Polynomial,
    TooLong,
    add,
    atom,
    atoms_of,
    called,
    exponential,
    gathered,
    logarithm,
    multiply,
    number,
    power,
    subtract,
)
from .cones import Cone
from .formulas import bounds_of, formula_of
from .layers import in_shape, put_in_place
from .readings import long_sizes, place_in, through_views

MOST_LAYERS = 24
"""Of a formula."""


class RowTerms(NamedTuple):
    """The element `x` of a tensor that lies where the result does, and `inside`, any of its row, `bounds` saying which
    one. A row goes along `axes` of the result."""

    x: Polynomial
    inside: Polynomial
    bounds: tuple[tuple[str, int], ...]
    axes: tuple[int, ...]

    def total(self, of: Polynomial) -> Polynomial:
        return gathered("add", self.bounds, of)

    def mean(self, of: Polynomial) -> Polynomial:
        return multiply(self.total(of), number(Fraction(1, prod(bound for _, bound in self.bounds))))


def join_rows(cone: Cone) -> bool:
    """Put one layer in the place of a cone that is a function of rows. False for any other."""
    if cone.size > MOST_LAYERS or not cone.gathers:
        return False
    if long_sizes(cone.x) != long_sizes(cone.result):
        return False
    try:
        formula = formula_of(cone.result, place_in(cone.result), cone.readings, bounds_of(cone.result))
        row = _row(cone, formula)
        found = None if row is None else _softmax(cone, formula, row) or _norm(cone, formula, row)
    except (TooLong, VerifyException):
        return False
    last = cone.result.owner
    if found is None or not isinstance(last, LayerOp):
        return False
    put_in_place(last, found, cone.layers)
    return True


def _row(cone: Cone, formula: Polynomial) -> RowTerms | None:
    """The rows that sums go along, if they are rows of `x`."""
    x, at = through_views(cone.x, _spread(cone.x, place_in(cone.result)))
    for one, _ in atoms_of(formula):
        if not isinstance(one, Gathered) or one.how != "add":
            continue
        names = [affine(name) for name, _ in one.bounds]
        for leaf, _ in atoms_of(one.of):
            if not isinstance(leaf, Leaf) or leaf.value is not x:
                continue
            here = [(mine, whole) for mine, whole in zip(leaf.index, at, strict=True) if mine != whole]
            if [mine for mine, _ in here] == names:
                axes = tuple(int(whole.terms[0][0][1:]) for _, whole in here)
                return RowTerms(atom(Leaf(x, at)), atom(leaf), one.bounds, axes)
    return None


def _spread(value: SSAValue, index: Sequence[Affine]) -> tuple[Affine, ...]:
    """An index of as many elements, for the dimensions of a value that is seen in another shape."""
    rest = iter(each for each in index if each.terms)
    return tuple(next(rest) if size > 1 else affine() for size in shape_of(value))


def _softmax(cone: Cone, formula: Polynomial, row: RowTerms) -> LayerOp | None:
    if len(row.axes) != 1:
        return None
    total = row.total(exponential(row.inside))
    fields = {"axis": row.axes[0]}
    if formula == multiply(exponential(row.x), power(total, Fraction(-1))):
        return SoftmaxOp(_name(cone), _viewed(cone.x, shape_of(cone.result), cone), **fields)
    if formula == subtract(row.x, logarithm(total)):
        return LogSoftmaxOp(_name(cone), _viewed(cone.x, shape_of(cone.result), cone), **fields)
    return None


def _norm(cone: Cone, formula: Polynomial, row: RowTerms) -> LayerOp | None:
    shape, axis = shape_of(cone.result), min(row.axes)
    if any(size > 1 and place not in row.axes for place, size in enumerate(shape) if place >= axis):
        return None
    roots = {one.of[0].number for one, exponent in atoms_of(formula) if _is_root(one) and exponent == Fraction(-1, 2)}
    if len(roots) != 1:
        return None
    (epsilon,) = roots
    for kind, normal in _normals(row, number(epsilon)):
        for scale, shift in _parameters(formula, row):
            found = normal if scale is None else multiply(normal, atom(scale))
            found = found if shift is None else add(found, atom(shift))
            whole = scale is not None if kind is LayerNormOp else shift is None
            if whole and found == formula:
                own = [None if each is None else _viewed(each.value, shape[axis:], cone) for each in (scale, shift)]
                operands = own if kind is LayerNormOp else own[:1]
                x = _viewed(cone.x, shape, cone)
                return kind(_name(cone), x, *operands, axis=axis, epsilon=float(epsilon))
    return None


def _normals(row: RowTerms, epsilon: Polynomial) -> Iterator[tuple[type[LayerNormOp | RmsNormOp], Polynomial]]:
    """What a norm is without its scale and shift."""
    mean, squares = row.mean(row.inside), row.mean(multiply(row.inside, row.inside))
    variance, none = subtract(squares, multiply(mean, mean)), number(0.0)
    yield RmsNormOp, multiply(row.x, power(add(squares, epsilon), Fraction(-1, 2)))
    # A variance is not negative: keeping it from that changes nothing.
    for each in (variance, called("max", (variance, none)), called("max", (none, variance))):
        yield LayerNormOp, multiply(subtract(row.x, mean), power(add(each, epsilon), Fraction(-1, 2)))


def _is_root(one: Atom) -> TypeGuard[Applied]:
    return isinstance(one, Applied) and one.function == "root"


def _parameters(formula: Polynomial, row: RowTerms) -> Iterator[tuple[Leaf | None, Leaf | None]]:
    """What may be scale and shift: tensors that have an element for each place in a row."""
    own = {each for each, _ in atoms_of(row.x)}
    found = [one for product, _ in formula.terms for one, _ in product if isinstance(one, Leaf) and one not in own]
    wanted = [affine(f"i{place}") for place in row.axes]
    fits = [*dict.fromkeys(one for one in found if [each for each in one.index if each.terms] == wanted)]
    choices: list[Leaf | None] = [None, *fits]
    yield from ((scale, shift) for scale in choices for shift in choices if scale is None or scale is not shift)


def _name(cone: Cone) -> str:
    last = cone.result.owner
    assert isinstance(last, LayerOp)
    return last.layer.data


def _viewed(value: SSAValue, shape: tuple[int, ...], cone: Cone) -> SSAValue:
    last = cone.result.owner
    assert isinstance(last, LayerOp)
    return in_shape(value, shape, last)
