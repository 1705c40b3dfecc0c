"""What models of language do to tokens, by the formulas that define it."""

from __future__ import annotations

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.ir.ops.rope import RopeOp

from .arrays import Arrays


@register_impls
class TokenFunctions(InterpreterFunctions):
    @impl(RopeOp)
    def rope(self, interpreter: Interpreter, op: RopeOp, args: Arrays) -> Arrays:
        """As numbers of the plane: a pair is one, and turning it is a product."""
        x, cos, sin = args
        rotary, result = op.rotary.value.data, x.copy()
        pairs: tuple[slice, slice] = (slice(0, rotary // 2), slice(rotary // 2, rotary))
        if op.interleaved is not None:
            pairs = slice(0, rotary, 2), slice(1, rotary, 2)
        angle = cos + (1j if op.inverse is None else -1j) * sin
        if cos.ndim == 3:
            angle = angle.reshape(cos.shape[0], *[1] * (x.ndim - 3), *cos.shape[1:])
        turned = (x[..., pairs[0]] + 1j * x[..., pairs[1]]) * angle
        result[..., pairs[0]], result[..., pairs[1]] = np.real(turned), np.imag(turned)
        return (result,)
