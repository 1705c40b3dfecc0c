"""What networks from outside write as several layers and the machine runs as one, found by what it computes."""

from __future__ import annotations

from functools import partial

from simdc.ir.network import NetworkOp

from .cones import cones_of
from .copies import join_copies
from .curves import PointValues, join_curve
from .gated_units import join_gated_units
from .layers import drop_unread
from .masks import mark_masks
from .means import join_mean
from .readings import LayerReadings
from .rotary import TableValues, join_rotation
from .rows import join_rows

__all__ = ["join_layers", "join_written"]


def join_written(network: NetworkOp, values: TableValues | None = None) -> None:
    """`join_layers`; then masks whose `values` say that they are causal, and copies beside sums of products, which
    these do without."""
    join_layers(network, values)
    if values is not None:
        mark_masks(network, values)
    join_copies(network)


def join_layers(network: NetworkOp, values: TableValues | None = None) -> None:
    """Put named layers in the place of others, and of chains of them, that compute the same: softmax, norms, means,
    activations, gated units, rotations, whose tables are asked for their `values`."""
    read, points = LayerReadings(), PointValues()
    joins = join_rows, partial(join_curve, points=points), join_mean, partial(join_rotation, values=values)
    for op in reversed(list(network.layers())):
        if op.parent is not None:
            for result in op.results:
                _ = any(any(join(cone) for join in joins) for cone in cones_of(result, read))
                points.forget(result)
    join_gated_units(network)
    drop_unread(network)
