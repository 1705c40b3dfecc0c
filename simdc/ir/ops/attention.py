"""Attention as layers: heads cut out of features, a product, a softmax and a product.

Query heads that share a key head read it where it lies: nothing is repeated. Heads are cut out and put side by side by
a reshape and a transpose, which the products around them take over (`simdc-fold-views`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Annotated

from xdsl.dialects.builtin import f32
from xdsl.ir import SSAValue

from simdc.ir.base import make_tensor_type, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import layer
from simdc.ir.options import Flag, Positive, Real
from simdc.ir.product import Place, StackProduct
from simdc.ir.product_text import product_text

from .free import ReshapeOp
from .matmul import MatMulOp
from .softmax import softmax_op
from .transpose import TransposeOp

SWAP = (0, 2, 1, 3)
"""Tokens and heads change places."""


def check_attention(query: Sequence[int], key: Sequence[int], value: Sequence[int]) -> None:
    """Raise LayerError unless they are query [n, h, t, d], key [n, kv, s, d] and value [n, kv, s, e], h a multiple of
    kv."""
    for name, shape in (("query", query), ("key", key), ("value", value)):
        if len(shape) != 4:
            raise LayerError(f"the {name} has shape {list(shape)}, not [n, heads, tokens, features]: use heads")
    if (key[0], key[3]) != (query[0], query[3]) or tuple(value[:3]) != tuple(key[:3]):
        raise LayerError(f"query {list(query)}, key {list(key)} and value {list(value)} do not go together")
    if query[1] % key[1]:
        raise LayerError(f"{query[1]} query heads cannot share {key[1]} heads of keys and values evenly")


def add_attention(
    net: ModuleBuilder,
    name: str,
    tensors: tuple[SSAValue, SSAValue, SSAValue],
    mask: SSAValue | None = None,
    *,
    causal: bool = False,
    scale: float | None = None,
) -> SSAValue:
    """Append `softmax(scale * query @ key^T + mask) @ value`; returns the result [n, h, t, e]. A `scale` left out is
    1 / sqrt(d). Raises LayerError."""
    query, key, value = tensors
    check_attention(*map(shape_of, tensors))
    keys, depth = shape_of(key)[2:]
    scores = _product(net, f"{name}.scores", query, key, keys, depth, turned=True)
    factor = 1.0 / sqrt(depth) if scale is None else scale
    softmax = softmax_op(net, f"{name}.softmax", scores, mask, 3, factor, causal=causal)
    shares = net.append(softmax, f"{name}.softmax")
    return _product(net, f"{name}.context", shares, value, shape_of(value)[3], keys, turned=False)


def _product(
    net: ModuleBuilder, name: str, lhs: SSAValue, rhs: SSAValue, columns: int, summed: int, *, turned: bool
) -> SSAValue:
    """The product of each query head with that of its group: `rhs` is [n, kv, summed, columns] or, `turned`,
    [n, kv, columns, summed]."""
    batch, heads, rows, _ = shape_of(lhs)
    groups = shape_of(rhs)[1]
    if groups == heads and not turned:
        return net.append(MatMulOp(name, lhs, rhs), name)
    # 32 query heads are 8 groups of 4; a loop runs over the groups, one over the 4, and the latter does not move rhs.
    b, g, r, n, c, k = (
        Place(loop, size) for loop, size in enumerate((batch, groups, heads // groups, rows, columns, summed))
    )
    index = StackProduct((b, g, r, n, k), (b, g, c, k) if turned else (b, g, k, c), (b, g, r, n, c))
    result = make_tensor_type(f32, (batch, heads, rows, columns))
    return net.append(MatMulOp(name, lhs, rhs, index=product_text(index), result=result), name)


@layer
def heads(net: ModuleBuilder, name: str, x: SSAValue, *, count: Annotated[Positive, "of heads"]) -> SSAValue:
    """Cuts `[n, tokens, features]` into heads: `[n, heads, tokens, features / heads]`."""
    shape = shape_of(x)
    if len(shape) != 3:
        raise LayerError(f"needs [n, tokens, features], its input has shape {list(shape)}")
    n, tokens, features = shape
    if features % count:
        raise LayerError(f"{features} features cannot be cut into {count} heads", "count")
    if tokens == 1:
        # One token's heads lie in their order already.
        return net.append(ReshapeOp(name, x, shape=(n, count, 1, features // count)), name)
    split = f"{name}.split"
    apart = net.append(ReshapeOp(split, x, shape=(n, tokens, count, features // count)), split)
    return net.append(TransposeOp(name, apart, permutation=SWAP), name)


@layer
def merge_heads(net: ModuleBuilder, name: str, x: SSAValue) -> SSAValue:
    """Puts heads `[n, heads, tokens, features]` side by side: `[n, tokens, heads * features]`."""
    shape = shape_of(x)
    if len(shape) != 4:
        raise LayerError(f"needs [n, heads, tokens, features], its input has shape {list(shape)}")
    n, count, tokens, features = shape
    if tokens == 1:
        return net.append(ReshapeOp(name, x, shape=(n, 1, count * features)), name)
    swapped = net.append(TransposeOp(name, x, permutation=SWAP), name)
    joined = f"{name}.features"
    return net.append(ReshapeOp(joined, swapped, shape=(n, tokens, count * features)), joined)


Scale = Annotated[Real | None, "of scores; `1 / sqrt(features of a head)` if left out"]
Causal = Annotated[Flag, "a query sees no later key; the last query sees all"]


@layer
def attention(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    y: SSAValue,
    z: SSAValue,
    *,
    causal: Causal = False,
    scale: Scale = None,
) -> SSAValue:
    """Attention of queries `x` to keys `y` and values `z`, all `[n, heads, tokens, features]`.

    Several heads of `x` may share one of `y` and `z`."""
    return add_attention(net, name, (x, y, z), causal=causal, scale=scale)


@layer
def masked_attention(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    y: SSAValue,
    z: SSAValue,
    u: SSAValue,
    *,
    causal: Causal = False,
    scale: Scale = None,
) -> SSAValue:
    """Attention with `u` added to its scores `[n, heads, queries, keys]`; it is broadcast."""
    return add_attention(net, name, (x, y, z), u, causal=causal, scale=scale)
