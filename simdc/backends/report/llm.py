"""What a report says of a language model beside its layers: tokens, cache, roles, useful products."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from simdc.ir.base import LayerOp, shape_of, width_bits
from simdc.ir.network import NetworkOp, ParameterOp
from simdc.ir.ops.cache import CacheAppendOp
from simdc.ir.ops.matmul import MatMulOp

from .language import Cache, Llm, Part
from .model import LayerReport, Report, sum_layers
from .roles import ROLES, attention, roles_of


def llm_of(report: Report, network: NetworkOp) -> Llm | None:
    """What `report` says of `network`, None for one without attention."""
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
    products = [layer for layer in report.layers if layer.multiplies]
    training = report.phase == "training"
    appends = any(isinstance(op, CacheAppendOp) for op in network.layers())
    return Llm(
        phase="training" if training else "decode" if appends else "prefill" if causal else "encode",
        tokens=tokens,
        context=context,
        sequences=report.batch,
        runtime_s=report.total.runtime_s(report.hardware),
        energy_pj=report.total.energy.total if report.hardware.has_prices else None,
        macs=sum(_macs(layer) for layer in products),
        useful_macs=sum(int(_macs(layer) * _share(layer, causal)) for layer in products),
        cache=None if training else _cache(network, report.batch, causal=bool(causal)),
        parts=_parts(report.layers, roles_of(network)),
        recomputed_bits=_recomputed(network) if training else None,
        is_causal=bool(causal),
    )


def _useful(queries: int, keys: int) -> Fraction:
    """The share of scores that a causal mask lets through: the last query sees all keys, the one before it one less."""
    # 4 queries, 6 keys: 3 + 4 + 5 + 6 of 24.
    seen = queries * (keys - queries) + queries * (queries + 1) // 2 if queries <= keys else keys * (keys + 1) // 2
    return Fraction(seen, queries * keys)


def _share(layer: LayerReport, causal: dict[str, Fraction]) -> Fraction:
    """Of a product, or of one of its gradients: `attention.scores.grad_lhs`. Attention that runs as one counts useful
    products only."""
    if layer.members:
        return Fraction(1)
    name = layer.name
    while name and name not in causal:
        name = name.rpartition(".")[0]
    return causal.get(name, Fraction(1))


def _macs(layer: LayerReport) -> int:
    return int(dict(layer.cost.ops).get("mac", 0))


def _parts(layers: tuple[LayerReport, ...], roles: dict[str, str]) -> tuple[Part, ...]:
    found: list[Part] = []
    for role in ROLES:
        of_role = [layer for layer in layers if roles.get(layer.name, "other") == role]
        if of_role:
            total = sum_layers(of_role)
            found.append(Part(role, len(of_role), total.cycles.total, total.dram_bits.total))
    return tuple(found)


def _cache(network: NetworkOp, sequences: int, *, causal: bool) -> Cache | None:
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
    return Cache(token_bits, sum(bits for bits, _ in kept), weights // max(token_bits * sequences, 1) + 1)


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
