"""Pooling and its gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.ir.base import shape_of
from simdc.ir.ops.average_pool import (
    AveragePoolGradOp,
    AveragePoolOp,
    GlobalAveragePoolGradOp,
    GlobalAveragePoolOp,
    WindowDivideOp,
)
from simdc.ir.ops.max_pool import GlobalMaxPoolOp, MaxPoolGradOp, MaxPoolOp
from simdc.ir.pooling import PoolGradOp, PoolOp
from simdc.ir.window import window_counts

from .arrays import Array, Arrays, crop_image, pad_image, taps, windows


def _border(op: PoolOp | PoolGradOp, size: Sequence[int], positions: Sequence[int]) -> list[int]:
    """The padding, and on the right and below what windows reach beyond it."""
    top, left, *ends = op.padding.get_values()
    kernel, stride, dilation = (field.get_values() for field in (op.kernel_size, op.stride, op.dilation))
    for axis, before in enumerate((top, left)):
        reach = (positions[axis] - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1
        ends[axis] = max(ends[axis], reach - before - size[axis])
    return [top, left, *ends]


def _windows(op: PoolOp, x: Array, border: float) -> Array:
    padded = pad_image(x, _border(op, x.shape[2:], shape_of(op.result)[2:]), border)
    return windows(padded, op.kernel_size.get_values(), op.stride.get_values(), op.dilation.get_values())


def _divisors(rows: Sequence[int], columns: Sequence[int]) -> Array:
    return np.multiply.outer(rows, columns).astype(np.float64)


def _scatter(op: PoolGradOp, positions: tuple[int, ...], part: Callable[[tuple[slice, slice]], Array]) -> Array:
    """Adds, place by place inside the window, what `part` gives for the rows and columns that lie there."""
    n, channels, height, width = shape_of(op.results[0])
    border = _border(op, (height, width), positions)
    padded: Array = pad_image(np.zeros((n, channels, height, width)), border)
    window = (op.kernel_size.get_values(), positions, op.stride.get_values(), op.dilation.get_values())
    for _, (rows, columns) in taps(*window):
        padded[:, :, rows, columns] += part((rows, columns))
    return crop_image(padded, border, (height, width))


@register_impls
class PoolFunctions(InterpreterFunctions):
    @impl(MaxPoolOp)
    def max_pool(self, interpreter: Interpreter, op: MaxPoolOp, args: Arrays) -> Arrays:
        return (_windows(op, args[0], -np.inf).max(axis=(4, 5)),)

    @impl(GlobalMaxPoolOp)
    def global_max_pool(self, interpreter: Interpreter, op: GlobalMaxPoolOp, args: Arrays) -> Arrays:
        return (args[0].max(axis=(2, 3), keepdims=True),)

    @impl(MaxPoolGradOp)
    def max_pool_grad(self, interpreter: Interpreter, op: MaxPoolGradOp, args: Arrays) -> Arrays:
        """The first place of each window that holds the window's maximum receives its gradient."""
        gradient, x, output = args
        padded = pad_image(x, _border(op, x.shape[2:], output.shape[2:]), -np.inf)
        waiting = np.ones(output.shape, dtype=bool)

        def part(place: tuple[slice, slice]) -> Array:
            nonlocal waiting
            found = waiting & (padded[:, :, *place] == output)
            waiting = waiting & ~found
            return gradient * found

        return (_scatter(op, output.shape[2:], part),)

    @impl(AveragePoolOp)
    def average_pool(self, interpreter: Interpreter, op: AveragePoolOp, args: Arrays) -> Arrays:
        return (_windows(op, args[0], 0.0).sum(axis=(4, 5)) / _divisors(*map(window_counts, op.window_runs())),)

    @impl(WindowDivideOp)
    def window_divide(self, interpreter: Interpreter, op: WindowDivideOp, args: Arrays) -> Arrays:
        return (args[0] / _divisors(op.rows.get_values(), op.columns.get_values()),)

    @impl(AveragePoolGradOp)
    def average_pool_grad(self, interpreter: Interpreter, op: AveragePoolGradOp, args: Arrays) -> Arrays:
        (gradient,) = args
        kh, kw = op.kernel_size.get_values()
        share = gradient if op.divided is not None else gradient / (kh * kw)
        return (_scatter(op, gradient.shape[2:], lambda _: share),)

    @impl(GlobalAveragePoolOp)
    def global_average_pool(self, interpreter: Interpreter, op: GlobalAveragePoolOp, args: Arrays) -> Arrays:
        return (args[0].mean(axis=(2, 3), keepdims=True),)

    @impl(GlobalAveragePoolGradOp)
    def global_average_pool_grad(self, interpreter: Interpreter, op: GlobalAveragePoolGradOp, args: Arrays) -> Arrays:
        height, width = op.size.get_values()
        return (np.broadcast_to(args[0] / (height * width), shape_of(op.result)),)
