"""Softmax, and the loss built on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.ir.loss import SoftmaxCrossEntropyGradOp, SoftmaxCrossEntropyOp
from simdc.ir.softmax import SoftmaxGradOp, SoftmaxOp

from .arrays import Array


def _log_softmax(x: Array, axis: int = 1) -> Array:
    """`x - log(sum(exp(x)))` along an axis; the largest entry is taken out first so that nothing overflows."""
    centered = x - x.max(axis=axis, keepdims=True)
    return centered - np.log(np.exp(centered).sum(axis=axis, keepdims=True))


@register_impls
class LossFunctions(InterpreterFunctions):
    @impl(SoftmaxOp)
    def softmax(self, interpreter: Interpreter, op: SoftmaxOp, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return (np.exp(_log_softmax(args[0], op.axis.value.data)),)

    @impl(SoftmaxGradOp)
    def softmax_grad(self, interpreter: Interpreter, op: SoftmaxGradOp, args: tuple[Any, ...]) -> tuple[Any, ...]:
        gradient, output = args
        return (output * (gradient - (gradient * output).sum(axis=op.axis.value.data, keepdims=True)),)

    @impl(SoftmaxCrossEntropyOp)
    def softmax_cross_entropy(
        self, interpreter: Interpreter, op: SoftmaxCrossEntropyOp, args: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        logits, target = args
        logs = _log_softmax(logits)
        return np.exp(logs), -(target * logs).sum(axis=1)

    @impl(SoftmaxCrossEntropyGradOp)
    def softmax_cross_entropy_grad(
        self, interpreter: Interpreter, op: SoftmaxCrossEntropyGradOp, args: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        probabilities, target = args
        return ((probabilities - target) / len(target),)
