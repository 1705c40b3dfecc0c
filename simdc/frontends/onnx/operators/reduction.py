"""Means over dimensions."""

from __future__ import annotations

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.shapes import axis_of
from simdc.frontends.onnx.table import Value, operator
from simdc.ir.pool import GlobalAveragePoolOp
from simdc.ir.reduce import ReduceMeanOp

from .view import view


@operator("ReduceMean")
def reduce_mean(build: Build) -> Value:
    """Over the whole image it is a global pool."""
    node, shape = build.node, build.shape(0)
    given = build.axes(18)
    if not given and node.integer("noop_with_empty_axes", 0):
        return view(build, build.tensor(0), shape)
    axes = sorted({axis_of(axis, len(shape)) for axis in given or range(len(shape))})
    keep = bool(node.integer("keepdims", 1))
    x = build.tensor(0)
    if len(shape) == 4 and axes == [2, 3]:
        if keep:
            return build.add(GlobalAveragePoolOp(build.name, x))
        return view(build, build.add(GlobalAveragePoolOp(build.part("pool"), x)), shape[:2])
    return build.add(ReduceMeanOp(build.name, x, axes, keep))
