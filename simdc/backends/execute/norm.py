"""Normalizations: by the batch's or by stored statistics, and over neighbouring channels; and their gradients."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.ir.ops.batch_norm import BatchNormGradOp, BatchNormOp, BatchNormStatisticsOp
from simdc.ir.ops.group_norm import GroupNormGradOp, GroupNormOp
from simdc.ir.ops.instance_norm import InstanceNormGradOp, InstanceNormOp
from simdc.ir.ops.layer_norm import LayerNormGradOp, LayerNormOp
from simdc.ir.ops.local_response_norm import LocalResponseNormGradOp, LocalResponseNormOp
from simdc.ir.ops.rms_norm import RmsNormGradOp, RmsNormOp

from .arrays import Array, Arrays, channelwise


def _channel_sums(x: Array, before: int, after: int) -> Array:
    """At each channel of [n, c, h, w] the sum over itself, `before` channels before it and `after` after it."""
    padded = np.pad(x, ((0, 0), (before, after), (0, 0), (0, 0)))
    seen: Array = sliding_window_view(padded, before + after + 1, axis=1)
    return seen.sum(axis=-1)


def _response(op: LocalResponseNormOp | LocalResponseNormGradOp, x: Array) -> tuple[Array, int, int]:
    """`bias + alpha/size * sum of x^2`, and how far the window reaches before and after its channel."""
    size = op.size.value.data
    before = (size - 1) // 2
    after = size - 1 - before
    return op.bias.value.data + op.alpha.value.data / size * _channel_sums(x**2, before, after), before, after


def _normal(x: Array, first: int, epsilon: float) -> tuple[Array, Array]:
    """The input with mean 0 and variance 1 over its dimensions from `first` on, and the inverse deviations."""
    inside = tuple(range(first, x.ndim))
    inv_std: Array = 1.0 / np.sqrt(x.var(axis=inside, keepdims=True) + epsilon)
    return (x - x.mean(axis=inside, keepdims=True)) * inv_std, inv_std


def _grouped(x: Array, groups: int) -> Array:
    """[n, g, what lies in a group]."""
    return x.reshape(x.shape[0], groups, -1)


def _inverse_rms(x: Array, first: int, epsilon: float) -> Array:
    """One over the root mean square of the dimensions from `first` on."""
    inverse: Array = 1.0 / np.sqrt((x**2).mean(axis=tuple(range(first, x.ndim)), keepdims=True) + epsilon)
    return inverse


def _through(inner: Array, normal: Array, inv_std: Array, first: int) -> Array:
    """The gradient with respect to the input, from `inner`, the one with respect to `normal`."""
    inside = tuple(range(first, inner.ndim))
    along = (inner * normal).mean(axis=inside, keepdims=True)
    return inv_std * (inner - inner.mean(axis=inside, keepdims=True) - normal * along)


@register_impls
class NormFunctions(InterpreterFunctions):
    @impl(BatchNormOp)
    def batch_norm(self, interpreter: Interpreter, op: BatchNormOp, args: Arrays) -> Arrays:
        x = args[0]
        mean, inv_std, scale, shift = (channelwise(values, x.ndim) for values in args[1:])
        return ((x - mean) * inv_std * scale + shift,)

    @impl(BatchNormStatisticsOp)
    def batch_norm_statistics(self, interpreter: Interpreter, op: BatchNormStatisticsOp, args: Arrays) -> Arrays:
        (x,) = args
        axes = (0, *range(2, x.ndim))
        return x.mean(axis=axes), 1.0 / np.sqrt(x.var(axis=axes) + op.epsilon.value.data)

    @impl(BatchNormGradOp)
    def batch_norm_grad(self, interpreter: Interpreter, op: BatchNormGradOp, args: Arrays) -> Arrays:
        """With `d = gradient * scale` and `z` the normalized input, means taken per channel:
        `input_grad = inv_std * (d - mean(d) - z * mean(d * z))`."""
        x, gradient = args[:2]
        mean, inv_std, scale = (channelwise(values, x.ndim) for values in args[2:])
        axes = (0, *range(2, x.ndim))
        normal = (x - mean) * inv_std
        inner = gradient * scale
        along = (inner * normal).mean(axis=axes, keepdims=True)
        input_grad = inv_std * (inner - inner.mean(axis=axes, keepdims=True) - normal * along)
        return input_grad, (gradient * normal).sum(axis=axes), gradient.sum(axis=axes)

    @impl(InstanceNormOp)
    def instance_norm(self, interpreter: Interpreter, op: InstanceNormOp, args: Arrays) -> Arrays:
        x, scale, shift = args
        normal, _ = _normal(x, 2, op.epsilon.value.data)
        return (normal * channelwise(scale, x.ndim) + channelwise(shift, x.ndim),)

    @impl(InstanceNormGradOp)
    def instance_norm_grad(self, interpreter: Interpreter, op: InstanceNormGradOp, args: Arrays) -> Arrays:
        """As that of batch normalization, with means over each plane and parameter gradients over all planes."""
        x, gradient, scale = args
        normal, inv_std = _normal(x, 2, op.epsilon.value.data)
        axes = (0, *range(2, x.ndim))
        input_grad = _through(gradient * channelwise(scale, x.ndim), normal, inv_std, 2)
        return input_grad, (gradient * normal).sum(axis=axes), gradient.sum(axis=axes)

    @impl(LayerNormOp)
    def layer_norm(self, interpreter: Interpreter, op: LayerNormOp, args: Arrays) -> Arrays:
        x, scale, *shift = args
        normal, _ = _normal(x, op.axis.value.data, op.epsilon.value.data)
        return (normal * scale + (shift[0] if shift else 0.0),)

    @impl(LayerNormGradOp)
    def layer_norm_grad(self, interpreter: Interpreter, op: LayerNormGradOp, args: Arrays) -> Arrays:
        x, gradient, scale = args
        first = op.axis.value.data
        normal, inv_std = _normal(x, first, op.epsilon.value.data)
        input_grad = _through(gradient * scale, normal, inv_std, first)
        return (input_grad,) if op.product is None else (input_grad, gradient * normal)

    @impl(GroupNormOp)
    def group_norm(self, interpreter: Interpreter, op: GroupNormOp, args: Arrays) -> Arrays:
        x, scale, shift = args
        normal, _ = _normal(_grouped(x, op.groups.value.data), 2, op.epsilon.value.data)
        return (normal.reshape(x.shape) * channelwise(scale, x.ndim) + channelwise(shift, x.ndim),)

    @impl(GroupNormGradOp)
    def group_norm_grad(self, interpreter: Interpreter, op: GroupNormGradOp, args: Arrays) -> Arrays:
        x, gradient, scale = args
        groups = op.groups.value.data
        normal, inv_std = _normal(_grouped(x, groups), 2, op.epsilon.value.data)
        inner = _grouped(gradient * channelwise(scale, x.ndim), groups)
        input_grad = _through(inner, normal, inv_std, 2).reshape(x.shape)
        return (input_grad,) if op.product is None else (input_grad, gradient * normal.reshape(x.shape))

    @impl(RmsNormOp)
    def rms_norm(self, interpreter: Interpreter, op: RmsNormOp, args: Arrays) -> Arrays:
        x, *scale = args
        normal = x * _inverse_rms(x, op.axis.value.data, op.epsilon.value.data)
        return (normal * scale[0] if scale else normal,)

    @impl(RmsNormGradOp)
    def rms_norm_grad(self, interpreter: Interpreter, op: RmsNormGradOp, args: Arrays) -> Arrays:
        """`normal` is as long whatever the length of x, so what lies along it does not count."""
        x, gradient, *scale = args
        first = op.axis.value.data
        inverse = _inverse_rms(x, first, op.epsilon.value.data)
        normal, inner = x * inverse, gradient * scale[0] if scale else gradient
        along = (inner * normal).mean(axis=tuple(range(first, x.ndim)), keepdims=True)
        input_grad = inverse * (inner - normal * along)
        return (input_grad,) if op.product is None else (input_grad, gradient * normal)

    @impl(LocalResponseNormOp)
    def local_response_norm(self, interpreter: Interpreter, op: LocalResponseNormOp, args: Arrays) -> Arrays:
        (x,) = args
        return (x / _response(op, x)[0] ** op.beta.value.data,)

    @impl(LocalResponseNormGradOp)
    def local_response_norm_grad(self, interpreter: Interpreter, op: LocalResponseNormGradOp, args: Arrays) -> Arrays:
        """Channel c lies in the windows of those channels that are as far before it as the window reaches after its
        own channel, and the other way round."""
        x, gradient = args
        alpha, beta, size = op.alpha.value.data, op.beta.value.data, op.size.value.data
        base, before, after = _response(op, x)
        through = _channel_sums(gradient * x * base ** (-beta - 1.0), after, before)
        return (gradient * base**-beta - 2.0 * alpha * beta / size * x * through,)
