"""Pools."""

from __future__ import annotations

from math import prod

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.table import Value, operator
from simdc.ir.base import shape_of
from simdc.ir.pool import AveragePoolOp, GlobalAveragePoolOp, GlobalMaxPoolOp, MaxPoolOp, PoolOp

from .view import view
from .window import as_image, as_row, read_window

GLOBAL: dict[str, type[GlobalAveragePoolOp] | type[GlobalMaxPoolOp]] = {
    "GlobalAveragePool": GlobalAveragePoolOp,
    "GlobalMaxPool": GlobalMaxPoolOp,
}


@operator("MaxPool", "AveragePool")
def pool(build: Build) -> Value:
    node, shape = build.node, build.shape(0)
    kernel = node.integers("kernel_shape")
    if kernel is None:
        raise Unsupported("it has no kernel_shape")
    window = read_window(node, shape[2:], kernel)
    x = as_image(build, build.tensor(0))
    name = build.name if len(shape) == 4 else build.part("pool")
    maximum = node.op_type == "MaxPool"
    if window.kernel == shape_of(x)[2:] and not any(window.padding):
        # One window over the whole image.
        return as_row(build, build.add((GlobalMaxPoolOp if maximum else GlobalAveragePoolOp)(name, x)), len(shape))
    ceil_mode = bool(node.integer("ceil_mode", 0))
    same = {"stride": window.stride, "padding": window.padding, "dilation": window.dilation}
    op: PoolOp
    if maximum:
        op = MaxPoolOp(name, x, window.kernel, ceil_mode=ceil_mode, **same)
    else:
        inside = bool(node.integer("count_include_pad", 0)) or not any(window.padding)
        op = AveragePoolOp(name, x, window.kernel, ceil_mode=ceil_mode, count_include_pad=inside, **same)
    return as_row(build, build.add(op), len(shape))


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
