"""What networks from outside write as several layers and the machine runs as one, found by what it computes."""

from __future__ import annotations

from functools import partial

from simdc.ir.network import NetworkOp

from .cones import cones_of
from .copies import join_copies
from .curves import join_curve
from .gated_units import join_gated_units
from .layers import drop_unread
from .masks import mark_masks
from .means import join_mean
from .rotary import TableValues, join_rotation
from .rows import join_rows

__all__ = ["join_written"]


def join_written(network: NetworkOp, values: TableValues | None = None) -> None:
    """Put named layers in the place of programs, and of chains of them, that compute the same: softmax, norms,
    means, activations, gated units, rotations, whose tables are asked for their `values`."""
    joins = join_rows, join_curve, join_mean, partial(join_rotation, values=values)
    for op in reversed(list(network.layers())):
        if op.parent is not None:
            for result in op.results:
                _ = any(any(join(cone) for join in joins) for cone in cones_of(result))
    join_gated_units(network)
    drop_unread(network)
    if values is not None:
        mark_masks(network, values)
    join_copies(network)
