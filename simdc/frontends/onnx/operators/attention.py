"""Attention as one operator: that of the standard since opset 23, and three of com.microsoft.

Each becomes a product, a softmax and a product, in which query heads share keys; what an operator has besides, a cache,
a bias, packed sides, is layers of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from xdsl.ir import SSAValue

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Array, Constant, Value, combined
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.table import operator
from simdc.ir.base import shape_of
from simdc.ir.layer_error import LayerError
from simdc.ir.ops.attention import add_attention
from simdc.ir.ops.broadcast import AddOp
from simdc.ir.ops.cache import CacheAppendOp
from simdc.ir.ops.linear import LinearOp
from simdc.ir.ops.pad import SliceOp
from simdc.ir.ops.rope import RopeOp
from simdc.ir.ops.softmax import LOWEST
from simdc.ir.ops.transpose import TransposeOp
from simdc.named import NamedTuple

from .view import view

MICROSOFT = "com.microsoft"
SWAP = (0, 2, 1, 3)
"""Tokens and heads change places."""


class Sides(NamedTuple):
    """Queries, keys and values as [n, heads, tokens, features]."""

    query: SSAValue
    key: SSAValue
    value: SSAValue


@operator("Attention")
def attention(build: Build) -> tuple[Value, ...] | None:
    """Its body in the standard stands for it where its scores are read, cut (`softcap`) or masked by lengths, and where
    a causal mask does not end at the last key."""
    node, flat = build.node, len(build.shape(0)) == 3
    if node.real("softcap", 0.0) or build.has(6) or build.gives(3):
        return None
    query_heads, key_heads = node.integer("q_num_heads", 0), node.integer("kv_num_heads", 0)
    past = build.shape(4)[2] if build.has(4) else 0
    causal = bool(node.integer("is_causal", 0))
    if causal and build.shape(0)[-2] != build.shape(1)[-2]:
        return None
    if build.has(3) and build.constant(3) is None and build.element(3) == BOOL:
        return None
    sides = Sides(*_each(build, query_heads, key_heads))
    sides = _appended(build, sides, 4) if past else sides
    scale = node.real("scale", 0.0) or None
    return _finished(build, sides, _mask(build, 3), flat=flat, causal=causal, scale=scale)


BOOL = 9
"""ONNX's number of truth values."""
ROLES = ("query", "key", "value")


@operator("MultiHeadAttention", domain=MICROSOFT, weights=(3,))
def multi_head_attention(build: Build) -> tuple[Value, ...]:
    """Queries [n, t, heads * d]; keys and values alike, or as heads; or all three packed, [n, t, heads, 3, d]."""
    node, count = build.node, build.node.integer("num_heads", 0)
    _refuse(build, {4: "a mask by data for each key", 8: "a cache with room to spare", 9: "beams that share a cache"})
    if len(build.shape(0)) == 5:
        sides = _packed(build, 0, ROLES)
    elif build.has(1) and len(build.shape(1)) == 5:
        key, value = _packed(build, 1, ROLES[1:])
        sides = [_heads(build, 0, count, "query", bias=_bias(build, 0)), key, value]
    else:
        sides = [_heads(build, place, count, role, bias=_bias(build, place)) for place, role in enumerate(ROLES)]
    found = Sides(*sides)
    found = _appended(build, found, 6) if build.has(6) else found
    causal, scale = bool(node.integer("unidirectional", 0)), node.real("scale", 0.0) or None
    return _finished(build, found, _mask(build, 5), flat=True, causal=causal, scale=scale)


@operator("Attention", domain=MICROSOFT, weights=(1, 2))
def microsoft_attention(build: Build) -> tuple[Value, ...]:
    """One fully connected layer makes queries, keys and values, side by side."""
    node, count, weight = build.node, build.node.integer("num_heads", 0), build.constant(1)
    _refuse(build, {3: "a mask by data", 4: "a cache of keys and values in one", 6: "a cache with room to spare"})
    if weight is None or len(weight.shape) != 2 or node.integer("do_rotary", 0):
        raise Unsupported("its weight is data, or it turns positions")
    widths = node.integers("qkv_hidden_sizes") or (weight.shape[1] // 3,) * 3
    matrix, offset = weight.transposed((1, 0)), build.constant(2)
    bias = None if offset is None else build.parameter(offset, "bias")
    made = build.add(LinearOp(build.part("qkv"), build.tensor(0), build.parameter(matrix, "weight"), bias))
    found, first = list[SSAValue](), 0
    for role, width in zip(ROLES, widths, strict=True):
        part = build.add(SliceOp(build.part(f"{role}_part"), made, axis=2, first=first, count=width))
        found.append(_cut(build, part, count, role))
        first += width
    causal, scale = bool(node.integer("unidirectional", 0)), node.real("scale", 0.0) or None
    return _finished(build, Sides(*found), _mask(build, 5), flat=True, causal=causal, scale=scale)


@operator("GroupQueryAttention", domain=MICROSOFT, weights=(7, 8))
def group_query_attention(build: Build) -> tuple[Value, ...]:
    """Causal, over all tokens of a cache: lengths of its sequences, which are data, are taken to be the longest."""
    node = build.node
    count, groups = node.integer("num_heads", 0), node.integer("kv_num_heads", 0)
    if node.integer("local_window_size", -1) != -1 or node.real("softcap", 0.0) or node.integer("smooth_softmax", 0):
        raise Unsupported("it has a window, a softcap or a smooth softmax")
    _refuse(build, {9: "positions by data", 11: "a sink"})
    sides = _each(build, count, groups) if build.has(1) else _side_by_side(build, count, groups)
    past = build.shape(3)[2] if build.has(3) else 0
    if node.integer("do_rotary", 0):
        sides = [*(_turned(build, x, role, past) for x, role in zip(sides[:2], ROLES, strict=False)), sides[2]]
    found = _appended(build, Sides(*sides), 3) if past else Sides(*sides)
    scale = node.real("scale", 0.0) or None
    return _finished(build, found, _mask(build, 10), flat=True, causal=True, scale=scale)


def _refuse(build: Build, places: dict[int, str]) -> None:
    for place, what in places.items():
        if build.has(place):
            raise Unsupported(f"it has {what} (input {place})")


def _finished(
    build: Build, sides: Sides, mask: SSAValue | None, *, flat: bool, causal: bool, scale: float | None
) -> tuple[Value, ...]:
    """The result, as [n, t, heads * d] where it is `flat`, and the keys and values that a cache holds after it."""
    try:
        result = add_attention(build.network, build.name, sides, mask, causal=causal, scale=scale)
    except LayerError as error:
        raise Unsupported(error.message) from None
    if flat:
        n, heads, tokens, size = shape_of(result)
        swapped = build.add(TransposeOp(build.part("tokens"), result, permutation=SWAP))
        result = view(build, swapped, (n, tokens, heads * size))
    return result, sides.key, sides.value


def _each(build: Build, count: int, groups: int) -> list[SSAValue]:
    """The first three inputs."""
    roles = zip(ROLES, (count, groups, groups), strict=True)
    return [_heads(build, place, heads, role) for place, (role, heads) in enumerate(roles)]


def _heads(build: Build, place: int, count: int, role: str, bias: Constant | None = None) -> SSAValue:
    """An input as [n, heads, tokens, features]."""
    x = build.tensor(place, role)
    if bias is not None:
        x = build.add(AddOp(build.part(f"{role}_bias"), x, build.parameter(bias, f"{role}_bias")))
    return x if len(shape_of(x)) == 4 else _cut(build, x, count, role)


def _cut(build: Build, x: SSAValue, count: int, role: str) -> SSAValue:
    shape = shape_of(x)
    if len(shape) == 3 and count < 1:
        raise Unsupported(f"its {role} has shape {list(shape)}, and no attribute says how many heads that is")
    if len(shape) != 3 or shape[2] % count:
        raise Unsupported(f"its {role} has shape {list(shape)}, which is not {count} heads")
    apart = view(build, x, (*shape[:2], count, shape[2] // count), build.part(f"{role}_split"))
    return build.add(TransposeOp(build.part(role), apart, permutation=SWAP))


def _packed(build: Build, place: int, roles: tuple[str, ...]) -> list[SSAValue]:
    """[n, t, heads, 3, d] as three of [n, heads, t, d]."""
    n, tokens, heads, parts, size = build.shape(place)
    if parts != len(roles) or _bias(build, 0) is not None:
        raise Unsupported(f"it is packed in {parts}, or has a bias besides")
    found: list[SSAValue] = []
    for number, role in enumerate(roles):
        part = SliceOp(build.part(f"{role}_part"), build.tensor(place), axis=3, first=number, count=1)
        apart = view(build, build.add(part), (n, tokens, heads, size), build.part(f"{role}_split"))
        found.append(build.add(TransposeOp(build.part(role), apart, permutation=SWAP)))
    return found


def _side_by_side(build: Build, count: int, groups: int) -> list[SSAValue]:
    """[n, t, (heads + 2 * groups) * d] as queries, keys and values."""
    x, found, first = build.tensor(0), list[SSAValue](), 0
    size, rest = divmod(shape_of(x)[-1], count + 2 * groups)
    if rest or len(shape_of(x)) != 3:
        raise Unsupported(f"{shape_of(x)[-1]} features are not {count} + 2 * {groups} heads")
    for role, heads in zip(ROLES, (count, groups, groups), strict=True):
        part = SliceOp(build.part(f"{role}_part"), x, axis=2, first=first, count=heads * size)
        found.append(_cut(build, build.add(part), heads, role))
        first += heads * size
    return found


def _appended(build: Build, sides: Sides, place: int) -> Sides:
    """New keys and values behind those of the cache, inputs `place` and the next."""
    key, value = (
        build.add(CacheAppendOp(build.part(f"present_{role}"), build.tensor(place + at), new, axis=2))
        for at, (role, new) in enumerate((("key", sides.key), ("value", sides.value)))
    )
    return Sides(sides.query, key, value)


def _turned(build: Build, x: SSAValue, role: str, past: int) -> SSAValue:
    """Positions behind the cache, turned by the rows of the operator's tables that belong to them."""
    tokens, tables = shape_of(x)[2], [build.constant(place) for place in (7, 8)]
    rows = [combined((tokens, table.shape[-1]), _rows(past, tokens), table) for table in tables if table is not None]
    if len(rows) != 2:
        raise Unsupported("its tables of angles depend on data")
    cos, sin = (build.parameter(table, name, kind="constant") for table, name in zip(rows, ("cos", "sin"), strict=True))
    interleaved = bool(build.node.integer("rotary_interleaved", 0))
    rotary = 2 * rows[0].shape[-1]
    return build.add(RopeOp(build.part(f"{role}_turned"), x, cos, sin, rotary=rotary, interleaved=interleaved))


def _bias(build: Build, place: int) -> Constant | None:
    """Of com.microsoft: the part of input 3 that belongs to queries, keys or values."""
    whole = build.constant(3)
    if whole is None:
        if build.has(3):
            raise Unsupported("its bias depends on data")
        return None
    if not build.has(1):
        return whole
    queries, values = (build.shape(at)[-1] if len(build.shape(at)) == 3 else 0 for at in (0, 2))
    widths = (queries, whole.elements - queries - values, values)
    first = sum(widths[:place])
    return combined((widths[place],), _rows(first, widths[place]), whole)


def _rows(first: int, count: int) -> Callable[[Array], Array]:
    return lambda array: array[first : first + count]


def _mask(build: Build, place: int) -> SSAValue | None:
    """What is added to the scores; of truth values those that are false close a score."""
    if not build.has(place):
        return None
    constant = build.constant(place)
    if constant is None or build.element(place) != BOOL:
        return build.tensor(place, "mask")
    return build.parameter(constant.mapped(constant.shape, _closed), "mask", kind="constant")


def _closed(is_open: Array) -> Array:
    return np.where(is_open.astype(bool), 0.0, LOWEST).astype(np.float32)
