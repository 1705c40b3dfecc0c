"""What each layer's cycles went to, and what its tiles need of buffers, by the model that priced it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from simdc.cost.account import Account
from simdc.cost.kernel import Kernel
from simdc.cost.model_table import load_model
from simdc.cost.tiling import Need, Tiling

from .model import LayerReport, Report

Accountant: TypeAlias = Callable[[LayerReport], Account | None]


def accountant(report: Report) -> Accountant:
    """A function to what is known of a layer beside compute and stall; None where the model knows no more, or is not
    here."""
    try:
        model = load_model(report.model, report.phase)
    except (KeyError, ValueError):
        return lambda layer: None
    known: dict[tuple[Kernel, Tiling], Account | None] = {}

    def account(layer: LayerReport) -> Account | None:
        # The blocks of a deep network are many equal layers.
        key = (layer.kernel, layer.tiling)
        if key not in known:
            known[key] = model.account(*key, report.hardware)
        return known[key]

    return account


def share(need: Need) -> float:
    """Of what a buffer holds at a time the part that tiles take, from 0 to 1."""
    # A weight tile of 65,536 bits in the half of 131,072 bits that holds it: 0.5.
    return need.need_bits / need.limit_bits
