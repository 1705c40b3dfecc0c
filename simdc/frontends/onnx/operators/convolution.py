"""Convolutions and transposed convolutions."""

from __future__ import annotations

from xdsl.ir import SSAValue

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Constant, Value
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.table import operator
from simdc.ir.base import shape_of
from simdc.ir.ops.conv import Conv2DOp
from simdc.ir.ops.conv3d import Conv3DOp
from simdc.ir.ops.conv_transpose import ConvTranspose2DOp
from simdc.ir.ops.conv_transpose3d import ConvTranspose3DOp
from simdc.ir.ops.free import ReshapeOp

from .window import as_image, as_image_weight, as_row, entries, read_window


def channel_bias(constant: Constant | None, channels: int, rank: int) -> Constant | None:
    """A constant that adds one value to each channel of [n, c, ...], as [c]; None if it is another."""
    if constant is None or constant.elements != channels or len(constant.shape) > rank:
        return None
    whole = (1,) * (rank - len(constant.shape)) + constant.shape
    return constant.reshaped((channels,)) if whole[1] == channels else None


def _bias(build: Build, channels: int, rank: int) -> SSAValue | None:
    """The bias, which some exporters write as an Add behind the convolution."""
    if build.has(2):
        return build.weight(2, "bias")
    follower = build.follower("Add")
    found = None if follower is None else channel_bias(build.other_constant(follower), channels, rank)
    if follower is None or found is None:
        return None
    build.absorb(follower)
    return build.parameter(found, "bias")


def _weight(build: Build) -> SSAValue:
    constant = build.constant(1)
    if constant is not None:
        return build.parameter(as_image_weight(constant), "weight")
    weight = build.tensor(1)
    shape = shape_of(weight)
    if len(shape) == 3:
        return build.add(ReshapeOp(build.part("kernel"), weight, shape=(*shape[:2], 1, shape[2])))
    return weight


def _kernel(build: Build) -> tuple[int, ...]:
    """Of the weight, which the node may repeat."""
    kernel, stated = build.shape(1)[2:], build.node.integers("kernel_shape")
    if stated is not None and stated != kernel:
        raise Unsupported(f"its kernel_shape is {list(stated)}, and its weight has shape {list(build.shape(1))}")
    return kernel


def _positive(build: Build) -> int:
    groups = build.node.integer("group", 1)
    if groups < 1:
        raise Unsupported(f"group is {groups}")
    return groups


@operator("Conv", weights=(1, 2))
def conv(build: Build) -> Value:
    shape, kernel = build.shape(0), _kernel(build)
    window = read_window(build.node, shape[2:], kernel)
    x, weight = as_image(build, build.tensor(0)), _weight(build)
    bias = _bias(build, shape_of(weight)[0], len(shape))
    kind = Conv3DOp if len(shape) == 5 else Conv2DOp
    op = kind(
        build.name if len(shape) > 3 else build.part("conv"),
        x,
        weight,
        bias,
        stride=window.stride,
        padding=window.padding,
        dilation=window.dilation,
        groups=_positive(build),
    )
    return as_row(build, build.add(op), len(shape))


@operator("ConvTranspose", weights=(1, 2))
def conv_transpose(build: Build) -> Value:
    node, shape, kernel = build.node, build.shape(0), _kernel(build)
    size = shape[2:]
    window = read_window(node, size, kernel)
    own = (1, *size) if len(size) == 1 else size
    extra = entries(node, "output_padding", len(size), 0)
    wanted = node.integers("output_shape")
    padding = window.padding
    mode = node.text("auto_pad", "NOTSET")
    if mode.startswith("SAME") and wanted is None:
        wanted = tuple(length * step for length, step in zip(size, entries(node, "strides", len(size)), strict=True))
    extra = (0, *extra) if len(size) == 1 else extra
    if wanted is not None:
        # Some exporters write batch and channels, too.
        made = (1, wanted[-1]) if len(size) == 1 else wanted[-len(size) :]
        total = [
            window.stride[i] * (own[i] - 1) + extra[i] + (window.kernel[i] - 1) * window.dilation[i] + 1 - made[i]
            for i in range(len(own))
        ]
        # A result that is larger than the windows reach is padded at the end.
        extra = tuple(more - min(whole, 0) for more, whole in zip(extra, total, strict=True))
        small, large = [max(whole, 0) // 2 for whole in total], [max(whole, 0) - max(whole, 0) // 2 for whole in total]
        padding = (*small, *large) if mode == "SAME_UPPER" else (*large, *small)
    x, weight = as_image(build, build.tensor(0)), _weight(build)
    groups = _positive(build)
    bias = _bias(build, shape_of(weight)[1] * groups, len(shape))
    kind = ConvTranspose3DOp if len(shape) == 5 else ConvTranspose2DOp
    op = kind(
        build.name if len(shape) > 3 else build.part("conv"),
        x,
        weight,
        bias,
        stride=window.stride,
        padding=padding,
        output_padding=extra,
        dilation=window.dilation,
        groups=groups,
    )
    return as_row(build, build.add(op), len(shape))
