"""All layers, built in and of plug-ins."""

from __future__ import annotations

from .layers import LAYERS, LayerKind
from .ops import op_modules
from .plugin_ops import load_plugin_ops


def layer_table() -> dict[str, LayerKind]:
    """The layers that are loaded, by name in alphabetical order: those built in, and a plug-in's once asked for."""
    op_modules()
    return dict(sorted(LAYERS.items()))


def find_layer(kind: str) -> LayerKind | None:
    """The layer called `kind`, built in or of a plug-in."""
    op_modules()
    if kind not in LAYERS:
        load_plugin_ops()
    return LAYERS.get(kind)
