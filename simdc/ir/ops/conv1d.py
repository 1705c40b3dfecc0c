"""Convolution of sequences: that of images of one row, which is another view of the same data."""

from __future__ import annotations

from typing import Annotated

from xdsl.ir import SSAValue

from simdc.ir.base import shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import layer
from simdc.ir.options import Flag, Freeze, Natural, Positive

from .conv import Conv2DOp
from .free import ReshapeOp


@layer
def conv1d(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    channels: Annotated[Positive, "of the result"],
    kernel: Positive,
    stride: Positive = 1,
    pad: Annotated[Natural, "at either end"] = 0,
    dilation: Positive = 1,
    groups: Positive = 1,
    bias: Flag = False,
    freeze: Freeze = False,
) -> SSAValue:
    """Convolution of sequences [n, c, t]."""
    shape = shape_of(x)
    if len(shape) != 3:
        raise LayerError(f"needs a sequence [n, c, t], its input has shape {list(shape)}")
    n, in_channels, length = shape
    weight = net.parameter(name, "weight", (channels, max(1, in_channels // groups), 1, kernel), frozen=freeze)
    offset = net.parameter(name, "bias", (channels,), frozen=freeze) if bias else None
    row = net.append(ReshapeOp(f"{name}.image", x, shape=(n, in_channels, 1, length)), f"{name}.image")
    window = {"stride": (1, stride), "padding": (0, pad, 0, pad), "dilation": (1, dilation), "groups": groups}
    made = net.append(Conv2DOp(name, row, weight, offset, **window), name)
    return net.append(ReshapeOp(f"{name}.row", made, shape=(n, channels, shape_of(made)[3])), f"{name}.row")
