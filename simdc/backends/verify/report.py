"""The verdicts on a network's layers as a table for people and as JSON for programs."""

from __future__ import annotations

import json

from simdc.backends.report.columns import columns
from simdc.backends.report.stamp import made_by, provenance
from simdc.cost.hardware import Hardware
from simdc.cost.structure import unstructure
from simdc.ir.network import NetworkOp
from simdc.ir.runs import CommandRun
from simdc.named import NamedTuple

from . import LayerVerdict
from .difference import Difference
from .on_rtl import RtlVerdict
from .rtl_text import rtl_data, rtl_table

SCHEMA = "simdc-verify/1"


class NotChecked(NamedTuple):
    """A layer that the model has no price for."""

    name: str
    op: str
    reason: str


class VerifyReport(NamedTuple):
    """`layers` are the distinct ones that were checked; `free` names those that cost nothing; `rtl` has what the RTL
    made of them, if it was asked."""

    source: NetworkOp
    hardware: Hardware
    model: str
    layers: tuple[LayerVerdict, ...]
    free: tuple[str, ...]
    not_checked: tuple[NotChecked, ...]
    runs: tuple[CommandRun, ...] = ()
    rtl: tuple[RtlVerdict, ...] = ()

    @property
    def failed(self) -> tuple[LayerVerdict, ...]:
        return tuple(layer for layer in self.layers if layer.verdict.difference is not None)

    @property
    def passed(self) -> bool:
        return not self.failed and not any(verdict.failed for verdict in self.rtl)


def render_table(report: VerifyReport, *, brief: bool = False) -> str:
    """`brief` leaves out the layers but for the one that is explained."""
    network, phase, batch = report.source.sym_name.data, report.source.phase.data, report.source.batch_text
    parts = [f"{network}: {phase}, {batch}, on {report.hardware.title}, model {report.model}"]
    if not brief:
        parts += [_layers(report), _scaled(report)]
    parts.append(_summary(report))
    parts += [_explained(layer) for layer in report.failed][:1]
    if report.rtl:
        parts.append(rtl_table(report.rtl, brief=brief))
    parts.append(made_by(report.runs))
    return "\n\n".join(part for part in parts if part) + "\n"


def _layers(report: VerifyReport) -> str:
    rows: list[list[str]] = []
    for layer in report.layers:
        verdict = layer.verdict
        name, *alike = layer.names
        rows.append(
            [
                f"{name} and {len(alike)} alike" if alike else name,
                layer.kernel.kind,
                f"{verdict.tiles:,}",
                f"{verdict.simulated:,}",
                f"{verdict.executed:,}",
                f"{verdict.elements:,}",
                "scaled" if verdict.counts_scaled else "full",
                "scaled" if verdict.data_scaled else "full",
                "agrees" if verdict.difference is None else f"DIFFERS: {verdict.difference.kind}",
            ]
        )
    heads = [
        "layer",
        "operator",
        "tiles",
        "played",
        "executed",
        "elements",
        "counts, cycles",
        "data",
        "verdict",
    ]
    return columns(heads, rows, left=2, right_text=3) if rows else ""


def _scaled(report: VerifyReport) -> str:
    lines = [f"{layer.names[0]}: {layer.verdict.scaled}" for layer in report.layers if layer.verdict.scaled]
    if not lines:
        return ""
    return "\n".join(["Scaled down to the same tile structure, with buffers as full as they were:", *lines])


def _summary(report: VerifyReport) -> str:
    names = sum(len(layer.names) for layer in report.layers)
    failed = sum(len(layer.names) for layer in report.failed)
    outcome = f"{failed} DIFFER" if failed else "all agree"
    verdicts = [layer.verdict for layer in report.layers]
    tiles = sum(verdict.simulated for verdict in verdicts)
    executed, elements = sum(v.executed for v in verdicts), sum(v.elements for v in verdicts)
    lines = [
        f"{names} layer{'' if names == 1 else 's'}, {len(report.layers)} of them distinct: {outcome}",
        f"{tiles:,} tiles played, {executed:,} executed, {elements:,} elements compared",
    ]
    if report.free:
        lines.append(f"nothing to check, they cost nothing: {', '.join(report.free)}")
    lines += [f"NOT CHECKED: {layer.name} ({layer.op}): {layer.reason}" for layer in report.not_checked]
    return "\n".join(lines)


def _explained(layer: LayerVerdict) -> str:
    return f"{layer.names[0]}: {layer.verdict.difference}"


def render_json(report: VerifyReport) -> str:
    return json.dumps(as_data(report), indent=1, allow_nan=False) + "\n"


def as_data(report: VerifyReport) -> dict[str, object]:
    source = report.source
    return {
        "schema": SCHEMA,
        "network": {"name": source.sym_name.data, "phase": source.phase.data, "batch": source.batch.value.data},
        "hardware": unstructure(report.hardware),
        "model": report.model,
        "provenance": provenance(report.runs),
        "passed": report.passed,
        "layers": [_layer_data(layer) for layer in report.layers],
        "free": list(report.free),
        "not_checked": [layer._asdict() for layer in report.not_checked],
        **({"rtl": [rtl_data(verdict) for verdict in report.rtl]} if report.rtl else {}),
    }


def _layer_data(layer: LayerVerdict) -> dict[str, object]:
    verdict = layer.verdict
    difference: Difference | None = verdict.difference
    return {
        "names": list(layer.names),
        "kind": layer.kernel.kind,
        "tiling": {"order": list(layer.tiling.order), "tile": layer.tiling.as_dict()},
        "tiles": verdict.tiles,
        "tiles_played": verdict.simulated,
        "tiles_executed": verdict.executed,
        "elements_compared": verdict.elements,
        "counts_scaled": verdict.counts_scaled,
        "data_scaled": verdict.data_scaled,
        "scaled": verdict.scaled,
        "agrees": difference is None,
        "difference": None if difference is None else difference._asdict(),
    }
