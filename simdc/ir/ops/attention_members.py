"""Attention that runs as one: what a product, a softmax and a product must be like, and the kernel that they make."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from simdc.cost.kernel import FusedProducts
from simdc.ir.base import LayerOp, shape_of, width_bits
from simdc.ir.fused_attention import SCORES, AttentionBits, AttentionShape, fused_attention
from simdc.ir.product import ONE, Side, StackProduct
from simdc.ir.product_views import conformed
from simdc.named import NamedTuple

from .matmul import MatMulOp
from .softmax import SoftmaxOp, masked_shape


class Attention(NamedTuple):
    """The product of queries and keys, its softmax, and the product of that and the values."""

    scores: MatMulOp
    softmax: SoftmaxOp
    context: MatMulOp


def attention_of(layers: Sequence[LayerOp]) -> Attention | None:
    """The layers as attention, if each hands on to the next as attention does and the softmax is along its last
    dimension."""
    match layers:
        case [MatMulOp() as scores, SoftmaxOp() as softmax, MatMulOp() as context]:
            last = len(shape_of(softmax.input)) - 1
            handed = softmax.input is scores.result and context.lhs is softmax.result
            if handed and context.rhs is not softmax.result and softmax.axis.value.data == last:
                return Attention(scores, softmax, context)
        case _:
            pass
    return None


def attention_kernel(attention: Attention) -> FusedProducts | None:
    """None where the layers do not have the loops of `fused_attention`. Widths must be assigned: partial sums and
    temporaries are as wide as the layers say."""
    scores, softmax, context = attention
    scale, mask = softmax.scale.value.data, softmax.mask
    shape, axes = shape_of(softmax.input), _axes(attention)
    if axes is None or not scale > 0:
        return None
    moving = None if mask is None else _mask_loops(axes, masked_shape(shape, mask))
    if mask is not None and not moving:
        return None
    queries, keys = shape[-2:]
    hides = softmax.causal is not None and queries > 1
    if hides and any(axis.loop != "n" for axis in axes if axis.dimension == len(shape) - 2):
        return None
    bounds = {loop: prod(axis.size for axis in axes if axis.loop == loop) for loop in SCORES}
    depth, value_depth = _alone(scores.product, scores.product.result), _alone(context.product, context.product.lhs)
    bits = AttentionBits(
        width_bits(scores.lhs),
        width_bits(scores.rhs),
        width_bits(context.rhs),
        0 if mask is None else width_bits(mask),
        width_bits(context.result),
        scores.accumulator_bits,
        softmax.accumulator_bits,
    )
    # The last query sees all keys: of 4 behind 10 earlier tokens the first sees 11.
    first = keys - queries + 1 if hides else None
    b, g, r, n, s = (bounds[loop] for loop in SCORES)
    return fused_attention(
        AttentionShape(b, g, r, n, s, depth, value_depth), bits, scale=scale, first=first, mask=moving
    )


class _Axis(NamedTuple):
    """A loop of both products, `size` long, in a dimension of the scores: part of which loop of the kernel it is."""

    dimension: int
    size: int
    loop: str


def _axes(attention: Attention) -> tuple[_Axis, ...] | None:
    """What the dimensions of the scores are, cut as finely as either product cuts them. None for another product than
    attention has: keys must move keys and values, queries neither, sequences and heads both."""
    scores, softmax, context = attention
    shape = shape_of(softmax.input)
    found = _alike(scores.product, context.product, shape)
    if found is None:
        return None
    first, second, dimensions = found
    query, key, value, result = map(_loops, (first.lhs, first.rhs, second.rhs, second.result))
    made: list[_Axis] = []
    for dimension, one, other, size in dimensions:
        moved = one in query, one in key, other in value, other in result
        loop = _loop(dimension, len(shape), moved)
        if loop is None:
            return None
        made.append(_Axis(dimension, size, loop))
    return tuple(made)


def _loop(dimension: int, rank: int, moved: tuple[bool, bool, bool, bool]) -> str | None:
    """The loop of the kernel in a dimension of the scores, by whether it moves query, key, value and result."""
    # [n, heads, queries, keys] with 32 heads on 8 of keys: b | g 8, r 4 | n | s.
    match moved:
        case (False, True, True, False) if dimension == rank - 1:
            return "s"
        case (True, True, True, True) if dimension < rank - 1:
            return "g" if dimension else "b"
        case (True, False, False, True) if dimension < rank - 1:
            return "n" if dimension == rank - 2 else "r"
        case _:
            return None


class _Alike(NamedTuple):
    """Two products cut alike, and (dimension, loop of the first, loop of the second, size) of what one hands on."""

    first: StackProduct
    second: StackProduct
    dimensions: tuple[tuple[int, int, int, int], ...]


def _alike(first: StackProduct, second: StackProduct, shape: Sequence[int]) -> _Alike | None:
    """The products with loops cut in two where the other one's end: keys are shared among heads in one loop nest of
    both, even where only one of the two needs it. None where no cut does it, or not all scores are read."""
    # Scores of 8 x 4 heads, shares of 32: the 32 become 8 x 4. What the second cuts the first has after that, too.
    one = conformed(first, "result", shape)
    one = one and conformed(one[0], "result", _sizes(second.lhs))
    other = one and conformed(second, "lhs", shape)
    other = other and one and conformed(other[0], "lhs", _sizes(one[0].result))
    if one is None or other is None:
        return None
    first, second = one[0], other[0]
    bounds = second.bounds
    if any(at.first or at.size != (1 if at.loop == ONE else bounds[at.loop]) for at in second.lhs):
        return None
    pairs = conformed(first, "result", shape), conformed(second, "lhs", shape)
    if pairs[0] is None or pairs[1] is None:
        return None
    made: list[tuple[int, int, int, int]] = []
    for dimension, groups in enumerate(zip(pairs[0][1], pairs[1][1], strict=True)):
        one, other = ([place for place in group if place.size > 1] for group in groups)
        if [place.size for place in one] != [place.size for place in other]:
            return None
        made += [(dimension, a.loop, b.loop, a.size) for a, b in zip(one, other, strict=True)]
    return _Alike(first, second, tuple(made))


def _mask_loops(axes: Sequence[_Axis], mask: Sequence[int]) -> tuple[str, ...] | None:
    """The loops that move a mask, whose dimensions of one element are repeated. None where it moves with a part of a
    loop only."""
    moving: dict[str, bool] = {}
    for axis in axes:
        if moving.setdefault(axis.loop, mask[axis.dimension] > 1) != (mask[axis.dimension] > 1):
            return None
    return tuple(loop for loop in SCORES if moving.get(loop))


def _alone(product: StackProduct, side: Side) -> int:
    """How often the loops run that a side does not have."""
    own, bounds = _loops(side), product.bounds
    return prod(bound for loop, bound in bounds.items() if loop not in own)


def _loops(side: Side) -> set[int]:
    return {place.loop for place in side if place.loop != ONE}


def _sizes(side: Side) -> list[int]:
    return [place.size for place in side if place.size > 1]
