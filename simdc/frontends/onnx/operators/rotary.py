"""Rotary positions where an operator says so: that of the standard since opset 23, and that of com.microsoft."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from xdsl.ir import SSAValue

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Array, Constant, Value, combined
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.table import operator
from simdc.ir.base import shape_of
from simdc.ir.ops.gather import GatherOp
from simdc.ir.ops.rope import RopeOp

from .view import view


@operator("RotaryEmbedding")
def rotary(build: Build) -> Value:
    return _turned(build, table=1, positions=3, offset=False)


@operator("RotaryEmbedding", domain="com.microsoft")
def microsoft_rotary(build: Build) -> Value:
    """A single position is that of the first token."""
    if build.node.integer("is_packed_batching", 0) or build.node.real("scale", 1.0) != 1:
        raise Unsupported("it is packed, or scales its positions")
    return _turned(build, table=2, positions=1, offset=True)


def _turned(build: Build, table: int, positions: int, *, offset: bool) -> Value:
    """An image [n, heads, t, d], or rows [n, t, heads * d], in which tokens stand before heads."""
    shape, node, x = build.shape(0), build.node, build.tensor(0)
    pairs = build.shape(table)[-1]
    if len(shape) == 4:
        tokens, size = shape[2], shape[3]
    elif len(shape) == 3:
        tokens, heads = shape[1], node.integer("num_heads", 0)
        size = shape[2] // heads if heads else 2 * pairs
        if not size or shape[2] % size:
            raise Unsupported(f"{shape[2]} features are no heads of {size}")
        x = view(build, x, (*shape[:2], shape[2] // size, size), build.part("heads"))
    else:
        raise Unsupported(f"it turns three or four dimensions, and its input has shape {list(shape)}")
    turned = node.integer("rotary_embedding_dim", 0) or size
    if pairs != turned // 2:
        raise Unsupported(f"its tables have {pairs} angles for {turned} features")
    cos, sin = (_table(build, table + at, positions, tokens, offset=offset) for at in (0, 1))
    fields = {"rotary": turned, "interleaved": bool(node.integer("interleaved", 0)), "tokens_first": len(shape) == 3}
    if len(shape) == 4:
        return build.add(RopeOp(build.name, x, cos, sin, **fields))
    return view(build, build.add(RopeOp(build.part("turned"), x, cos, sin, **fields)), shape)


def _table(build: Build, place: int, positions: int, tokens: int, *, offset: bool) -> SSAValue:
    """The rows of a table that belong to the tokens, as [t, pairs] or [n, t, pairs]."""
    role = "cos" if place == (2 if offset else 1) else "sin"
    constant = build.constant(place)
    if not build.has(positions):
        # The tables are those of the tokens already.
        return build.tensor(place, role) if constant is None else build.parameter(constant, role, kind="constant")
    ids = build.constant(positions)
    if ids is not None and constant is not None:
        return build.parameter(_picked(constant, ids, tokens, offset=offset), role, kind="constant")
    if offset and build.shape(positions) == (1,):
        raise Unsupported("the position of its first token depends on data")
    table = build.tensor(place, role) if constant is None else build.parameter(constant, role, kind="constant")
    numbers = build.tensor(positions) if ids is None else build.parameter(ids, "positions", kind="constant")
    rows = build.add(GatherOp(build.part(role), table, numbers))
    return rows if len(shape_of(rows)) == 3 else view(build, rows, (tokens, shape_of(rows)[-1]), build.part(f"{role}s"))


def _picked(table: Constant, ids: Constant, tokens: int, *, offset: bool) -> Constant:
    if offset and ids.elements == 1:
        return combined((tokens, table.shape[-1]), _from_first(tokens), table, ids)
    shape = (*ids.shape, table.shape[-1])
    return combined(shape, _at_places, table, ids)


def _at_places(rows: Array, at: Array) -> Array:
    return rows[at.astype(np.intp)]


def _from_first(tokens: int) -> Callable[[Array, Array], Array]:
    return lambda rows, at: rows[int(at.reshape(-1)[0]) + np.arange(tokens)]
