"""Sums, means, extremes and norms over dimensions, and the places of extremes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from xdsl.ir import SSAValue

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Value
from simdc.frontends.onnx.shapes import axis_of
from simdc.frontends.onnx.table import operator
from simdc.ir.base import LayerOp
from simdc.ir.ops.activation.exponential import ExpOp, LogOp
from simdc.ir.ops.activation.function import AbsOp, SqrtOp
from simdc.ir.ops.average_pool import GlobalAveragePoolOp
from simdc.ir.ops.max_pool import GlobalMaxPoolOp
from simdc.ir.ops.reduce import ReduceMeanOp, ReduceSumOp, ReductionOp
from simdc.ir.ops.reduce_extreme import ArgMaxOp, ArgMinOp, ReduceMaxOp, ReduceMinOp, ReduceProductOp
from simdc.ir.ops.scalar import ScalarOp

from .view import view

Function = Callable[[str, SSAValue], LayerOp]

REDUCTIONS: dict[str, type[ReductionOp]] = {
    "ReduceMean": ReduceMeanOp,
    "ReduceSum": ReduceSumOp,
    "ReduceMax": ReduceMaxOp,
    "ReduceMin": ReduceMinOp,
    "ReduceProd": ReduceProductOp,
}
GLOBAL: dict[str, type[GlobalAveragePoolOp] | type[GlobalMaxPoolOp]] = {
    "ReduceMean": GlobalAveragePoolOp,
    "ReduceMax": GlobalMaxPoolOp,
}
"""What a reduction over the whole image is."""
square = partial(ScalarOp, function="pow", value=2.0)
SUMS: dict[str, tuple[Function | None, Function | None]] = {
    "ReduceL1": (AbsOp, None),
    "ReduceL2": (square, SqrtOp),
    "ReduceSumSquare": (square, None),
    "ReduceLogSum": (None, LogOp),
    "ReduceLogSumExp": (ExpOp, LogOp),
}
"""Sums of a function of the elements, and what becomes of them: layers of their own before and behind the sum."""


@operator(*REDUCTIONS, settings=(1,))
def reduction(build: Build) -> Value:
    return _reduced(build, build.node.op_type, build.tensor(0), build.name)


@operator(*SUMS, settings=(1,))
def sum_of_function(build: Build) -> Value:
    before, behind = SUMS[build.node.op_type]
    x = build.tensor(0)
    if before is not None:
        x = build.add(before(build.part("elements"), x))
    if behind is None:
        return _reduced(build, "ReduceSum", x, build.name)
    return build.add(behind(build.name, _reduced(build, "ReduceSum", x, build.part("sum"))))


def _reduced(build: Build, kind: str, x: SSAValue, name: str) -> SSAValue:
    """`x`, of the shape of the node's input, reduced as the node says. Axes became an input in opset 18, those of
    ReduceSum in opset 13."""
    node, shape = build.node, build.shape(0)
    given = build.axes(13 if node.op_type == "ReduceSum" else 18)
    if not given and node.integer("noop_with_empty_axes", 0):
        return view(build, x, shape, name)
    axes = sorted({axis_of(axis, len(shape)) for axis in given or range(len(shape))})
    keep = bool(node.integer("keepdims", 1))
    whole_image = GLOBAL.get(kind)
    if whole_image is None or len(shape) != 4 or axes != [2, 3]:
        return build.add(REDUCTIONS[kind](name, x, axes=axes, keepdims=keep))
    if keep:
        return build.add(whole_image(name, x))
    return view(build, build.add(whole_image(build.part("pool"), x)), shape[:2], name)


@operator("ArgMax", "ArgMin")
def place(build: Build) -> Value:
    node = build.node
    axis = axis_of(node.integer("axis", 0), len(build.shape(0)))
    op = ArgMaxOp if node.op_type == "ArgMax" else ArgMinOp
    keep, last = bool(node.integer("keepdims", 1)), bool(node.integer("select_last_index", 0))
    return build.add(op(build.name, build.tensor(0), axis=axis, keepdims=keep, last=last))
