"""Transposed convolution of volumes."""

from __future__ import annotations

from typing import Annotated, ClassVar

from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from simdc.ir.builder import ModuleBuilder
from simdc.ir.gradient import Backward, rule_for
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import layer, volume
from simdc.ir.options import Border3, Flag, Freeze, Margins3, Positive, Triple
from simdc.ir.window import ONES_3D, ZEROS_3D

from .conv3d import Conv3DOp, Conv3DWeightGradOp
from .conv_transpose import TransposedConvolutionOp, give_transposed_gradients

NO_OUTPUT_PADDING_3D = DenseArrayBase.from_list(i64, (0, 0, 0))


@irdl_op_definition
class ConvTranspose3DOp(TransposedConvolutionOp):
    """`result[n, oc, s*d + a*kd - p, ...] += weight[ic, oc, kd, kh, kw] * input[n, ic, d, h, w]`, and a bias [oc]; a is
    the dilation.

    input [n, ic, d, h, w], weight [ic, oc/groups, kd, kh, kw]; `padding` is front, top, left, back, bottom, right, cut
    off the result; `output_padding` adds planes, rows and columns behind, below and on the right.
    """

    name = "simdc.conv_transpose3d"
    KIND: ClassVar = "conv_transpose3d"
    SPATIAL: ClassVar = 3

    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES_3D)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS_3D)
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=ONES_3D)
    output_padding = prop_def(DenseArrayBase.constr(i64), default_value=NO_OUTPUT_PADDING_3D)


@rule_for(ConvTranspose3DOp)
def conv_transpose3d_gradient(op: ConvTranspose3DOp, back: Backward) -> None:
    give_transposed_gradients(op, back, Conv3DOp, Conv3DWeightGradOp)


@layer
def conv_transpose3d(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    channels: Annotated[Positive, "of the result"],
    kernel: Triple,
    stride: Triple = (1, 1, 1),
    pad: Annotated[Border3, "cut off"] = (0, 0, 0, 0, 0, 0),
    output_pad: Annotated[Margins3, "added behind, below and on the right"] = (0, 0, 0),
    dilation: Triple = (1, 1, 1),
    groups: Positive = 1,
    bias: Flag = False,
    freeze: Freeze = False,
) -> SSAValue:
    """Transposed convolution of volumes [n, c, d, h, w]."""
    in_channels = volume(x)[1]
    if channels % groups:
        raise LayerError(f"{channels} channels cannot be made in {groups} groups", "groups")
    weight = net.parameter(name, "weight", (in_channels, channels // groups, *kernel), frozen=freeze)
    offset = net.parameter(name, "bias", (channels,), frozen=freeze) if bias else None
    window = {"stride": stride, "padding": pad, "output_padding": output_pad, "dilation": dilation, "groups": groups}
    return net.append(ConvTranspose3DOp(name, x, weight, offset, **window), name)
