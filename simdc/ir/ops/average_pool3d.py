"""Pooling of volumes by the mean of a window, and its gradient."""

from __future__ import annotations

from typing import Annotated, ClassVar

from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from simdc.ir.builder import ModuleBuilder
from simdc.ir.gradient import INPUT, Backward, give_input, rule_for
from simdc.ir.layers import layer
from simdc.ir.options import Border3, Flag, Triple
from simdc.ir.window import ONES_3D, ZEROS_3D, window_counts

from .average_pool import DividingOp, WindowMeanGradOp, WindowMeanOp
from .max_pool import CeilMode
from .max_pool3d import Stride3


@irdl_op_definition
class AveragePool3DGradOp(WindowMeanGradOp):
    """The gradient of `simdc.average_pool3d`, which `simdc.window_divide3d` has divided where window sizes differ."""

    name = "simdc.average_pool3d_grad"
    SPATIAL: ClassVar = 3

    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES_3D)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS_3D)
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=ONES_3D)


@irdl_op_definition
class WindowDivide3DOp(DividingOp):
    """`result[n, c, od, oh, ow] = input[n, c, od, oh, ow] / (planes[od] * rows[oh] * columns[ow])`."""

    name = "simdc.window_divide3d"

    planes = prop_def(DenseArrayBase.constr(i64))
    rows = prop_def(DenseArrayBase.constr(i64))
    columns = prop_def(DenseArrayBase.constr(i64))

    @property
    def counts(self) -> tuple[tuple[int, ...], ...]:
        return self.planes.get_values(), self.rows.get_values(), self.columns.get_values()


@irdl_op_definition
class AveragePool3DOp(WindowMeanOp):
    """The mean of each window of volumes [n, c, d, h, w]; `padding` is front, top, left, back, bottom, right."""

    name = "simdc.average_pool3d"
    SPATIAL: ClassVar = 3

    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES_3D)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS_3D)
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=ONES_3D)


@rule_for(AveragePool3DOp)
def average_pool3d_gradient(op: AveragePool3DOp, back: Backward) -> None:
    """As of images: a gradient of windows that differ in size is divided first."""
    name, upstream, uneven = op.layer.data, back.upstream(op.result), op.is_uneven
    if uneven:
        planes, rows, columns = map(window_counts, op.window_runs())
        divide = WindowDivide3DOp(f"{name}.grad_divided", upstream, planes=planes, rows=rows, columns=columns)
        upstream = back.emit(divide, INPUT).results[0]
    give_input(back, op.input, AveragePool3DGradOp.of(f"{name}.grad_input", op, upstream, divided=uneven))


@layer
def avgpool3d(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    kernel: Triple,
    stride: Stride3 = None,
    pad: Border3 = (0, 0, 0, 0, 0, 0),
    ceil_mode: CeilMode = False,
    count_include_pad: Annotated[Flag, "divide by the whole window, not by what of it lies in the volume"] = True,
) -> SSAValue:
    """The mean of each window of a volume [n, c, d, h, w]."""
    op = AveragePool3DOp(
        name,
        x,
        kernel_size=kernel,
        stride=stride or kernel,
        padding=pad,
        ceil_mode=ceil_mode,
        exclude_padding=not count_include_pad,
    )
    return net.append(op, name)
