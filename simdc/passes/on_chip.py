"""What `simdc-fuse-attention` does on a machine with a path between its arrays: which attention stays on chip."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from simdc.cost.forms import Forms, Least, cheapest, least_for
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import FusedProducts, Kernel
from simdc.cost.model import AnyModel, Uncosted
from simdc.cost.result import Cost, Number
from simdc.cost.tiling import Tiling, TilingError
from simdc.ir.base import LayerOp
from simdc.ir.context import forms_of
from simdc.ir.derived import given_form, given_tiling
from simdc.ir.network import NetworkOp
from simdc.ir.ops.attention_members import Attention, attention_kernel, attention_of
from simdc.ir.ops.softmax import SoftmaxOp

from .one_layer import run_as_one

Question = tuple[FusedProducts, tuple[Forms, ...]]
"""Attention as one kernel, and all forms of each of its layers."""
Price = Callable[[Kernel], tuple[Tiling, Cost]]


def fuse_attention(network: NetworkOp, hardware: Hardware, model: AnyModel) -> None:
    """Fuse what `FuseAttentionPass` says."""
    price, least = partial(_by_default, model, hardware), least_for("cycles", model, hardware)
    # A network has the same attention in each of its blocks: 32 of a Llama ask once.
    known: dict[Question, bool] = {}
    for layer in list(network.layers()):
        attention = _attention_around(layer)
        kernel = None if attention is None else attention_kernel(attention)
        if attention is None or kernel is None:
            continue
        forms = [forms_of(member, hardware) for member in attention]
        question = kernel, tuple(every if model.takes_forms else every[:1] for every in forms)
        if question not in known:
            known[question] = pays(*question, price, least)
        if known[question]:
            run_as_one(attention)


def _attention_around(layer: LayerOp) -> Attention | None:
    """The attention whose softmax is `layer`, where nobody else reads what is handed on."""
    if not isinstance(layer, SoftmaxOp):
        return None
    before, readers = layer.input.owner, [use.operation for use in layer.result.uses]
    if not isinstance(before, LayerOp) or len(readers) != 1 or len(list(layer.input.uses)) != 1:
        return None
    members = [each for each in (before, layer, readers[0]) if isinstance(each, LayerOp)]
    if any(given_form(member) is not None or given_tiling(member) is not None for member in members):
        return None
    return attention_of(members)


def _by_default(model: AnyModel, hardware: Hardware, kernel: Kernel) -> tuple[Tiling, Cost]:
    tiling = model.default(kernel, hardware)
    return tiling, model.evaluate(kernel, tiling, hardware)


def pays(kernel: FusedProducts, apart: tuple[Forms, ...], price: Price, least: Least) -> bool:
    """Whether the one takes fewer cycles. Not where the model or the buffers do not take it; always where they do not
    take the three."""
    try:
        whole = _cycles(kernel, price(kernel)[1])
    except (Uncosted, TilingError):
        return False
    try:
        chosen = [cheapest(forms, price, _cycles, least) for forms in apart]
    except (Uncosted, TilingError):
        return True
    return whole < sum(each.cost.cycles.total for each in chosen)


def _cycles(_: Kernel, cost: Cost) -> Number:
    return cost.cycles.total
