"""Pools."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Value
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.table import operator
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.ops.average_pool import AveragePoolOp, GlobalAveragePoolOp
from simdc.ir.ops.average_pool3d import AveragePool3DOp
from simdc.ir.ops.max_pool import GlobalMaxPoolOp, MaxPoolOp
from simdc.ir.ops.max_pool3d import MaxPool3DOp

from .view import view
from .window import WindowAxis, read_axes, side_by_side, window_of

GLOBAL: dict[str, type[GlobalAveragePoolOp] | type[GlobalMaxPoolOp]] = {
    "GlobalAveragePool": GlobalAveragePoolOp,
    "GlobalMaxPool": GlobalMaxPoolOp,
}


@operator("MaxPool", "AveragePool")
def pool(build: Build) -> Value:
    """An image of more dimensions becomes one of two where the window moves along no more, else a volume."""
    node, shape = build.node, build.shape(0)
    kernel = node.integers("kernel_shape")
    if kernel is None:
        raise Unsupported("it has no kernel_shape")
    own = read_axes(node, shape[2:], kernel)
    _check_extent(own)
    axes = own if len(own) < 3 else side_by_side(own)
    window = window_of(axes)
    x = build.tensor(0)
    deep = len(axes) == 3
    plain = len(shape) == (5 if deep else 4)
    if not plain:
        x = view(build, x, (*shape[:2], *(1,) * (2 - len(axes)), *(axis.size for axis in axes)), build.part("image"))
    name = build.name if plain else build.part("pool")
    maximum = node.op_type == "MaxPool"
    ceil_mode = bool(node.integer("ceil_mode", 0))
    same = {"stride": window.stride, "padding": window.padding, "dilation": window.dilation}
    op: LayerOp
    whole = all(axis.extent == axis.kernel == axis.size for axis in axes) and not any(window.padding)
    if whole and not deep:
        # One window over the whole image.
        op = (GlobalMaxPoolOp if maximum else GlobalAveragePoolOp)(name, x)
    elif maximum:
        op = (MaxPool3DOp if deep else MaxPoolOp)(name, x, kernel_size=window.kernel, ceil_mode=ceil_mode, **same)
    else:
        inside = bool(node.integer("count_include_pad", 0)) or not any(window.padding)
        kind = AveragePool3DOp if deep else AveragePoolOp
        op = kind(name, x, kernel_size=window.kernel, ceil_mode=ceil_mode, exclude_padding=not inside, **same)
    result = build.add(op)
    if plain:
        return result
    made = iter(
        size for axis, size in zip(reversed(axes), reversed(shape_of(result)), strict=False) if not axis.passes_by
    )
    sizes = [axis.size if axis.passes_by else next(made) for axis in reversed(own)]
    return view(build, result, (*shape[:2], *reversed(sizes)), build.part("row"))


def _check_extent(axes: Sequence[WindowAxis]) -> None:
    """Of a window along each axis: 8 with dilation 2 reach over 15 positions."""
    padded = [axis.size + axis.before + axis.after for axis in axes]
    if any(axis.extent > size for axis, size in zip(axes, padded, strict=True)):
        over, within = " x ".join(str(axis.extent) for axis in axes), " x ".join(map(str, padded))
        raise Unsupported(
            f"the result would be empty: its window reaches over {over} positions of {within} with its border"
        )


@operator(*GLOBAL)
def global_pool(build: Build) -> Value:
    """Over all dimensions but batch and channels, however many there are."""
    shape, x = build.shape(0), build.tensor(0)
    if len(shape) < 3:
        raise Unsupported(f"it pools an image, and its input has shape {list(shape)}")
    op = GLOBAL[build.node.op_type]
    if len(shape) == 4:
        return build.add(op(build.name, x))
    image = view(build, x, (*shape[:2], prod(shape[2:]), 1), build.part("image"))
    pooled = build.add(op(build.part("pool"), image))
    return view(build, pooled, (*shape[:2], *(1,) * (len(shape) - 2)))
