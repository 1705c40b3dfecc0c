"""What there is of a network with attention whatever it is priced on: tokens, cache, roles, useful products."""

from __future__ import annotations

from math import prod

from simdc.backends.lowered.network import LanguageFacts
from simdc.ir.base import LayerOp, shape_of, width_bits
from simdc.ir.network import NetworkOp, ParameterOp
from simdc.ir.ops.cache import CacheAppendOp
from simdc.ir.ops.matmul import MatMulOp

from .roles import attention, roles_of


def language_facts(network: NetworkOp) -> LanguageFacts | None:
    """None for a network without attention."""
    found = list(attention(network))
    if not found:
        return None
    *_, tokens, context = max((shape_of(softmax.input) for softmax, _, _ in found), key=lambda shape: shape[-1])
    causal = {
        op.layer.data: _useful(*shape_of(softmax.input)[-2:])
        for softmax, scores, readers in found
        if softmax.causal is not None
        for op in (scores, *readers)
    }
    training = network.phase.data == "training"
    return LanguageFacts(
        tokens=tokens,
        context=context,
        appends=any(isinstance(op, CacheAppendOp) for op in network.layers()),
        causal=tuple((name, *useful) for name, useful in causal.items()),
        cache=None if training else _cache(network, network.batch.value.data, causal=bool(causal)),
        roles=tuple(roles_of(network).items()),
        recomputed_bits=_recomputed(network) if training else None,
    )


def _useful(queries: int, keys: int) -> tuple[int, int]:
    """Scores that a causal mask lets through, and all: the last query sees all keys, the one before it one less."""
    # 4 queries, 6 keys: 3 + 4 + 5 + 6 of 24.
    seen = queries * (keys - queries) + queries * (queries + 1) // 2 if queries <= keys else keys * (keys + 1) // 2
    return seen, queries * keys


def _cache(network: NetworkOp, sequences: int, *, causal: bool) -> tuple[int, int, int] | None:
    """What appends write behind, or what a causal prefill reads as keys and values, which a decoder keeps."""
    appends = [op for op in network.layers() if isinstance(op, CacheAppendOp)]
    kept = [(prod(shape_of(op.result)) * width_bits(op.result), _length(op)) for op in appends]
    if not appends and causal:
        for softmax, scores, readers in attention(network):
            if softmax.causal is not None:
                kept += [(_read_bits(op), shape_of(softmax.input)[-1]) for op in (scores, *readers)]
    if not kept:
        return None
    token_bits = sum(bits // length for bits, length in kept) // sequences
    weights = sum(
        prod(shape_of(op.result)) * width_bits(op.result)
        for op in network.body.block.ops
        if isinstance(op, ParameterOp) and op.counts
    )
    return token_bits, sum(bits for bits, _ in kept), weights // max(token_bits * sequences, 1) + 1


def _length(op: CacheAppendOp) -> int:
    return shape_of(op.result)[op.axis.value.data]


def _read_bits(op: MatMulOp) -> int:
    """Of the right side, what the product reads: of a projection of queries, keys and values one part."""
    product = op.product
    loops = {place.loop for place in product.rhs}
    bounds = product.bounds
    return prod(bounds[loop] for loop in loops if loop in bounds) * width_bits(op.rhs)


def _recomputed(network: NetworkOp) -> int:
    """Bits of scores and of what a softmax gives that backward layers read."""
    values = {value for softmax, scores, _ in attention(network) for value in (scores.result, softmax.result)}
    kept = [value for value in values if any(_is_backward(use.operation) for use in value.uses)]
    return sum(prod(shape_of(value)) * width_bits(value) for value in kept)


def _is_backward(op: object) -> bool:
    return isinstance(op, LayerOp) and op.phase is not None and op.phase.data != "forward"
