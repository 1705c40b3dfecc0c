"""Pooling of volumes by the largest element of a window, and its gradient."""

from __future__ import annotations

from typing import Annotated, ClassVar

from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from simdc.ir.builder import ModuleBuilder
from simdc.ir.layers import layer
from simdc.ir.options import Border3, Triple
from simdc.ir.window import ONES_3D, ZEROS_3D

from .max_pool import CeilMode, MaximumPoolGradOp, MaximumPoolOp

Stride3 = Annotated[Triple | None, "the kernel's sizes if left out"]


@irdl_op_definition
class MaxPool3DGradOp(MaximumPoolGradOp):
    """The gradient of `simdc.max_pool3d`: at the first place of each window that has its maximum."""

    name = "simdc.max_pool3d_grad"
    SPATIAL: ClassVar = 3

    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES_3D)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS_3D)
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=ONES_3D)


@irdl_op_definition
class MaxPool3DOp(MaximumPoolOp):
    """`result[n, c, od, oh, ow] = max over (kd, kh, kw) of input[n, c, s*od + d*kd - p, ...]`; `padding` is front, top,
    left, back, bottom, right."""

    name = "simdc.max_pool3d"
    GRADIENT: ClassVar = MaxPool3DGradOp
    SPATIAL: ClassVar = 3

    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES_3D)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS_3D)
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=ONES_3D)


@layer
def maxpool3d(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    kernel: Triple,
    stride: Stride3 = None,
    pad: Border3 = (0, 0, 0, 0, 0, 0),
    dilation: Triple = (1, 1, 1),
    ceil_mode: CeilMode = False,
) -> SSAValue:
    """The largest of each window of a volume [n, c, d, h, w]."""
    op = MaxPool3DOp(
        name, x, kernel_size=kernel, stride=stride or kernel, padding=pad, dilation=dilation, ceil_mode=ceil_mode
    )
    return net.append(op, name)
