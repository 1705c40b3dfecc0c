"""Operators that repeat data."""

from __future__ import annotations

from xdsl.ir import SSAValue

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Value
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.table import operator
from simdc.ir.base import shape_of
from simdc.ir.broadcasting import broadcast_shape
from simdc.ir.ops.expand import ExpandOp

from .view import view


@operator("Expand", settings=(1,))
def expand(build: Build) -> Value:
    wanted, shape = build.settings(1, "shape"), build.shape(0)
    target = None if wanted is None else broadcast_shape(shape, wanted)
    if target is None:
        raise Unsupported(f"shape {list(shape)} does not broadcast to {list(wanted or ())}")
    return repeated(build, build.tensor(0), target, build.name)


def repeated(build: Build, x: SSAValue, shape: tuple[int, ...], name: str) -> SSAValue:
    """`x` broadcast to `shape`: a view where nothing is repeated, else a copy."""
    own = shape_of(x)
    whole = (1,) * (len(shape) - len(own)) + own
    if whole == shape:
        return view(build, x, shape, name)
    if whole != own:
        x = view(build, x, whole, build.part("whole"))
    return build.add(ExpandOp(name, x, shape=shape))


@operator("Tile")
def tile(build: Build) -> Value:
    """A dimension of size s that is repeated r times is [1, s] expanded to [r, s]."""
    shape, repeats = build.shape(0), build.settings(1, "repeats")
    if repeats is None or len(repeats) != len(shape) or min(repeats) < 1:
        raise Unsupported(f"it repeats {list(shape)} by {list(repeats or ())}")
    apart: list[int] = []
    target: list[int] = []
    for size, count in zip(shape, repeats, strict=True):
        if size > 1 and count > 1:
            apart += [1, size]
            target += [count, size]
        else:
            apart.append(size)
            target.append(size * count)
    whole = tuple(size * count for size, count in zip(shape, repeats, strict=True))
    x = build.tensor(0)
    if tuple(apart) != shape:
        x = view(build, x, apart, build.part("apart"))
    if tuple(target) == whole:
        return repeated(build, x, whole, build.name)
    return view(build, repeated(build, x, tuple(target), build.part("repeated")), whole)
