"""Softmax, and the losses."""

from __future__ import annotations

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.ir.ops.log_softmax import LogSoftmaxGradOp, LogSoftmaxOp
from simdc.ir.ops.loss import BinaryCrossEntropyOp, LossGradOp, MeanSquaredErrorOp, SoftmaxCrossEntropyOp
from simdc.ir.ops.softmax import LOWEST, SoftmaxGradOp, SoftmaxOp

from .arrays import Array, Arrays


def _log_softmax(x: Array, axis: int = 1) -> Array:
    """`x - log(sum(exp(x)))` along an axis; the largest entry is taken out first so that nothing overflows."""
    centered = x - x.max(axis=axis, keepdims=True)
    return centered - np.log(np.exp(centered).sum(axis=axis, keepdims=True))


def _dense_target(target: Array, axis: int, classes: tuple[Array, ...]) -> Array:
    """1 where a class is the one that the target names, else 0; a target without classes as it is."""
    if not classes:
        return target
    (numbers,) = classes
    shape = [1] * (target.ndim + 1)
    shape[axis] = -1
    return (np.expand_dims(target, axis) == numbers.reshape(shape)).astype(np.float64)


@register_impls
class LossFunctions(InterpreterFunctions):
    @impl(SoftmaxOp)
    def softmax(self, interpreter: Interpreter, op: SoftmaxOp, args: Arrays) -> Arrays:
        x, *extras = args
        axis, scores = op.axis.value.data, op.scale.value.data * x
        if op.mask is not None:
            scores = scores + extras[0]
        if op.causal is not None:
            keys = np.moveaxis(scores, axis, -1)
            # Queries are the dimension before the keys: now the one at axis - 1.
            later = np.moveaxis(keys, axis - 1, -2)
            hidden = np.triu(np.ones(later.shape[-2:], dtype=bool), 1 + later.shape[-1] - later.shape[-2])
            scores = np.moveaxis(np.moveaxis(np.where(hidden, LOWEST, later), -2, axis - 1), -1, axis)
        return (np.exp(_log_softmax(scores, axis)),)

    @impl(SoftmaxGradOp)
    def softmax_grad(self, interpreter: Interpreter, op: SoftmaxGradOp, args: Arrays) -> Arrays:
        gradient, output = args
        centered = gradient - (gradient * output).sum(axis=op.axis.value.data, keepdims=True)
        return (op.scale.value.data * output * centered,)

    @impl(LogSoftmaxOp)
    def log_softmax(self, interpreter: Interpreter, op: LogSoftmaxOp, args: Arrays) -> Arrays:
        return (_log_softmax(args[0], op.axis.value.data),)

    @impl(LogSoftmaxGradOp)
    def log_softmax_grad(self, interpreter: Interpreter, op: LogSoftmaxGradOp, args: Arrays) -> Arrays:
        gradient, output = args
        return (gradient - np.exp(output) * gradient.sum(axis=op.axis.value.data, keepdims=True),)

    @impl(SoftmaxCrossEntropyOp)
    def softmax_cross_entropy(self, interpreter: Interpreter, op: SoftmaxCrossEntropyOp, args: Arrays) -> Arrays:
        logits, target, *classes = args
        axis = op.axis.value.data
        logs = _log_softmax(logits, axis)
        return np.exp(logs), -(_dense_target(target, axis, tuple(classes)) * logs).sum(axis=axis)

    @impl(MeanSquaredErrorOp)
    def mean_squared_error(self, interpreter: Interpreter, op: MeanSquaredErrorOp, args: Arrays) -> Arrays:
        prediction, target = args
        return (((prediction - target) ** 2).mean(axis=op.axis.value.data),)

    @impl(BinaryCrossEntropyOp)
    def binary_cross_entropy(self, interpreter: Interpreter, op: BinaryCrossEntropyOp, args: Arrays) -> Arrays:
        logits, target = args
        # log(1 + exp(-x)) as it is, and logaddexp keeps exp from overflowing.
        each = np.logaddexp(0.0, -logits) + logits * (1.0 - target)
        return 1.0 / (1.0 + np.exp(-logits)), each.mean(axis=op.axis.value.data)

    @impl(LossGradOp)
    def loss_grad(self, interpreter: Interpreter, op: LossGradOp, args: Arrays) -> Arrays:
        prediction, target, *classes = args
        return ((prediction - _dense_target(target, op.axis.value.data, tuple(classes))) * op.scale.value.data,)
