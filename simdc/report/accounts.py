"""What each layer's cycles went to, by the model that priced it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from simdc.backends.report import LayerReport, Report
from simdc.cost.account import Account
from simdc.cost.model_table import load_model

Accountant: TypeAlias = Callable[[LayerReport], Account | None]


def accountant(report: Report) -> Accountant:
    """A function to what is known of a layer beside compute and stall; None where the model knows no more, or is not
    here."""
    try:
        model = load_model(report.model, report.phase)
    except (KeyError, ValueError):
        return lambda layer: None
    return lambda layer: model.account(layer.kernel, layer.tiling, report.hardware)
