"""Comparisons, logic and choices. Truth values are numbers here: 1 and 0, stored at the width of any other tensor."""

from __future__ import annotations

from math import isfinite

from xdsl.ir import SSAValue

from simdc.errors import SimdcError
from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Constant, Value
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.table import operator
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.broadcasting import broadcast_shape
from simdc.ir.ops.broadcast import MaximumOp, MinimumOp
from simdc.ir.ops.comparison import EqualOp, LessOp, LessOrEqualOp
from simdc.ir.ops.scalar import ScalarOp
from simdc.ir.ops.select import SelectOp

from .arithmetic import Binary, combine
from .repetition import repeated
from .view import view


def _greater(name: str, lhs: SSAValue, rhs: SSAValue) -> LayerOp:
    return LessOp(name, rhs, lhs)


def _greater_or_equal(name: str, lhs: SSAValue, rhs: SSAValue) -> LayerOp:
    return LessOrEqualOp(name, rhs, lhs)


BINARIES = {
    "Equal": Binary(EqualOp, "equal", "equal", "constant"),
    "Less": Binary(LessOp, "less", "greater", "constant"),
    "LessOrEqual": Binary(LessOrEqualOp, "less_or_equal", "greater_or_equal", "constant"),
    "Greater": Binary(_greater, "greater", "less", "constant"),
    "GreaterOrEqual": Binary(_greater_or_equal, "greater_or_equal", "less_or_equal", "constant"),
    "And": Binary(MinimumOp, "min", "min", "constant"),
    "Or": Binary(MaximumOp, "max", "max", "constant"),
}


@operator(*BINARIES)
def comparison(build: Build) -> Value:
    return combine(build, BINARIES[build.node.op_type], build.name, 0, 1)


@operator("Not")
def negation(build: Build) -> Value:
    """`1 - x`."""
    return build.add(ScalarOp(build.name, build.tensor(0), function="rsub", value=1.0))


@operator("Where")
def where(build: Build) -> Value:
    """A condition that is known and everywhere the same leaves the side that it takes."""
    shape: tuple[int, ...] | None = ()
    for place in range(3):
        shape = None if shape is None else broadcast_shape(shape, build.shape(place))
    if shape is None:
        raise Unsupported(f"shapes {[list(build.shape(place)) for place in range(3)]} do not broadcast")
    taken = _always(build.constant(0))
    if taken is not None:
        side = build.value(1 if taken else 2)
        if isinstance(side, Constant):
            return side.broadcast(shape)
        return view(build, side, shape) if shape_of(side) == shape else repeated(build, side, shape, build.name)
    condition = build.constant(0)
    gate = build.tensor(0) if condition is None else _untrained(build, condition, "condition")
    return build.add(SelectOp(build.name, gate, _side(build, 1), _side(build, 2)))


def _always(condition: Constant | None) -> bool | None:
    """What a constant condition is everywhere; None where it differs or nobody knows."""
    if condition is None:
        return None
    try:
        values = {bool(value) for value in condition.ints()}
    except SimdcError:
        return None
    return values.pop() if len(values) == 1 else None


def _side(build: Build, place: int) -> SSAValue | float:
    """A constant of one finite value is an immediate."""
    constant = build.constant(place)
    if constant is None:
        found = build.tensor(place)
        if not shape_of(found):
            raise Unsupported("it reads a single number that depends on data")
        return found
    if constant.elements == 1:
        try:
            if isfinite(constant.number()):
                return constant.number()
        except SimdcError:
            # The weights were taken out of the file: a tensor of one value then, not an immediate.
            pass
        return _untrained(build, constant, f"side{place}")
    return build.tensor(place, f"side{place}")


def _untrained(build: Build, constant: Constant, role: str) -> SSAValue:
    """Masks and fillings are data of the model, not weights."""
    return build.parameter(constant.reshaped(constant.shape or (1,)), role, kind="constant")
