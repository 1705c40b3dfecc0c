"""What a report says of the ops of another compiler's module, as attributes to be written into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .model import LayerReport, Report
from .product_counts import product_counts

Note = dict[str, int | float | str]
MACS = ("macs", "macs_written", "macs_on_elements")


def layer_notes(report: Report) -> dict[str, Note]:
    """By layer: cycles, bits, picojoules; of what runs on the array useful MACs per PE and compute cycle, and MACs in
    three counts (`product_counts.py`)."""
    return {layer.name: _note(report, place) for place, layer in enumerate(report.layers)}


def parts_of_layers(report: Report) -> dict[str, str]:
    """By the name of what became part of a layer, which."""
    found = dict(report.merged)
    for layer in report.layers:
        found |= dict.fromkeys([*layer.folded, *(name for name, _ in layer.members)], layer.name)
    for layer in report.layers:
        found.pop(layer.name, None)
    return found


def whole_note(report: Report, notes: Mapping[str, Note]) -> Note:
    """Of the whole module with such `notes` of its layers, and on which machine and by which model."""
    total = report.total
    return {
        "machine": report.hardware.title,
        "model": report.model,
        "cycles": total.cycles.total,
        "stall_cycles": total.cycles.stall,
        "dram_bits": total.dram_bits.total,
        "sram_bits": total.sram_bits.total,
        **({"energy_pj": total.energy.total} if report.hardware.has_prices else {}),
        "utilization": report.utilization(),
        **_sums_of_macs([note for note in notes.values() if MACS[0] in note]),
    }


def _note(report: Report, place: int) -> Note:
    layer = report.layers[place]
    cost, utilization = layer.cost, layer.utilization(report.hardware)
    return {
        "layer": layer.name,
        "operator": layer.operator,
        "unit": str(layer.unit),
        "cycles": cost.cycles.total,
        "stall_cycles": cost.cycles.stall,
        "dram_bits": cost.dram_bits.total,
        "sram_bits": cost.sram_bits.total,
        **({"energy_pj": layer.energy.total} if report.hardware.has_prices else {}),
        **({} if utilization is None else {"utilization": utilization}),
        **_macs(layer),
        "bound_by": layer.bound_by,
    }


def _macs(layer: LayerReport) -> dict[str, int]:
    if not layer.is_product:
        return {}
    counts = product_counts(layer.source)
    told = {} if counts is None else {"macs_written": counts.written, "macs_on_elements": counts.on_elements}
    return {"macs": int(dict(layer.cost.ops).get("mac", 0)), **told}


def _sums_of_macs(notes: Sequence[Note]) -> dict[str, int]:
    """Of the counts that are known of all."""
    known = [key for key in MACS if notes and all(key in note for note in notes)]
    return {key: sum(int(note[key]) for note in notes) for key in known}
