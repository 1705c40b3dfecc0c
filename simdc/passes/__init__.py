"""Passes by name, one a file. Other packages add theirs by entry points (see `simdc/plugins.py`)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from simdc.plugins import Group, Plugin

if TYPE_CHECKING:
    from xdsl.context import Context
    from xdsl.dialects.builtin import ModuleOp
    from xdsl.passes import ModulePass

PASSES = {
    "simdc-derive-training": "simdc.passes.derive_training:DeriveTrainingPass",
    "simdc-tidy": "simdc.passes.tidy:TidyPass",
    "simdc-fold-batch-norm": "simdc.passes.fold_batch_norm:FoldBatchNormPass",
    "simdc-fold-padding": "simdc.passes.fold_padding:FoldPaddingPass",
    "simdc-fold-scores": "simdc.passes.fold_scores:FoldScoresPass",
    "simdc-fold-views": "simdc.passes.fold_views:FoldViewsPass",
    "simdc-assign-layout": "simdc.passes.assign_layout:AssignLayoutPass",
    "simdc-assign-widths": "simdc.passes.assign_widths:AssignWidthsPass",
    "simdc-fuse-chains": "simdc.passes.fuse_chains:FuseChainsPass",
    "simdc-fuse-attention": "simdc.passes.fuse_attention:FuseAttentionPass",
    "simdc-choose-form": "simdc.passes.choose_form:ChooseFormPass",
    "simdc-split-units": "simdc.passes.split_units:SplitUnitsPass",
    "simdc-legalize-tiling": "simdc.passes.legalize_tiling:LegalizeTilingPass",
    "simdc-search-tiling": "simdc.passes.search_tiling:SearchTilingPass",
    "simdc-annotate-cost": "simdc.passes.annotate_cost:AnnotateCostPass",
}


def load_pass(name: str) -> type[ModulePass]:
    """The pass class called `name`, built in or a plug-in. Raises KeyError."""
    if name in PASSES:
        module, _, cls = PASSES[name].partition(":")
        return getattr(import_module(module), cls)
    plugin = PLUGIN_PASSES.get(name)
    if plugin is None:
        raise KeyError(name)
    return at_arms_length(plugin)


def at_arms_length(plugin: Plugin[type[ModulePass]]) -> type[ModulePass]:
    """The pass, which raises PluginError for what a pass should not raise."""
    from xdsl.utils.exceptions import DiagnosticException, PassFailedException

    # A subclass, so that its name and options are still the plug-in's and `from_spec` works on it.
    class Called(plugin.value):
        def apply(self, ctx: Context, op: ModuleOp) -> None:
            with plugin.calling(PassFailedException, DiagnosticException):
                plugin.value.apply(self, ctx, op)

    return Called


def _check(name: str, value: object) -> type[ModulePass]:
    from xdsl.passes import ModulePass

    if not isinstance(value, type) or not issubclass(value, ModulePass):
        raise TypeError(f"expected a subclass of xdsl.passes.ModulePass, got {value!r:.80}")
    if getattr(value, "name", None) != name:
        raise TypeError(f"the pass calls itself '{getattr(value, 'name', None)}'")
    return value


PLUGIN_PASSES = Group("simdc.passes", PASSES, _check)
