"""Operators that compute nothing: another shape for the same data, or the same data under another name."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.ir import SSAValue

from simdc.errors import SimdcError
from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Constant, Value
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.shapes import flattened, rebatched, reshaped, squeezed, unsqueezed
from simdc.frontends.onnx.table import operator
from simdc.ir.base import shape_of
from simdc.ir.ops.free import DropoutOp, FlattenOp, ReshapeOp


def view(build: Build, x: SSAValue, shape: Sequence[int], name: str | None = None) -> SSAValue:
    """The data of `x` with another shape."""
    own, target = shape_of(x), tuple(shape)
    if not target:
        raise Unsupported("its result is a single number")
    if len(own) > 2 and target == (own[0], prod(own[1:])):
        return build.add(FlattenOp(name or build.name, x))
    return build.add(ReshapeOp(name or build.name, x, shape=target))


@operator("Identity", "Cast", "CastLike")
def identity(build: Build) -> Value:
    """The machine's widths decide how a tensor is stored, whatever type the file casts to."""
    x = build.value(0)
    return x if isinstance(x, Constant) else view(build, x, shape_of(x))


@operator("Dropout", settings=(1, 2))
def dropout(build: Build) -> Value:
    given = build.number(1, "ratio") if build.opset >= 12 else build.node.real("ratio", 0.5)
    return build.add(DropoutOp(build.name, build.tensor(0), rate=0.5 if given is None else given))


@operator("Reshape", settings=(1,))
def reshape(build: Build) -> Value:
    shape, constant = build.shape(0), build.constant(1)
    if constant is None:
        if not build.has(1):
            raise Unsupported("it has no shape")
        raise Unsupported("its shape depends on data")
    try:
        request = constant.ints()
    except SimdcError as error:
        # Taken out of the file with the weights: the file may still say what comes out.
        stated = build.described()
        if stated is None or prod(stated) != prod(shape):
            raise Unsupported(error.message) from None
        return view(build, build.tensor(0), stated)
    request = rebatched(shape, request, build.rebatch)
    zero_is_size = bool(build.node.integer("allowzero", 0))
    return view(build, build.tensor(0), reshaped(shape, request, zero_is_size=zero_is_size))


@operator("Flatten")
def flatten(build: Build) -> Value:
    return view(build, build.tensor(0), flattened(build.shape(0), build.node.integer("axis", 1)))


@operator("Squeeze", settings=(1,))
def squeeze(build: Build) -> Value:
    return view(build, build.tensor(0), squeezed(build.shape(0), build.axes(13)))


@operator("Unsqueeze", settings=(1,))
def unsqueeze(build: Build) -> Value:
    axes = build.axes(13)
    if axes is None:
        raise Unsupported("it names no axes")
    return view(build, build.tensor(0), unsqueezed(build.shape(0), axes))
