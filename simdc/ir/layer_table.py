"""All layers, built in and of plug-ins."""

from __future__ import annotations

from importlib import import_module

from .layer_files import LAYER_FILES
from .layers import LAYERS, LayerKind
from .ops import op_modules
from .plugin_ops import load_plugin_ops


def layer_table() -> dict[str, LayerKind]:
    """The layers that are loaded, by name in alphabetical order: those built in, and a plug-in's once asked for."""
    op_modules()
    return dict(sorted(LAYERS.items()))


def known_layer(kind: str) -> LayerKind | None:
    """The layer called `kind`, if it is built in or loaded. Of all files of ops only its own is imported: most networks
    use few, and defining an op takes a third of a millisecond."""
    if kind not in LAYERS and kind in LAYER_FILES:
        import_module(LAYER_FILES[kind])
    return LAYERS.get(kind)


def find_layer(kind: str) -> LayerKind | None:
    """The layer called `kind`, built in or of a plug-in."""
    if known_layer(kind) is None:
        op_modules()
    if kind not in LAYERS:
        load_plugin_ops()
    return LAYERS.get(kind)
