"""Ops on two tensors and on a tensor and a number, and their gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.ir.base import shape_of
from simdc.ir.ops.broadcast import (
    AddOp,
    BroadcastGradOp,
    DivideOp,
    MaximumOp,
    MinimumOp,
    MultiplyOp,
    PowerOp,
    SubtractOp,
)
from simdc.ir.ops.comparison import EqualOp, LessOp, LessOrEqualOp
from simdc.ir.ops.scalar import ScalarGradOp, ScalarOp
from simdc.ir.ops.select import SelectOp

from .arrays import Array, Arrays

SLOPES: dict[tuple[str, str], Callable[[Any, Any, Any], Any]] = {
    ("add", "lhs"): lambda g, a, b: g,
    ("add", "rhs"): lambda g, a, b: g,
    ("subtract", "lhs"): lambda g, a, b: g,
    ("subtract", "rhs"): lambda g, a, b: -g,
    ("multiply", "lhs"): lambda g, a, b: g * b,
    ("multiply", "rhs"): lambda g, a, b: g * a,
    ("divide", "lhs"): lambda g, a, b: g / b,
    ("divide", "rhs"): lambda g, a, b: -g * a / b**2,
    ("power", "lhs"): lambda g, a, b: g * b * a ** (b - 1.0),
    ("power", "rhs"): lambda g, a, b: g * a**b * np.log(a),
    ("maximum", "lhs"): lambda g, a, b: g * (a >= b),
    ("maximum", "rhs"): lambda g, a, b: g * (a < b),
    ("minimum", "lhs"): lambda g, a, b: g * (a <= b),
    ("minimum", "rhs"): lambda g, a, b: g * (a > b),
}
"""The gradient of each function before it is summed, from upstream, lhs and rhs, None for one that it does not read."""

SCALARS: dict[str, Callable[[Array, float], Array]] = {
    "add": lambda x, v: x + v,
    "sub": lambda x, v: x - v,
    "rsub": lambda x, v: v - x,
    "mul": lambda x, v: x * v,
    "div": lambda x, v: x / v,
    "rdiv": lambda x, v: v / x,
    "pow": lambda x, v: x**v,
    "max": np.maximum,
    "min": np.minimum,
    "equal": lambda x, v: (x == v).astype(np.float64),
    "less": lambda x, v: (x < v).astype(np.float64),
    "less_or_equal": lambda x, v: (x <= v).astype(np.float64),
    "greater": lambda x, v: (x > v).astype(np.float64),
    "greater_or_equal": lambda x, v: (x >= v).astype(np.float64),
}
SCALAR_SLOPES: dict[str, Callable[[Array, float], Any]] = {
    "rdiv": lambda x, v: -v / x**2,
    "pow": lambda x, v: v * x ** (v - 1.0),
    "max": lambda x, v: x >= v,
    "min": lambda x, v: x <= v,
}


def summed_to(values: Array, shape: tuple[int, ...]) -> Array:
    """The sum over all dimensions in which a tensor of `shape` is repeated."""
    missing = values.ndim - len(shape)
    kept = values.sum(axis=tuple(range(missing)))
    repeated = tuple(axis for axis, size in enumerate(shape) if size != kept.shape[axis])
    result: Array = kept.sum(axis=repeated, keepdims=True)
    return result


@register_impls
class BroadcastFunctions(InterpreterFunctions):
    @impl(AddOp)
    def add(self, interpreter: Interpreter, op: AddOp, args: Arrays) -> Arrays:
        return (args[0] + args[1],)

    @impl(SubtractOp)
    def subtract(self, interpreter: Interpreter, op: SubtractOp, args: Arrays) -> Arrays:
        return (args[0] - args[1],)

    @impl(MultiplyOp)
    def multiply(self, interpreter: Interpreter, op: MultiplyOp, args: Arrays) -> Arrays:
        return (args[0] * args[1],)

    @impl(DivideOp)
    def divide(self, interpreter: Interpreter, op: DivideOp, args: Arrays) -> Arrays:
        return (args[0] / args[1],)

    @impl(PowerOp)
    def power(self, interpreter: Interpreter, op: PowerOp, args: Arrays) -> Arrays:
        return (args[0] ** args[1],)

    @impl(MaximumOp)
    def maximum(self, interpreter: Interpreter, op: MaximumOp, args: Arrays) -> Arrays:
        return (np.maximum(args[0], args[1]),)

    @impl(MinimumOp)
    def minimum(self, interpreter: Interpreter, op: MinimumOp, args: Arrays) -> Arrays:
        return (np.minimum(args[0], args[1]),)

    @impl(EqualOp)
    def equal(self, interpreter: Interpreter, op: EqualOp, args: Arrays) -> Arrays:
        return ((args[0] == args[1]).astype(np.float64),)

    @impl(LessOp)
    def less(self, interpreter: Interpreter, op: LessOp, args: Arrays) -> Arrays:
        return ((args[0] < args[1]).astype(np.float64),)

    @impl(LessOrEqualOp)
    def less_or_equal(self, interpreter: Interpreter, op: LessOrEqualOp, args: Arrays) -> Arrays:
        return ((args[0] <= args[1]).astype(np.float64),)

    @impl(SelectOp)
    def select(self, interpreter: Interpreter, op: SelectOp, args: Arrays) -> Arrays:
        condition, *branches = args
        given = iter(branches)
        lhs, rhs = (side if isinstance(side, float) else next(given) for side in op.sides)
        return (np.broadcast_to(np.where(condition != 0.0, lhs, rhs), shape_of(op.result)),)

    @impl(BroadcastGradOp)
    def broadcast_grad(self, interpreter: Interpreter, op: BroadcastGradOp, args: Arrays) -> Arrays:
        gradient, *rest = args
        read = dict(zip(op.slope.reads, rest, strict=True))
        slope = SLOPES[op.function.data, op.side.data]
        return (summed_to(slope(gradient, read.get("lhs"), read.get("rhs")), shape_of(op.result)),)

    @impl(ScalarOp)
    def scalar(self, interpreter: Interpreter, op: ScalarOp, args: Arrays) -> Arrays:
        return (SCALARS[op.function.data](args[0], op.value.value.data),)

    @impl(ScalarGradOp)
    def scalar_grad(self, interpreter: Interpreter, op: ScalarGradOp, args: Arrays) -> Arrays:
        gradient, x = args
        return (gradient * SCALAR_SLOPES[op.function.data](x, op.value.value.data),)
