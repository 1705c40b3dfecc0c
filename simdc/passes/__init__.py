"""Passes by name, one a file."""

from __future__ import annotations

from importlib import import_module

PASSES = {
    "simdc-fold-batch-norm": "simdc.passes.fold_batch_norm:FoldBatchNormPass",
    "simdc-assign-widths": "simdc.passes.assign_widths:AssignWidthsPass",
    "simdc-split-units": "simdc.passes.split_units:SplitUnitsPass",
    "simdc-legalize-tiling": "simdc.passes.legalize_tiling:LegalizeTilingPass",
    "simdc-annotate-cost": "simdc.passes.annotate_cost:AnnotateCostPass",
}


def load_pass(name: str) -> type:
    """The pass class called `name`. Raises KeyError."""
    module, _, cls = PASSES[name].partition(":")
    return getattr(import_module(module), cls)
