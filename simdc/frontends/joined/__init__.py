"""What networks from outside write as several layers and the machine runs as one, found by what it computes."""

from __future__ import annotations

from simdc.ir.network import NetworkOp

from .cones import cones_of
from .copies import join_copies
from .curves import join_curve
from .gated_units import join_gated_units
from .layers import drop_unread
from .rows import join_rows

__all__ = ["join_written"]


def join_written(network: NetworkOp) -> None:
    """Put named layers in the place of programs, and of chains of them, that compute the same: softmax, norms,
    activations, gated units."""
    for op in reversed(list(network.layers())):
        if op.parent is not None:
            for result in op.results:
                _ = any(join_rows(cone) or join_curve(cone) for cone in cones_of(result))
    join_gated_units(network)
    drop_unread(network)
    join_copies(network)
