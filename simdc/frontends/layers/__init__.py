"""The layers that networks are written in, by theme."""

from __future__ import annotations

from . import neural

# Messages list layers in the order in which they are entered.
# isort: split
from . import elementwise, movement
from .table import LAYERS, LayerKind, find_layer, layer

__all__ = ["LAYERS", "LayerKind", "elementwise", "find_layer", "layer", "movement", "neural"]
