"""What a report says of a language model beside its layers: tokens, cache, roles, useful products."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from simdc.backends.lowered.network import LanguageFacts
from simdc.ir.in_use import is_in_use

from .language import ROLES, Cache, Llm, Part
from .model import LayerReport, Report, sum_layers

if TYPE_CHECKING:
    from simdc.ir.network import NetworkOp


def facts_of(network: NetworkOp) -> LanguageFacts | None:
    """What there is of a network with attention, None for one without."""
    if not is_in_use("softmax"):
        return None
    from .llm_facts import language_facts

    return language_facts(network)


def llm_of(report: Report, facts: LanguageFacts | None) -> Llm | None:
    """What `report` says of a network with attention, None for one without."""
    if facts is None:
        return None
    causal = {name: Fraction(seen, whole) for name, seen, whole in facts.causal}
    products = [layer for layer in report.layers if layer.multiplies]
    training = report.phase == "training"
    return Llm(
        phase="training" if training else "decode" if facts.appends else "prefill" if causal else "encode",
        tokens=facts.tokens,
        context=facts.context,
        sequences=report.batch,
        runtime_s=report.total.runtime_s(report.hardware),
        energy_pj=report.total.energy.total if report.hardware.has_prices else None,
        macs=sum(_macs(layer) for layer in products),
        useful_macs=sum(int(_macs(layer) * _share(layer, causal)) for layer in products),
        cache=None if facts.cache is None else Cache(*facts.cache),
        parts=_parts(report.layers, dict(facts.roles)),
        recomputed_bits=facts.recomputed_bits,
        is_causal=bool(causal),
    )


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
