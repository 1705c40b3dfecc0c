"""Fold batch normalization into the layer before it (inference)."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc.ir.ops.batch_norm import BatchNormOp

from .channelwise import fold
from .distinct import fold_layers


class FoldBatchNormPass(ModulePass):
    """Folds each batch normalization into the convolution, transposed convolution or fully connected layer before it,
    also through views. Does nothing in training, where the statistics are those of the batch."""

    name = "simdc-fold-batch-norm"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        fold_layers(op, lambda layer: isinstance(layer, BatchNormOp) and fold(layer))
