"""The blocks that a layer lies in, told by its name: names are dotted paths, whoever gave them.

`layer1.0.conv1` lies in `layer1` and in `layer1.0`. What is made of a layer has the layer's name before its own, and
lies where the layer does: `layer1.0.conv1.grad_input` lies in the same two.
"""

from __future__ import annotations

from collections.abc import Container
from itertools import accumulate

from .model import Report


def block_paths(report: Report) -> dict[str, tuple[str, ...]]:
    """The blocks around each costed layer by its name, the outermost first."""
    named = {entry[0] for group in (report.free, report.uncosted, report.merged) for entry in group}
    for layer in report.layers:
        named.update((layer.name, *layer.folded, *(name for name, _ in layer.members)))
    return {layer.name: blocks_of(layer.name, named) for layer in report.layers}


def blocks_of(name: str, layers: Container[str]) -> tuple[str, ...]:
    """The blocks around a layer, given the names of all."""
    # Among mlp.up and mlp.up.grad_input, the second lies in mlp: mlp.up is no block.
    around: list[str] = []
    for path in list(accumulate(name.split("."), lambda before, part: f"{before}.{part}"))[:-1]:
        if path in layers:
            break
        around.append(path)
    return tuple(around)
