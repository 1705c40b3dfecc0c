"""What models of language do to tokens, by the formulas that define it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.ir.ops.cache import CacheAppendOp
from simdc.ir.ops.cumulative import CumulativeSumOp
from simdc.ir.ops.gated import GatedGradOp, GatedOp
from simdc.ir.ops.rope import RopeOp
from simdc.ir.ops.top_k import TopKOp

from .activation import gelu_and_slope, silu_and_slope
from .arrays import Array, Arrays

GATES: dict[str, Callable[[Array], tuple[Array, Array]]] = {
    "silu": silu_and_slope,
    "gelu": lambda x: gelu_and_slope(x, "none"),
    "gelu_tanh": lambda x: gelu_and_slope(x, "tanh"),
}
"""The activation of a gated unit, and its slope."""


@register_impls
class TokenFunctions(InterpreterFunctions):
    @impl(RopeOp)
    def rope(self, interpreter: Interpreter, op: RopeOp, args: Arrays) -> Arrays:
        """As numbers of the plane: a pair is one, and turning it is a product."""
        x, cos, sin = args
        x = x if op.tokens_first is None else x.swapaxes(-2, -3)
        rotary, result = op.rotary.value.data, x.copy()
        pairs: tuple[slice, slice] = (slice(0, rotary // 2), slice(rotary // 2, rotary))
        if op.interleaved is not None:
            pairs = slice(0, rotary, 2), slice(1, rotary, 2)
        angle = cos + (1j if op.inverse is None else -1j) * sin
        if cos.ndim == 3:
            angle = angle.reshape(cos.shape[0], *[1] * (x.ndim - 3), *cos.shape[1:])
        turned = (x[..., pairs[0]] + 1j * x[..., pairs[1]]) * angle
        result[..., pairs[0]], result[..., pairs[1]] = np.real(turned), np.imag(turned)
        return (result if op.tokens_first is None else result.swapaxes(-2, -3),)

    @impl(GatedOp)
    def gated(self, interpreter: Interpreter, op: GatedOp, args: Arrays) -> Arrays:
        x, other = args
        return (GATES[op.function.data](x)[0] * other,)

    @impl(GatedGradOp)
    def gated_grad(self, interpreter: Interpreter, op: GatedGradOp, args: Arrays) -> Arrays:
        gradient, x, other = args
        act, slope = GATES[op.function.data](x)
        return gradient * other * slope, gradient * act

    @impl(CacheAppendOp)
    def cache_append(self, interpreter: Interpreter, op: CacheAppendOp, args: Arrays) -> Arrays:
        return (np.concatenate(args, axis=op.axis.value.data),)

    @impl(CumulativeSumOp)
    def cumulative_sum(self, interpreter: Interpreter, op: CumulativeSumOp, args: Arrays) -> Arrays:
        sums = np.cumsum(args[0], axis=op.axis.value.data)
        return (sums if op.exclusive is None else sums - args[0],)

    @impl(TopKOp)
    def top_k(self, interpreter: Interpreter, op: TopKOp, args: Arrays) -> Arrays:
        axis, count = op.axis.value.data, op.count.value.data
        order = args[0] if op.smallest is not None else -args[0]
        places = np.argsort(order, axis=axis, kind="stable").take(range(count), axis=axis)
        return np.take_along_axis(args[0], places, axis), places.astype(np.float64)
