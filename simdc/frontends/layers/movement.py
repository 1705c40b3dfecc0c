"""Layers that move data: parts, borders, orders of dimensions and other sizes; sums over dimensions; products.

Dimensions are numbered with the batch as 0, so channels are 1, and counted from the end where negative. Shapes are
without the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.ir import SSAValue

from simdc.frontends.arguments import (
    boolean,
    dimension,
    dimensions,
    four,
    image,
    natural,
    pair,
    positive,
    real,
    sizes,
    word,
)
from simdc.frontends.builder import LayerError, NetworkBuilder
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.ops.concat import SliceOp
from simdc.ir.ops.conv_transpose import ConvTranspose2DOp
from simdc.ir.ops.expand import ExpandOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.instance_norm import InstanceNormOp
from simdc.ir.ops.matmul import MatMulOp
from simdc.ir.ops.pad import PadOp
from simdc.ir.ops.pool import GlobalMaxPoolOp
from simdc.ir.ops.reduce import ReduceMeanOp, ReduceSumOp
from simdc.ir.ops.reduce_extreme import ArgMaxOp, ArgMinOp, ReduceMaxOp, ReduceMinOp, ReduceProductOp
from simdc.ir.ops.resize import ResizeOp
from simdc.ir.ops.transpose import TransposeOp
from simdc.ir.sampling import COORDINATES, MODES

from .table import layer


@layer
def slice(
    net: NetworkBuilder, name: str, x: SSAValue, *, axis: object, first: object, count: object, step: object = 1
) -> SSAValue:
    along = dimension("axis", axis, x)
    return net.append(
        SliceOp(name, x, along, natural("first", first), positive("count", count), positive("step", step)), name
    )


@layer
def pad(net: NetworkBuilder, name: str, x: SSAValue, *, pad: object, value: object = 0.0) -> SSAValue:
    image(x)
    top, left, bottom, right = four("pad", pad)
    return net.append(PadOp(name, x, (0, 0, top, left), (0, 0, bottom, right), real("value", value)), name)


@layer
def transpose(net: NetworkBuilder, name: str, x: SSAValue, *, permutation: object) -> SSAValue:
    return net.append(TransposeOp(name, x, dimensions("permutation", permutation, x)), name)


@layer
def reshape(net: NetworkBuilder, name: str, x: SSAValue, *, shape: object) -> SSAValue:
    return net.append(ReshapeOp(name, x, (shape_of(x)[0], *sizes("shape", shape))), name)


@layer
def channel_shuffle(net: NetworkBuilder, name: str, x: SSAValue, *, groups: object) -> SSAValue:
    n, channels, *size = image(x)
    count = positive("groups", groups)
    if channels % count:
        raise LayerError(f"{channels} channels cannot be shuffled in {count} groups", "groups")
    apart = net.append(ReshapeOp(f"{name}.groups", x, (n, count, channels // count, *size)), f"{name}.groups")
    shuffled = net.append(TransposeOp(name, apart, (0, 2, 1, 3, 4)), name)
    return net.append(ReshapeOp(f"{name}.channels", shuffled, shape_of(x)), f"{name}.channels")


@layer
def resize(
    net: NetworkBuilder,
    name: str,
    x: SSAValue,
    *,
    size: object,
    mode: object = "nearest",
    coordinates: object = "half_pixel",
) -> SSAValue:
    return _resize(net, name, x, pair("size", size), mode, coordinates)


@layer
def upsample(
    net: NetworkBuilder,
    name: str,
    x: SSAValue,
    *,
    factor: object = 2,
    mode: object = "nearest",
    coordinates: object = "half_pixel",
) -> SSAValue:
    (_, _, height, width), (rows, columns) = image(x), pair("factor", factor)
    return _resize(net, name, x, (height * rows, width * columns), mode, coordinates)


@layer
def expand(net: NetworkBuilder, name: str, x: SSAValue, *, shape: object) -> SSAValue:
    return net.append(ExpandOp(name, x, (shape_of(x)[0], *sizes("shape", shape))), name)


def _reduction(name: str, op: Callable[[str, SSAValue, Sequence[int], bool], LayerOp]) -> None:
    """Enter a layer that goes over dimensions."""

    def build(net: NetworkBuilder, name: str, x: SSAValue, *, axes: object, keepdims: object = False) -> SSAValue:
        return net.append(op(name, x, dimensions("axes", axes, x), boolean("keepdims", keepdims)), name)

    build.__name__ = name
    layer(build)


def _place(name: str, op: Callable[[str, SSAValue, int, bool], LayerOp]) -> None:
    """Enter a layer that finds a place along a dimension."""

    def build(net: NetworkBuilder, name: str, x: SSAValue, *, axis: object = 1, keepdims: object = False) -> SSAValue:
        return net.append(op(name, x, dimension("axis", axis, x), boolean("keepdims", keepdims)), name)

    build.__name__ = name
    layer(build)


for _name, _op in {
    "reduce_mean": ReduceMeanOp,
    "reduce_sum": ReduceSumOp,
    "reduce_max": ReduceMaxOp,
    "reduce_min": ReduceMinOp,
    "reduce_product": ReduceProductOp,
}.items():
    _reduction(_name, _op)
for _name, _op in {"argmax": ArgMaxOp, "argmin": ArgMinOp}.items():
    _place(_name, _op)


@layer
def global_maxpool(net: NetworkBuilder, name: str, x: SSAValue) -> SSAValue:
    return net.append(GlobalMaxPoolOp(name, x), name)


@layer
def instance_norm(
    net: NetworkBuilder, name: str, x: SSAValue, *, epsilon: object = 1e-5, freeze: object = False
) -> SSAValue:
    shape, frozen = shape_of(x), boolean("freeze", freeze)
    if len(shape) < 3:
        raise LayerError(f"instance_norm needs [n, c, h] or [n, c, h, w], its input has shape {list(shape)}")
    scale = net.parameter(name, "scale", shape[1:2], frozen=frozen)
    shift = net.parameter(name, "shift", shape[1:2], frozen=frozen)
    return net.append(InstanceNormOp(name, x, scale, shift, real("epsilon", epsilon)), name)


@layer
def matmul(net: NetworkBuilder, name: str, x: SSAValue, y: SSAValue) -> SSAValue:
    return net.append(MatMulOp(name, x, y), name)


@layer
def conv_transpose(
    net: NetworkBuilder,
    name: str,
    x: SSAValue,
    *,
    channels: object,
    kernel: object,
    stride: object = 1,
    pad: object = 0,
    output_pad: object = 0,
    dilation: object = 1,
    groups: object = 1,
    bias: object = False,
    freeze: object = False,
) -> SSAValue:
    in_channels = image(x)[1]
    out_channels, group_count = positive("channels", channels), positive("groups", groups)
    if out_channels % group_count:
        raise LayerError(f"{out_channels} channels cannot be made in {group_count} groups", "groups")
    weight_shape = (in_channels, out_channels // group_count, *pair("kernel", kernel))
    frozen = boolean("freeze", freeze)
    weight = net.parameter(name, "weight", weight_shape, frozen=frozen)
    offset = net.parameter(name, "bias", (out_channels,), frozen=frozen) if boolean("bias", bias) else None
    op = ConvTranspose2DOp(
        name,
        x,
        weight,
        offset,
        stride=pair("stride", stride),
        padding=four("pad", pad),
        output_padding=pair("output_pad", output_pad, minimum=0),
        dilation=pair("dilation", dilation),
        groups=group_count,
    )
    return net.append(op, name)


def _resize(
    net: NetworkBuilder, name: str, x: SSAValue, size: tuple[int, int], mode: object, coordinates: object
) -> SSAValue:
    words = (word("mode", mode, MODES), word("coordinates", coordinates, tuple(COORDINATES)))
    op = ResizeOp(name, x, size, *words)
    op.kernel()
    return net.append(op, name)
