"""Passes by name, one a file."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xdsl.passes import ModulePass

PASSES = {
    "simdc-derive-training": "simdc.passes.derive_training:DeriveTrainingPass",
    "simdc-fold-batch-norm": "simdc.passes.fold_batch_norm:FoldBatchNormPass",
    "simdc-assign-widths": "simdc.passes.assign_widths:AssignWidthsPass",
    "simdc-split-units": "simdc.passes.split_units:SplitUnitsPass",
    "simdc-legalize-tiling": "simdc.passes.legalize_tiling:LegalizeTilingPass",
    "simdc-annotate-cost": "simdc.passes.annotate_cost:AnnotateCostPass",
}


def load_pass(name: str) -> type[ModulePass]:
    """The pass class called `name`. Raises KeyError."""
    module, _, cls = PASSES[name].partition(":")
    return getattr(import_module(module), cls)
