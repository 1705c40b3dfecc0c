"""Pooling and its gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.ir.base import shape_of
from simdc.ir.pool import AveragePoolOp, GlobalAveragePoolOp, MaxPoolOp, PoolOp
from simdc.ir.pool_grad import AveragePoolGradOp, GlobalAveragePoolGradOp, MaxPoolGradOp, PoolGradOp

from .arrays import Array, crop_image, pad_image, taps, windows


def _windows(op: PoolOp, x: Array, border: float) -> Array:
    return windows(pad_image(x, op.padding.get_values(), border), op.kernel_size.get_values(), op.stride.get_values())


def _scatter(op: PoolGradOp, positions: tuple[int, ...], part: Callable[[tuple[slice, slice]], Array]) -> Array:
    """Adds, place by place inside the window, what `part` gives for the rows and columns that lie there."""
    n, channels, height, width = shape_of(op.results[0])
    top, left, bottom, right = op.padding.get_values()
    padded: Array = np.zeros((n, channels, height + top + bottom, width + left + right))
    for _, (rows, columns) in taps(op.kernel_size.get_values(), positions, op.stride.get_values()):
        padded[:, :, rows, columns] += part((rows, columns))
    return crop_image(padded, op.padding.get_values(), (height, width))


@register_impls
class PoolFunctions(InterpreterFunctions):
    @impl(MaxPoolOp)
    def max_pool(self, interpreter: Interpreter, op: MaxPoolOp, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return (_windows(op, args[0], -np.inf).max(axis=(4, 5)),)

    @impl(MaxPoolGradOp)
    def max_pool_grad(self, interpreter: Interpreter, op: MaxPoolGradOp, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The first place of each window that holds the window's maximum receives its gradient."""
        gradient, x, output = args
        padded = pad_image(x, op.padding.get_values(), -np.inf)
        waiting = np.ones(output.shape, dtype=bool)

        def part(place: tuple[slice, slice]) -> Array:
            nonlocal waiting
            found = waiting & (padded[:, :, *place] == output)
            waiting = waiting & ~found
            return gradient * found

        return (_scatter(op, output.shape[2:], part),)

    @impl(AveragePoolOp)
    def average_pool(self, interpreter: Interpreter, op: AveragePoolOp, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return (_windows(op, args[0], 0.0).mean(axis=(4, 5)),)

    @impl(AveragePoolGradOp)
    def average_pool_grad(
        self, interpreter: Interpreter, op: AveragePoolGradOp, args: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        (gradient,) = args
        kh, kw = op.kernel_size.get_values()
        return (_scatter(op, gradient.shape[2:], lambda _: gradient / (kh * kw)),)

    @impl(GlobalAveragePoolOp)
    def global_average_pool(
        self, interpreter: Interpreter, op: GlobalAveragePoolOp, args: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        return (args[0].mean(axis=(2, 3), keepdims=True),)

    @impl(GlobalAveragePoolGradOp)
    def global_average_pool_grad(
        self, interpreter: Interpreter, op: GlobalAveragePoolGradOp, args: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        height, width = op.size.get_values()
        return (np.broadcast_to(args[0] / (height * width), shape_of(op.result)),)
