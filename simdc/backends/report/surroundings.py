"""Where layers stand, for JSON: in the network, in its blocks, in the file, in memory and on the machine."""

from __future__ import annotations

from collections.abc import Callable

from .accounts import accountant, share
from .blocks import block_paths
from .model import LayerReport, Report


def graph_data(report: Report) -> dict[str, object]:
    """The object `graph` of cost.schema.json, in an object. Ends that the network's inputs and results have are left
    out."""
    edges: list[dict[str, object]] = []
    for begin, end, size in report.around.edges():
        edges.append({**({"from": begin} if begin else {}), **({"to": end} if end else {}), "bytes": size})
    return {"graph": {"edges": edges}}


def surroundings_of(report: Report) -> Callable[[LayerReport], dict[str, object]]:
    """A function to what is said of a layer beside its cost."""
    blocks, alive = block_paths(report), report.around.alive_bytes()
    account = accountant(report)

    def around(layer: LayerReport) -> dict[str, object]:
        place = layer.place
        source = {} if place is None else {"source": dict(zip(("file", "line", "column"), place, strict=True))}
        taken = account(layer)
        shares = {} if taken is None else {need.buffer: share(need) for need in taken.needs}
        return {
            "blocks": list(blocks[layer.name]),
            **source,
            "alive_bytes": alive[layer.name],
            **({"buffers": shares} if shares else {}),
        }

    return around
