"""Let layers take over what they can do beside their own work (inference)."""

from __future__ import annotations

from importlib import import_module

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc.ir.in_use import is_in_use

from . import channelwise
from .distinct import fold_layers

FOLDS = {"softmax": "fold_scores", "pad": "fold_padding"}
"""By the file of the ops that it folds into others, or others into."""


class TidyPass(ModulePass):
    """Folds batch norms, factors and offsets of channels into the layers with weights before them, borders of zeros
    into the windows behind them, and numbers that scale scores and masks that are added into the softmax behind them.
    Does nothing in training, where a factor is trained by itself."""

    name = "simdc-tidy"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        found = [import_module(f"simdc.passes.{name}").fold for file, name in FOLDS.items() if is_in_use(file)]
        folds = (*found, channelwise.fold)
        fold_layers(op, lambda layer: any(each(layer) for each in folds))
