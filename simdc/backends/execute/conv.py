"""Convolution, transposed convolution, matrix products and their gradients. Nothing here follows the loop nests of
their kernels."""

from __future__ import annotations

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.ir.base import shape_of
from simdc.ir.ops.conv import Conv2DInputGradOp, Conv2DOp, Conv2DWeightGradOp
from simdc.ir.ops.conv_transpose import ConvTranspose2DOp
from simdc.ir.ops.linear import LinearInputGradOp, LinearOp, LinearWeightGradOp
from simdc.ir.ops.matmul import MatMulOp

from .arrays import Array, Arrays, channelwise, crop_image, pad_image, taps, windows


def _groups(channels: int, groups: int) -> list[slice]:
    """The channels of each group."""
    each = channels // groups
    return [slice(start, start + each) for start in range(0, channels, each)]


def _spread(op: Conv2DInputGradOp | ConvTranspose2DOp, x: Array, weight: Array) -> Array:
    """Each position adds its value, times the weight, to the places its window covers; what it adds to the border is
    cut off."""
    n, channels, height, width = shape_of(op.result)
    top, left, bottom, right = op.padding.get_values()
    stride, dilation = op.stride.get_values(), op.dilation.get_values()
    # A window may end before the border does, or with output padding before the image does: never after both.
    padded: Array = np.zeros((n, channels, height + top + bottom, width + left + right))
    groups = op.groups.value.data
    for read, made in zip(_groups(len(weight), groups), _groups(channels, groups), strict=True):
        for (i, j), (rows, columns) in taps(weight.shape[2:], x.shape[2:], stride, dilation):
            part = np.tensordot(x[:, read], weight[read, :, i, j], axes=(1, 0))
            padded[:, made, rows, columns] += part.transpose(0, 3, 1, 2)
    return crop_image(padded, op.padding.get_values(), (height, width))


@register_impls
class ConvFunctions(InterpreterFunctions):
    @impl(Conv2DOp)
    def conv2d(self, interpreter: Interpreter, op: Conv2DOp, args: Arrays) -> Arrays:
        """`result[:, o] = sum over i, j, c of weight[o, c, i, j] * window[:, c, ..., i, j] + bias[o]`."""
        x, weight, *bias = args
        seen = windows(
            pad_image(x, op.padding.get_values()),
            weight.shape[2:],
            op.stride.get_values(),
            op.dilation.get_values(),
        )
        groups = op.groups.value.data
        result: Array = np.empty(shape_of(op.result))
        for read, made in zip(_groups(x.shape[1], groups), _groups(len(weight), groups), strict=True):
            product = np.tensordot(seen[:, read], weight[made], axes=((1, 4, 5), (1, 2, 3)))
            result[:, made] = product.transpose(0, 3, 1, 2)
        return (result + channelwise(bias[0], 4) if bias else result,)

    @impl(Conv2DInputGradOp)
    def conv2d_input_grad(self, interpreter: Interpreter, op: Conv2DInputGradOp, args: Arrays) -> Arrays:
        return (_spread(op, *args),)

    @impl(ConvTranspose2DOp)
    def conv_transpose2d(self, interpreter: Interpreter, op: ConvTranspose2DOp, args: Arrays) -> Arrays:
        x, weight, *bias = args
        result = _spread(op, x, weight)
        return (result + channelwise(bias[0], 4) if bias else result,)

    @impl(Conv2DWeightGradOp)
    def conv2d_weight_grad(self, interpreter: Interpreter, op: Conv2DWeightGradOp, args: Arrays) -> Arrays:
        """`result[o, c, i, j] = sum over images and positions of gradient[:, o] * (what stands at i, j)[:, c]`."""
        x, gradient = args
        padded = pad_image(x, op.padding.get_values())
        result: Array = np.empty(shape_of(op.result))
        groups = op.groups.value.data
        window = (op.stride.get_values(), op.dilation.get_values())
        for read, made in zip(_groups(x.shape[1], groups), _groups(len(result), groups), strict=True):
            for (i, j), (rows, columns) in taps(op.size.get_values(), gradient.shape[2:], *window):
                seen = padded[:, read, rows, columns]
                result[made, :, i, j] = np.tensordot(gradient[:, made], seen, axes=((0, 2, 3), (0, 2, 3)))
        return (result,)

    @impl(LinearOp)
    def linear(self, interpreter: Interpreter, op: LinearOp, args: Arrays) -> Arrays:
        x, weight, *bias = args
        return (x @ weight.T + bias[0] if bias else x @ weight.T,)

    @impl(LinearInputGradOp)
    def linear_input_grad(self, interpreter: Interpreter, op: LinearInputGradOp, args: Arrays) -> Arrays:
        gradient, weight = args
        return (gradient @ weight,)

    @impl(LinearWeightGradOp)
    def linear_weight_grad(self, interpreter: Interpreter, op: LinearWeightGradOp, args: Arrays) -> Arrays:
        x, gradient = args
        return (gradient.T @ x,)

    @impl(MatMulOp)
    def matmul(self, interpreter: Interpreter, op: MatMulOp, args: Arrays) -> Arrays:
        return (args[0] @ args[1],)
