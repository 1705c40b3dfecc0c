"""Fold what only moves data into the products that read or make it: they read it where it lies."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc.ir.network import network_of

PRODUCT = "simdc.matmul"


class FoldViewsPass(ModulePass):
    """Lets products read transposed, cut and repeated tensors where they lie, and write their result in the order in
    which it is read. Views that something else reads, too, stay. Rotary positions do not stand between: they turn heads
    where they lie."""

    name = "simdc-fold-views"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        network = network_of(op)
        # Most networks have no products of two tensors, and what is needed for them takes milliseconds to load.
        if any(layer.name == PRODUCT for layer in network.layers()):
            from .views_of_products import fold_views

            fold_views(network)
