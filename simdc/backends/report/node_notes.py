"""What a report says of nodes of an ONNX model, as texts to be written into it."""

from __future__ import annotations

from .model import Report
from .shapes import shape_text

PREFIX = "simdc."
PJ_PER_UJ = 1e6


def node_notes(report: Report) -> dict[int, dict[str, str]]:
    """By the number of the node that each costed layer was translated from. What was folded into a layer, or is part of
    it, is named there."""
    whole = report.total.cycles.total
    notes: dict[int, dict[str, str]] = {}
    merged: dict[str, list[str]] = {}
    for name, into in report.merged:
        merged.setdefault(into, []).append(name)
    for layer in report.layers:
        place = layer.place
        if place is None:
            continue
        cycles, folded = layer.cost.cycles, [*layer.folded, *merged.get(layer.name, ())]
        told = {
            "layer": layer.name,
            "operator": layer.operator,
            "unit": str(layer.unit),
            "shape": shape_text(layer.kernel),
            "cycles": f"{cycles.total:g}" if isinstance(cycles.total, float) else str(cycles.total),
            "stall_cycles": f"{cycles.stall:g}" if isinstance(cycles.stall, float) else str(cycles.stall),
            "share_percent": f"{100 * cycles.total / whole:.2f}" if whole else "0",
            "dram_bytes": f"{layer.cost.dram_bits.total / 8:.0f}",
            "bound_by": layer.bound_by,
            **({"energy_uj": f"{layer.energy.total / PJ_PER_UJ:.4g}"} if report.hardware.has_prices else {}),
            **({"with": ", ".join(folded)} if folded else {}),
        }
        # Where one node is several layers, as one with a bias of its own, each has a line of every note.
        here = notes.setdefault(place[1], {})
        for key, text in told.items():
            before = here.get(PREFIX + key)
            here[PREFIX + key] = text if before is None else f"{before}; {text}"
    return notes


def model_notes(report: Report) -> dict[str, str]:
    """Of the whole."""
    total = report.total
    return {
        f"{PREFIX}machine": report.hardware.title,
        f"{PREFIX}model": report.model,
        f"{PREFIX}cycles": str(total.cycles.total),
        f"{PREFIX}runtime_ms": f"{total.runtime_s(report.hardware) * 1e3:.6g}",
        f"{PREFIX}dram_bytes": f"{total.dram_bits.total / 8:.0f}",
    }
