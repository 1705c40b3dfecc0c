"""Convolution, transposed convolution, matrix products and their gradients. Nothing here follows the loop nests of
their kernels."""

from __future__ import annotations

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.ir.base import shape_of
from simdc.ir.ops.conv import (
    Conv2DInputGradOp,
    Conv2DOp,
    Conv2DWeightGradOp,
    ConvolutionInputGradOp,
    ConvolutionOp,
    ConvolutionWeightGradOp,
)
from simdc.ir.ops.conv3d import Conv3DInputGradOp, Conv3DOp, Conv3DWeightGradOp
from simdc.ir.ops.conv_transpose import ConvTranspose2DOp, TransposedConvolutionOp
from simdc.ir.ops.conv_transpose3d import ConvTranspose3DOp

from .arrays import Array, Arrays, channelwise, crop_image, pad_image, taps, windows


def _groups(channels: int, groups: int) -> list[slice]:
    """The channels of each group."""
    each = channels // groups
    return [slice(start, start + each) for start in range(0, channels, each)]


def _spread(op: ConvolutionInputGradOp | TransposedConvolutionOp, x: Array, weight: Array) -> Array:
    """Each position adds its value, times the weight, to the places its window covers; what it adds to the border is
    cut off."""
    n, channels, *size = shape_of(op.result)
    padding, rank = op.padding.get_values(), len(size)
    stride, dilation = op.stride.get_values(), op.dilation.get_values()
    # A window may end before the border does, or with output padding before the image does: never after both.
    padded: Array = np.zeros((n, channels, *(size[i] + padding[i] + padding[i + rank] for i in range(rank))))
    groups = op.groups.value.data
    for read, made in zip(_groups(len(weight), groups), _groups(channels, groups), strict=True):
        for place, seen in taps(weight.shape[2:], x.shape[2:], stride, dilation):
            part = np.tensordot(x[:, read], weight[read, :, *place], axes=(1, 0))
            padded[:, made, *seen] += np.moveaxis(part, -1, 1)
    return crop_image(padded, padding, size)


def _convolution(op: ConvolutionOp, x: Array, weight: Array, *bias: Array) -> Array:
    """`result[:, o] = sum over i, j, c of weight[o, c, i, j] * window[:, c, ..., i, j] + bias[o]`."""
    window = (weight.shape[2:], op.stride.get_values(), op.dilation.get_values())
    seen = windows(pad_image(x, op.padding.get_values()), *window)
    groups, rank = op.groups.value.data, x.ndim - 2
    result: Array = np.empty(shape_of(op.result))
    axes = ((1, *range(2 + rank, 2 + 2 * rank)), tuple(range(1, 2 + rank)))
    for read, made in zip(_groups(x.shape[1], groups), _groups(len(weight), groups), strict=True):
        result[:, made] = np.moveaxis(np.tensordot(seen[:, read], weight[made], axes=axes), -1, 1)
    return result + channelwise(bias[0], x.ndim) if bias else result


def _transposed(op: TransposedConvolutionOp, x: Array, weight: Array, *bias: Array) -> Array:
    result = _spread(op, x, weight)
    return result + channelwise(bias[0], x.ndim) if bias else result


def _weight_grad(op: ConvolutionWeightGradOp, x: Array, gradient: Array) -> Array:
    """`result[o, c, i, j] = sum over images and positions of gradient[:, o] * (what stands at i, j)[:, c]`."""
    padded = pad_image(x, op.padding.get_values())
    result: Array = np.empty(shape_of(op.result))
    groups = op.groups.value.data
    window = (op.stride.get_values(), op.dilation.get_values())
    summed = (0, *range(2, x.ndim))
    for read, made in zip(_groups(x.shape[1], groups), _groups(len(result), groups), strict=True):
        for place, seen in taps(op.size.get_values(), gradient.shape[2:], *window):
            result[made, :, *place] = np.tensordot(gradient[:, made], padded[:, read, *seen], axes=(summed, summed))
    return result


@register_impls
class ConvFunctions(InterpreterFunctions):
    @impl(Conv2DOp)
    def conv2d(self, interpreter: Interpreter, op: Conv2DOp, args: Arrays) -> Arrays:
        return (_convolution(op, *args),)

    @impl(Conv2DInputGradOp)
    def conv2d_input_grad(self, interpreter: Interpreter, op: Conv2DInputGradOp, args: Arrays) -> Arrays:
        return (_spread(op, *args),)

    @impl(Conv2DWeightGradOp)
    def conv2d_weight_grad(self, interpreter: Interpreter, op: Conv2DWeightGradOp, args: Arrays) -> Arrays:
        return (_weight_grad(op, *args),)

    @impl(ConvTranspose2DOp)
    def conv_transpose2d(self, interpreter: Interpreter, op: ConvTranspose2DOp, args: Arrays) -> Arrays:
        return (_transposed(op, *args),)

    @impl(Conv3DOp)
    def conv3d(self, interpreter: Interpreter, op: Conv3DOp, args: Arrays) -> Arrays:
        return (_convolution(op, *args),)

    @impl(Conv3DInputGradOp)
    def conv3d_input_grad(self, interpreter: Interpreter, op: Conv3DInputGradOp, args: Arrays) -> Arrays:
        return (_spread(op, *args),)

    @impl(Conv3DWeightGradOp)
    def conv3d_weight_grad(self, interpreter: Interpreter, op: Conv3DWeightGradOp, args: Arrays) -> Arrays:
        return (_weight_grad(op, *args),)

    @impl(ConvTranspose3DOp)
    def conv_transpose3d(self, interpreter: Interpreter, op: ConvTranspose3DOp, args: Arrays) -> Arrays:
        return (_transposed(op, *args),)
