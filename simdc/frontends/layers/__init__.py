"""The layers that networks are written in, by theme."""

from __future__ import annotations

from . import neural
from .table import LAYERS, LayerKind, layer

__all__ = ["LAYERS", "LayerKind", "layer", "neural"]
