"""Normalizations of rows by their root mean square, and those of com.microsoft that add before they normalize."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.ir import SSAValue

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Value
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.shapes import axis_of
from simdc.frontends.onnx.table import operator
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.ops.broadcast import AddOp
from simdc.ir.ops.layer_norm import LayerNormOp
from simdc.ir.ops.rms_norm import RmsNormOp

MICROSOFT = "com.microsoft"
SUM = 3
"""The place of the result that a skip has beside the norm."""


@operator("RMSNormalization", weights=(1,))
def rms_normalization(build: Build) -> Value | None:
    """One layer where the scale has the shape of a row behind the batch; else its body."""
    shape = build.shape(0)
    axis = axis_of(build.node.integer("axis", -1), len(shape))
    if axis == 0 or build.shape(1) != shape[axis:]:
        return None
    return build.add(_rms(build, build.name, build.tensor(0), axis, 1))


@operator("SimplifiedLayerNormalization", weights=(1,))
@operator("SimplifiedLayerNormalization", domain=MICROSOFT, weights=(1,))
def simplified(build: Build) -> Value:
    shape = build.shape(0)
    axis = axis_of(build.node.integer("axis", -1), len(shape))
    _check(build, shape[axis:], axis, places=(1,))
    return build.add(_rms(build, build.name, build.tensor(0), axis, 1))


@operator("SkipSimplifiedLayerNormalization", domain=MICROSOFT, weights=(2, 3))
def skip_simplified(build: Build) -> tuple[Value, ...]:
    """`rms_norm(input + skip + bias)`, with the inputs input, skip, scale, bias."""
    return _skipped(build, 3, (2,), lambda name, x, axis: _rms(build, name, x, axis, 2))


@operator("SkipLayerNormalization", domain=MICROSOFT, weights=(2, 3, 4))
def skip(build: Build) -> tuple[Value, ...]:
    """`layer_norm(input + skip + bias)`, with the inputs input, skip, scale, shift, bias."""

    def norm(name: str, x: SSAValue, axis: int) -> LayerOp:
        scale, shift = build.weight(2, "scale"), build.weight(3, "shift") if build.has(3) else None
        return LayerNormOp(name, x, scale, shift, axis=axis, epsilon=build.node.amount("epsilon", 1e-12))

    return _skipped(build, 4, (2, 3), norm)


def _skipped(
    build: Build, bias: int, places: tuple[int, ...], norm: Callable[[str, SSAValue, int], LayerOp]
) -> tuple[Value, ...]:
    """What is added up may be a result, too, which the next block reads."""
    shape = build.shape(0)
    _check(build, shape[-1:], len(shape) - 1, places)
    total = build.add(AddOp(build.part("skip"), build.tensor(0), build.tensor(1)))
    if build.has(bias):
        total = build.add(AddOp(build.part("biased"), total, build.weight(bias, "bias")))
    if shape_of(total) != shape:
        raise Unsupported(f"its input {list(shape)} and what is added to it make {list(shape_of(total))}")
    result = build.add(norm(build.name, total, len(shape) - 1))
    if len(build.outputs) <= SUM or not build.outputs[SUM]:
        return (result,)
    build.outputs = (build.outputs[0], build.outputs[SUM])
    return result, total


def _check(build: Build, row: tuple[int, ...], axis: int, places: tuple[int, ...]) -> None:
    """Raise Unsupported where statistics are read, or parameters are no row behind the batch."""
    if any(map(build.gives, (1, 2))):
        raise Unsupported("its statistics are read")
    shapes = [build.shape(place) for place in places if build.has(place)]
    if axis == 0 or any(shape != row for shape in shapes):
        raise Unsupported(f"its rows have shape {list(row)}, its parameters {', '.join(map(str, map(list, shapes)))}")


def _rms(build: Build, name: str, x: SSAValue, axis: int, place: int) -> RmsNormOp:
    epsilon = build.node.amount("epsilon", 1e-5)
    return RmsNormOp(name, x, build.weight(place, "scale"), axis=axis, epsilon=epsilon)
