"""Pooling and its gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import prod

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.ir.base import shape_of
from simdc.ir.ops.average_pool import (
    AveragePoolGradOp,
    AveragePoolOp,
    GlobalAveragePoolGradOp,
    GlobalAveragePoolOp,
    WindowDivideOp,
    WindowMeanGradOp,
    WindowMeanOp,
)
from simdc.ir.ops.average_pool3d import AveragePool3DGradOp, AveragePool3DOp, WindowDivide3DOp
from simdc.ir.ops.max_pool import GlobalMaxPoolOp, MaximumPoolGradOp, MaxPoolGradOp, MaxPoolOp
from simdc.ir.ops.max_pool3d import MaxPool3DGradOp, MaxPool3DOp
from simdc.ir.pooling import PoolGradOp, PoolOp
from simdc.ir.window import window_counts

from .arrays import Array, Arrays, crop_image, pad_image, taps, windows


def _border(op: PoolOp | PoolGradOp, size: Sequence[int], positions: Sequence[int]) -> list[int]:
    """The padding, and on the right and below what windows reach beyond it."""
    padding, rank = op.padding.get_values(), len(size)
    begins, ends = list(padding[:rank]), list(padding[rank:])
    kernel, stride, dilation = (field.get_values() for field in (op.kernel_size, op.stride, op.dilation))
    for axis, before in enumerate(begins):
        reach = (positions[axis] - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1
        ends[axis] = max(ends[axis], reach - before - size[axis])
    return [*begins, *ends]


def _windows(op: PoolOp, x: Array, border: float) -> Array:
    """What each window sees, in one row: [n, c, oh, ow, kh * kw]."""
    padded = pad_image(x, _border(op, x.shape[2:], shape_of(op.result)[2:]), border)
    seen = windows(padded, op.kernel_size.get_values(), op.stride.get_values(), op.dilation.get_values())
    return seen.reshape(*seen.shape[: x.ndim], -1)


def _divisors(*sides: Sequence[int]) -> Array:
    return reduce(np.multiply.outer, [np.asarray(side, dtype=np.float64) for side in sides])


def _scatter(op: PoolGradOp, positions: tuple[int, ...], part: Callable[[tuple[slice, ...]], Array]) -> Array:
    """Adds, place by place inside the window, what `part` gives for the rows and columns that lie there."""
    shape = shape_of(op.results[0])
    border = _border(op, shape[2:], positions)
    padded: Array = pad_image(np.zeros(shape), border)
    window = (op.kernel_size.get_values(), positions, op.stride.get_values(), op.dilation.get_values())
    for _, seen in taps(*window):
        padded[:, :, *seen] += part(seen)
    return crop_image(padded, border, shape[2:])


def _max_pool_grad(op: MaximumPoolGradOp, gradient: Array, x: Array, output: Array) -> Array:
    """The first place of each window that holds the window's maximum receives its gradient."""
    padded = pad_image(x, _border(op, x.shape[2:], output.shape[2:]), -np.inf)
    waiting = np.ones(output.shape, dtype=bool)

    def part(place: tuple[slice, ...]) -> Array:
        nonlocal waiting
        found = waiting & (padded[:, :, *place] == output)
        waiting = waiting & ~found
        return gradient * found

    return _scatter(op, output.shape[2:], part)


def _average_pool(op: WindowMeanOp, x: Array) -> Array:
    return _windows(op, x, 0.0).sum(axis=-1) / _divisors(*map(window_counts, op.window_runs()))


def _average_pool_grad(op: WindowMeanGradOp, gradient: Array) -> Array:
    share = gradient if op.divided is not None else gradient / prod(op.kernel_size.get_values())
    return _scatter(op, gradient.shape[2:], lambda _: share)


@register_impls
class PoolFunctions(InterpreterFunctions):
    @impl(MaxPoolOp)
    def max_pool(self, interpreter: Interpreter, op: MaxPoolOp, args: Arrays) -> Arrays:
        return (_windows(op, args[0], -np.inf).max(axis=-1),)

    @impl(MaxPool3DOp)
    def max_pool3d(self, interpreter: Interpreter, op: MaxPool3DOp, args: Arrays) -> Arrays:
        return (_windows(op, args[0], -np.inf).max(axis=-1),)

    @impl(GlobalMaxPoolOp)
    def global_max_pool(self, interpreter: Interpreter, op: GlobalMaxPoolOp, args: Arrays) -> Arrays:
        return (args[0].max(axis=(2, 3), keepdims=True),)

    @impl(MaxPoolGradOp)
    def max_pool_grad(self, interpreter: Interpreter, op: MaxPoolGradOp, args: Arrays) -> Arrays:
        return (_max_pool_grad(op, *args),)

    @impl(MaxPool3DGradOp)
    def max_pool3d_grad(self, interpreter: Interpreter, op: MaxPool3DGradOp, args: Arrays) -> Arrays:
        return (_max_pool_grad(op, *args),)

    @impl(AveragePoolOp)
    def average_pool(self, interpreter: Interpreter, op: AveragePoolOp, args: Arrays) -> Arrays:
        return (_average_pool(op, *args),)

    @impl(AveragePool3DOp)
    def average_pool3d(self, interpreter: Interpreter, op: AveragePool3DOp, args: Arrays) -> Arrays:
        return (_average_pool(op, *args),)

    @impl(WindowDivideOp)
    def window_divide(self, interpreter: Interpreter, op: WindowDivideOp, args: Arrays) -> Arrays:
        return (args[0] / _divisors(*op.counts),)

    @impl(WindowDivide3DOp)
    def window_divide3d(self, interpreter: Interpreter, op: WindowDivide3DOp, args: Arrays) -> Arrays:
        return (args[0] / _divisors(*op.counts),)

    @impl(AveragePoolGradOp)
    def average_pool_grad(self, interpreter: Interpreter, op: AveragePoolGradOp, args: Arrays) -> Arrays:
        return (_average_pool_grad(op, *args),)

    @impl(AveragePool3DGradOp)
    def average_pool3d_grad(self, interpreter: Interpreter, op: AveragePool3DGradOp, args: Arrays) -> Arrays:
        return (_average_pool_grad(op, *args),)

    @impl(GlobalAveragePoolOp)
    def global_average_pool(self, interpreter: Interpreter, op: GlobalAveragePoolOp, args: Arrays) -> Arrays:
        return (args[0].mean(axis=(2, 3), keepdims=True),)

    @impl(GlobalAveragePoolGradOp)
    def global_average_pool_grad(self, interpreter: Interpreter, op: GlobalAveragePoolGradOp, args: Arrays) -> Arrays:
        height, width = op.size.get_values()
        return (np.broadcast_to(args[0] / (height * width), shape_of(op.result)),)
