"""Means told by their formula: one sum or several, times or divided by a number, are one layer."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from math import prod

from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import affine
from simdc.frontends.imported_network import free_name
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.ops.average_pool import GlobalAveragePoolOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.reduce import ReduceMeanOp

from .algebra import Gathered, Leaf, Polynomial, TooLong
from .cones import Cone
from .formulas import bounds_of, formula_of
from .layers import names_beside, put_before_readers, put_in_place
from .readings import place_in

MOST_LAYERS = 4


def join_mean(cone: Cone) -> bool:
    """Put one layer in the place of a cone that is a mean over dimensions of its tip. False for any other."""
    last = cone.result.owner
    if not cone.gathers or cone.size > MOST_LAYERS:
        return False
    if not isinstance(last, LayerOp) or isinstance(last, ReduceMeanOp):
        return False
    try:
        formula = formula_of(cone.result, place_in(cone.result), cone.readings, bounds_of(cone.result))
        axes = _axes(formula, cone.x)
        found = None if axes is None else _layer(last.layer.data, cone.x, axes)
    except (TooLong, VerifyException):
        return False
    if found is None:
        return False
    shape = shape_of(cone.result)
    put_in_place(last, found, cone.layers)
    if shape_of(found.results[0]) != shape:
        name = free_name(f"{found.layer.data}.view", names_beside(found))
        put_before_readers(found, partial(ReshapeOp, name, shape=shape))
    return True


def _axes(formula: Polynomial, x: SSAValue) -> tuple[int, ...] | None:
    """The dimensions of `x` that it is a mean over, the others in their order."""
    match [(*product, factor) for product, factor in formula.terms]:
        case [((Gathered(how="add") as total, exponent), Fraction() as factor)] if exponent == 1:
            inside = [*total.of.terms]
        case _:
            return None
    match [(*product, own) for product, own in inside]:
        case [((Leaf() as leaf, exponent), own)] if own == exponent == 1 and leaf.value is x:
            pass
        case _:
            return None
    names = [affine(name) for name, _ in total.bounds]
    axes = tuple(place for place, each in enumerate(leaf.index) if each in names)
    rest = [each for each in leaf.index if each.terms and each not in names]
    whole = prod(bound for _, bound in total.bounds)
    places = [int(each.terms[0][0][1:]) for each in rest if each == affine(each.terms[0][0])]
    fits = len(axes) == len(names) and len(places) == len(rest) and places == sorted(places)
    return axes if fits and factor == Fraction(1, whole) and whole == prod(shape_of(x)[axis] for axis in axes) else None


def _layer(name: str, x: SSAValue, axes: tuple[int, ...]) -> LayerOp:
    """An image has a pool for that."""
    shape = shape_of(x)
    if len(shape) == 4 and axes and set(axes) <= {2, 3} and all(shape[axis] == 1 for axis in {2, 3} - set(axes)):
        return GlobalAveragePoolOp(name, x)
    return ReduceMeanOp(name, x, axes=axes, keepdims=True)
