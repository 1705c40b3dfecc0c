"""Sums, means, products and extremes over dimensions, and how their gradients go back."""

from __future__ import annotations

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.ir.base import shape_of
from simdc.ir.ops.expand import ExpandOp
from simdc.ir.ops.reduce import ReduceGradOp, ReduceMeanOp, ReduceSumOp, reduced
from simdc.ir.ops.reduce_extreme import (
    ArgMaxOp,
    ArgMinOp,
    PlaceOp,
    ReduceExtremeGradOp,
    ReduceMaxOp,
    ReduceMinOp,
    ReduceProductOp,
)

from .arrays import Array, Arrays


@register_impls
class ReduceFunctions(InterpreterFunctions):
    @impl(ReduceSumOp)
    def reduce_sum(self, interpreter: Interpreter, op: ReduceSumOp, args: Arrays) -> Arrays:
        return (args[0].sum(axis=op.summed, keepdims=op.keepdims is not None),)

    @impl(ReduceMeanOp)
    def reduce_mean(self, interpreter: Interpreter, op: ReduceMeanOp, args: Arrays) -> Arrays:
        return (args[0].mean(axis=op.summed, keepdims=op.keepdims is not None),)

    @impl(ReduceGradOp)
    def reduce_grad(self, interpreter: Interpreter, op: ReduceGradOp, args: Arrays) -> Arrays:
        shape, axes = shape_of(op.result), op.axes.get_values()
        whole = np.broadcast_to(args[0].reshape(reduced(shape, axes, keepdims=True)), shape)
        return (whole if op.mean is None else whole / np.prod([shape[axis] for axis in axes]),)

    @impl(ReduceMaxOp)
    def reduce_max(self, interpreter: Interpreter, op: ReduceMaxOp, args: Arrays) -> Arrays:
        return (args[0].max(axis=op.summed, keepdims=op.keepdims is not None),)

    @impl(ReduceMinOp)
    def reduce_min(self, interpreter: Interpreter, op: ReduceMinOp, args: Arrays) -> Arrays:
        return (args[0].min(axis=op.summed, keepdims=op.keepdims is not None),)

    @impl(ReduceProductOp)
    def reduce_product(self, interpreter: Interpreter, op: ReduceProductOp, args: Arrays) -> Arrays:
        return (args[0].prod(axis=op.summed, keepdims=op.keepdims is not None),)

    @impl(ReduceExtremeGradOp)
    def reduce_extreme_grad(self, interpreter: Interpreter, op: ReduceExtremeGradOp, args: Arrays) -> Arrays:
        """The summed dimensions side by side behind the others, and the first hit among them."""
        gradient, x, output = args
        axes = tuple(op.axes.get_values())
        kept = reduced(x.shape, axes, keepdims=True)
        hits = np.moveaxis(x == output.reshape(kept), axes, range(-len(axes), 0))
        rows = hits.reshape(*hits.shape[: -len(axes)], -1)
        first = (np.cumsum(rows, axis=-1) == 1) & rows
        chosen = np.moveaxis(first.reshape(hits.shape), range(-len(axes), 0), axes)
        return (np.where(chosen, gradient.reshape(kept), 0.0),)

    @impl(ArgMaxOp)
    def arg_max(self, interpreter: Interpreter, op: ArgMaxOp, args: Arrays) -> Arrays:
        return (_places(op, args[0]),)

    @impl(ArgMinOp)
    def arg_min(self, interpreter: Interpreter, op: ArgMinOp, args: Arrays) -> Arrays:
        return (_places(op, -args[0]),)

    @impl(ExpandOp)
    def expand(self, interpreter: Interpreter, op: ExpandOp, args: Arrays) -> Arrays:
        return (np.broadcast_to(args[0], shape_of(op.result)),)


def _places(op: PlaceOp, x: Array) -> Array:
    """Of the largest elements along the op's axis."""
    (axis,) = op.summed
    found = x.argmax(axis) if op.last is None else x.shape[axis] - 1 - np.flip(x, axis).argmax(axis)
    result: Array = found.reshape(shape_of(op.result)).astype(np.float64)
    return result
