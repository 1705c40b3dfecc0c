"""Let layers take over what they can do beside their own work (inference)."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from . import channelwise, fold_padding, fold_scores
from .distinct import fold_layers

FOLDS = (fold_scores.fold, fold_padding.fold, channelwise.fold)


@dataclass(frozen=True)
class TidyPass(ModulePass):
    """Folds batch norms, factors and offsets of channels into the layers with weights before them, borders of zeros
    into the windows behind them, and numbers that scale scores and masks that are added into the softmax behind them.
    Does nothing in training, where a factor is trained by itself."""

    name = "simdc-tidy"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        fold_layers(op, lambda layer: any(each(layer) for each in FOLDS))
