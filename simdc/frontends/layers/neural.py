"""Layers with weights, activations, joins, pools and normalization."""

from __future__ import annotations

from xdsl.ir import SSAValue

from simdc.frontends.arguments import boolean, dimension, four, image, pair, positive, real
from simdc.frontends.builder import LayerError, NetworkBuilder
from simdc.ir.base import shape_of
from simdc.ir.ops.concat import ConcatOp
from simdc.ir.ops.conv import Conv2DOp, LinearOp
from simdc.ir.ops.elementwise import AddOp, ReluOp
from simdc.ir.ops.free import DropoutOp, FlattenOp
from simdc.ir.ops.norm import BatchNormOp, LocalResponseNormOp
from simdc.ir.ops.pool import AveragePoolOp, GlobalAveragePoolOp, MaxPoolOp
from simdc.ir.ops.softmax import SoftmaxOp

from .table import layer


@layer
def conv(
    net: NetworkBuilder,
    name: str,
    x: SSAValue,
    *,
    channels: object,
    kernel: object,
    stride: object = 1,
    pad: object = 0,
    dilation: object = 1,
    groups: object = 1,
    bias: object = False,
    freeze: object = False,
) -> SSAValue:
    in_channels = image(x)[1]
    out_channels, group_count = positive("channels", channels), positive("groups", groups)
    kernel_size = pair("kernel", kernel)
    weight_shape = (out_channels, max(1, in_channels // group_count), *kernel_size)
    frozen = boolean("freeze", freeze)
    weight = net.parameter(name, "weight", weight_shape, frozen=frozen)
    offset = net.parameter(name, "bias", (out_channels,), frozen=frozen) if boolean("bias", bias) else None
    op = Conv2DOp(
        name,
        x,
        weight,
        offset,
        stride=pair("stride", stride),
        padding=four("pad", pad),
        dilation=pair("dilation", dilation),
        groups=group_count,
    )
    return net.append(op, name)


@layer
def fc(
    net: NetworkBuilder,
    name: str,
    x: SSAValue,
    *,
    features: object,
    bias: object = True,
    freeze: object = False,
) -> SSAValue:
    shape = shape_of(x)
    if len(shape) == 4 and shape[2:] == (1, 1):
        x = net.append(FlattenOp(f"{name}.flatten", x), f"{name}.flatten")
    elif len(shape) != 2:
        raise LayerError(f"fc needs [n, features], its input has shape {list(shape)}; put flatten before it")
    out_features = positive("features", features)
    frozen = boolean("freeze", freeze)
    weight = net.parameter(name, "weight", (out_features, shape[1]), frozen=frozen)
    offset = net.parameter(name, "bias", (out_features,), frozen=frozen) if boolean("bias", bias) else None
    return net.append(LinearOp(name, x, weight, offset), name)


@layer
def bn(net: NetworkBuilder, name: str, x: SSAValue, *, freeze: object = False) -> SSAValue:
    channels, frozen = (shape_of(x)[1],), boolean("freeze", freeze)
    mean = net.parameter(name, "mean", channels, statistic=True)
    inv_std = net.parameter(name, "inv_std", channels, statistic=True)
    scale = net.parameter(name, "scale", channels, frozen=frozen)
    shift = net.parameter(name, "shift", channels, frozen=frozen)
    return net.append(BatchNormOp(name, x, mean, inv_std, scale, shift), name)


@layer
def relu(net: NetworkBuilder, name: str, x: SSAValue) -> SSAValue:
    return net.append(ReluOp(name, x), name)


@layer
def add(net: NetworkBuilder, name: str, x: SSAValue, y: SSAValue) -> SSAValue:
    return net.append(AddOp(name, x, y), name)


@layer
def concat(net: NetworkBuilder, name: str, *inputs: SSAValue, axis: object = 1) -> SSAValue:
    return net.append(ConcatOp(name, *inputs, axis=dimension("axis", axis, inputs[0])), name)


@layer
def maxpool(
    net: NetworkBuilder,
    name: str,
    x: SSAValue,
    *,
    kernel: object,
    stride: object = None,
    pad: object = 0,
    dilation: object = 1,
    ceil_mode: object = False,
) -> SSAValue:
    size = pair("kernel", kernel)
    op = MaxPoolOp(
        name,
        x,
        size,
        stride=_step(stride, size),
        padding=four("pad", pad),
        dilation=pair("dilation", dilation),
        ceil_mode=boolean("ceil_mode", ceil_mode),
    )
    return net.append(op, name)


@layer
def avgpool(
    net: NetworkBuilder,
    name: str,
    x: SSAValue,
    *,
    kernel: object,
    stride: object = None,
    pad: object = 0,
    ceil_mode: object = False,
    count_include_pad: object = True,
) -> SSAValue:
    size = pair("kernel", kernel)
    op = AveragePoolOp(
        name,
        x,
        size,
        stride=_step(stride, size),
        padding=four("pad", pad),
        ceil_mode=boolean("ceil_mode", ceil_mode),
        count_include_pad=boolean("count_include_pad", count_include_pad),
    )
    return net.append(op, name)


@layer
def global_avgpool(net: NetworkBuilder, name: str, x: SSAValue) -> SSAValue:
    return net.append(GlobalAveragePoolOp(name, x), name)


@layer
def lrn(
    net: NetworkBuilder,
    name: str,
    x: SSAValue,
    *,
    size: object = 5,
    alpha: object = 1e-4,
    beta: object = 0.75,
    bias: object = 1.0,
) -> SSAValue:
    values = (real("alpha", alpha), real("beta", beta), real("bias", bias))
    return net.append(LocalResponseNormOp(name, x, positive("size", size), *values), name)


@layer
def flatten(net: NetworkBuilder, name: str, x: SSAValue) -> SSAValue:
    return net.append(FlattenOp(name, x), name)


@layer
def dropout(net: NetworkBuilder, name: str, x: SSAValue, *, rate: object = 0.5) -> SSAValue:
    return net.append(DropoutOp(name, x, real("rate", rate)), name)


@layer
def softmax(net: NetworkBuilder, name: str, x: SSAValue, *, axis: object = 1) -> SSAValue:
    return net.append(SoftmaxOp(name, x, dimension("axis", axis, x)), name)


def _step(stride: object, size: tuple[int, int]) -> tuple[int, int]:
    """Windows of a pool that does not say how they step lie side by side."""
    return size if stride is None else pair("stride", stride)
