"""Operators that exporters make positions and masks of, where they depend on data."""

from __future__ import annotations

import numpy as np

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Value, known
from simdc.frontends.onnx.constant_nodes import FLOAT
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.shapes import axis_of
from simdc.frontends.onnx.table import operator
from simdc.ir.base import shape_of
from simdc.ir.ops.activation.rounding import FloorOp
from simdc.ir.ops.broadcast import DivideOp, MultiplyOp, SubtractOp
from simdc.ir.ops.comparison import EqualOp
from simdc.ir.ops.cumulative import CumulativeSumOp
from simdc.ir.ops.reduce import ReduceSumOp
from simdc.ir.ops.scalar import ScalarOp
from simdc.ir.ops.select import SelectOp

from .view import view


@operator("CumSum", settings=(1,))
def cumulative_sum(build: Build) -> Value:
    """From the end on it is the sum of all less that of the elements before."""
    places = build.settings(1, "axis")
    if places is None or len(places) != 1:
        raise Unsupported("it names no axis")
    axis = axis_of(places[0], len(build.shape(0)))
    x, exclusive = build.tensor(0), bool(build.node.integer("exclusive", 0))
    if not build.node.integer("reverse", 0):
        return build.add(CumulativeSumOp(build.name, x, axis=axis, exclusive=exclusive))
    total = build.add(ReduceSumOp(build.part("total"), x, axes=(axis,), keepdims=True))
    before = build.add(CumulativeSumOp(build.part("before"), x, axis=axis, exclusive=not exclusive))
    return build.add(SubtractOp(build.name, total, before))


@operator("Trilu", settings=(1,))
def triangle(build: Build) -> Value:
    """Zeros above or below a diagonal, as a choice by a mask."""
    shape, offset = build.shape(0), build.settings(1, "diagonal")
    keep = np.triu if build.node.integer("upper", 1) else np.tril
    mask = keep(np.ones(shape[-2:], np.float32), 0 if offset is None else offset[0])
    gate = build.parameter(known(f"{build.name}.mask", mask, FLOAT), "mask", kind="constant")
    return build.add(SelectOp(build.name, gate, build.tensor(0), 0.0))


@operator("OneHot", settings=(1, 2))
def one_hot(build: Build) -> Value:
    """Compared with 0, 1, 2, ...; a number below zero counts from the end and is not compared right, so none may be."""
    depth, values = build.number(1, "depth"), build.constant(2)
    if depth is None or values is None:
        raise Unsupported("its depth or its values depend on data")
    off, on = (float(value) for value in values.settings())
    count, rank = int(depth), len(build.shape(0)) + 1
    axis = axis_of(build.node.integer("axis", -1), rank)
    ids = build.shape(0)
    column = view(build, build.tensor(0), (*ids[:axis], 1, *ids[axis:]), build.part("column"))
    sizes = [count if place == axis else 1 for place in range(rank)]
    numbers = known(f"{build.name}.numbers", np.arange(count, dtype=np.float32).reshape(sizes), FLOAT)
    table = build.parameter(numbers, "numbers", kind="constant")
    if (off, on) == (0.0, 1.0):
        return build.add(EqualOp(build.name, column, table))
    hot = build.add(EqualOp(build.part("hot"), column, table))
    if off == 0.0:
        return build.add(ScalarOp(build.name, hot, function="mul", value=on))
    wide = build.add(ScalarOp(build.part("high"), hot, function="mul", value=on - off))
    return build.add(ScalarOp(build.name, wide, function="add", value=off))


@operator("Mod")
def remainder(build: Build) -> Value:
    """`x - floor(x / y) * y`, which has the sign of y."""
    if build.node.integer("fmod", 0):
        raise Unsupported("its remainder has the sign of what is divided (fmod)")
    divisor = build.constant(1)
    x = build.tensor(0)
    if divisor is not None and divisor.elements == 1 and len(divisor.shape) <= len(shape_of(x)):
        by = divisor.number()
        share = build.add(ScalarOp(build.part("share"), x, function="div", value=by))
        whole = build.add(FloorOp(build.part("whole"), share))
        multiple = build.add(ScalarOp(build.part("multiple"), whole, function="mul", value=by))
    else:
        y = build.tensor(1, "divisor")
        share = build.add(DivideOp(build.part("share"), x, y))
        whole = build.add(FloorOp(build.part("whole"), share))
        multiple = build.add(MultiplyOp(build.part("multiple"), whole, y))
    return build.add(SubtractOp(build.name, x, multiple))
