"""Convolution of volumes, such as the frames of a video, and its gradients: those of images with one more loop."""

from __future__ import annotations

from typing import Annotated, ClassVar

from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from simdc.ir.builder import ModuleBuilder
from simdc.ir.gradient import Backward, rule_for
from simdc.ir.layers import layer, volume
from simdc.ir.options import Border3, Flag, Freeze, Positive, Triple
from simdc.ir.window import ONES_3D, ZEROS_3D

from .conv import ConvolutionInputGradOp, ConvolutionOp, ConvolutionWeightGradOp, give_gradients


@irdl_op_definition
class Conv3DOp(ConvolutionOp):
    """`result[n, oc, od, oh, ow] = bias[oc] + sum(weight[oc, ic, kd, kh, kw] * input[n, ic, s*od + d*kd - p, ...])`

    input [n, c, d, h, w], weight [oc, c/groups, kd, kh, kw], bias [oc]; `padding` is front, top, left, back, bottom,
    right. Groups and forms are those of `simdc.conv2d`.
    """

    name = "simdc.conv3d"
    KIND: ClassVar = "conv3d"
    SPATIAL: ClassVar = 3

    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES_3D)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS_3D)
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=ONES_3D)


@irdl_op_definition
class Conv3DInputGradOp(ConvolutionInputGradOp):
    """The gradient of `simdc.conv3d` with respect to its input. Result [n, ic, d, h, w]."""

    name = "simdc.conv3d_input_grad"
    KIND: ClassVar = "conv3d"
    SPATIAL: ClassVar = 3

    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES_3D)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS_3D)
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=ONES_3D)


@irdl_op_definition
class Conv3DWeightGradOp(ConvolutionWeightGradOp):
    """The gradient of `simdc.conv3d` with respect to its weight. Result [oc, ic/groups, kd, kh, kw]."""

    name = "simdc.conv3d_weight_grad"
    KIND: ClassVar = "conv3d"
    SPATIAL: ClassVar = 3

    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES_3D)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS_3D)
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=ONES_3D)


@rule_for(Conv3DOp)
def conv3d_gradient(op: Conv3DOp, back: Backward) -> None:
    give_gradients(op, back, Conv3DInputGradOp, Conv3DWeightGradOp)


@layer
def conv3d(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    channels: Annotated[Positive, "of the result"],
    kernel: Triple,
    stride: Triple = (1, 1, 1),
    pad: Border3 = (0, 0, 0, 0, 0, 0),
    dilation: Triple = (1, 1, 1),
    groups: Positive = 1,
    bias: Flag = False,
    freeze: Freeze = False,
) -> SSAValue:
    """Convolution of volumes [n, c, d, h, w]."""
    weight_shape = (channels, max(1, volume(x)[1] // groups), *kernel)
    weight = net.parameter(name, "weight", weight_shape, frozen=freeze)
    offset = net.parameter(name, "bias", (channels,), frozen=freeze) if bias else None
    op = Conv3DOp(name, x, weight, offset, stride=stride, padding=pad, dilation=dilation, groups=groups)
    return net.append(op, name)
