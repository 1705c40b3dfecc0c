"""What changed from one run to another, as text."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from io import StringIO

from simdc.cost.result import Number
from simdc.visible import spreadsheet_text

from .changes import Altered, Changes, ComparedLayer, LayerChange
from .columns import Style

LAYERS_SHOWN = 20
CHOICES_SHOWN = 3
NAMES_SHOWN = 12
SCHEMA = "simdc-diff/1"
BITS_PER_KIB = 8192


def as_table(changes: Changes, style: Style, *, every: bool = False) -> str:
    """Titles, what the runs differ in, sums, layers."""
    shown = changes.layers if every else changes.layers[:LAYERS_SHOWN]
    before, after = changes.before, changes.after
    sums = [
        ("runtime [cycle]", before.cycles, after.cycles),
        ("runtime [us]", before.runtime_s * 1e6, after.runtime_s * 1e6),
        ("DRAM [KiB]", before.dram_bits / BITS_PER_KIB, after.dram_bits / BITS_PER_KIB),
    ]
    if before.energy_pj is not None and after.energy_pj is not None:
        sums.append(("energy [uJ]", before.energy_pj / 1e6, after.energy_pj / 1e6))
    rows = [[name, *_pair(one, other)] for name, one, other in sums]
    parts = [
        style.lines([f"before: {before.title}", f"after:  {after.title}"]),
        style.lines(_settings(changes.settings)),
        style.table(["all layers", "before", "after", "more", "ratio"], rows, left=1),
    ]
    if shown:
        heads = ["layer", "operator", "before [cycle]", "after [cycle]", "more", "ratio", "changed"]
        rows = [_layer(layer) for layer in shown]
        parts.append(style.table(heads, rows, left=2, right_text=1, spare=["operator", "ratio", "changed"]))
    parts.append(style.lines(_rest(changes, len(changes.layers) - len(shown))))
    return "\n\n".join(part for part in parts if part) + "\n"


def as_json(changes: Changes) -> str:
    data = {
        "schema": SCHEMA,
        "before": changes.before.title,
        "after": changes.after.title,
        "settings": [change._asdict() for change in changes.settings],
        "same": changes.same,
        "layers": changes.to_rows(),
    }
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def as_csv(changes: Changes) -> str:
    out, rows = StringIO(), changes.to_rows()
    writer = csv.DictWriter(out, list(rows[0]) if rows else ["layer"], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: spreadsheet_text(cell) if isinstance(cell, str) else cell for key, cell in row.items()})
    return out.getvalue()


def _settings(settings: Sequence[Altered]) -> list[str]:
    if not settings:
        return ["same network, machine and model"]
    lines = [f"changed: {', '.join(map(str, settings))}"]
    if any(change.what == "network.name" for change in settings):
        lines.append(
            "note: the networks are called differently; layers of one name stand side by side, whatever they do, "
            "then layers of as many products and results"
        )
    return lines


def _layer(layer: LayerChange) -> list[str]:
    shown = [str(change) for change in layer.choices[:CHOICES_SHOWN]]
    more = len(layer.choices) - len(shown)
    return [
        layer.name,
        layer.op,
        *_pair(layer.before.cycles, layer.after.cycles),
        "; ".join([*shown, *([f"{more} more"] if more else [])]),
    ]


def _pair(before: Number, after: Number) -> list[str]:
    digits = 0 if before == int(before) and after == int(after) else 1
    ratio = f"{after / before:.3f}" if before else "-"
    return [f"{before:,.{digits}f}", f"{after:,.{digits}f}", f"{after - before:+,.{digits}f}", ratio]


def _rest(changes: Changes, left_out: int) -> list[str]:
    lines = [f"{changes.same} layers are alike"] if changes.same else []
    if left_out:
        lines.append(f"{left_out} more layers changed; --layers lists them all")
    for what, layers in (("only before", changes.gone), ("only after", changes.new)):
        if layers:
            lines.append(f"{what}: {_names(layers)}")
    return lines


def _names(layers: Sequence[ComparedLayer]) -> str:
    shown = [f"{layer.name} ({layer.cycles:,} cycles)" for layer in layers[:NAMES_SHOWN]]
    return ", ".join([*shown, *([f"{len(layers) - NAMES_SHOWN} more"] if len(layers) > NAMES_SHOWN else [])])
