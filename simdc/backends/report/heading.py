"""What stands above the tables of a report: of what it is, what is in it, what is missing from it."""

from __future__ import annotations

from collections.abc import Sequence

from .columns import Style
from .model import Report
from .searched import sentence

NAMES_SHOWN = 4
"""More than that are most often all batch norms of the network, which nobody wants to read by name."""


def heading(report: Report, style: Style, *, names: bool) -> str:
    """Counts; with `names` every name that stands behind them, else a few."""
    lines = [
        f"{report.network}: {report.phase}, {report.batch_text}, on {report.hardware.title}, model {report.model}",
        f"{report.parameters:,} parameters, {report.macs:,} MACs",
        _coverage(report, names=names),
    ]
    searched = {layer.kernel: layer.searched for layer in report.layers if layer.searched is not None}
    if searched:
        lines.append(sentence(list(searched.values())))
    lines += [f"note: {note}" for note in report.notes]
    alike: dict[tuple[str, str], list[str]] = {}
    for name, op, reason in report.uncosted:
        alike.setdefault((op, reason), []).append(name)
    for (op, reason), found in alike.items():
        shown = (
            found if names or len(found) <= NAMES_SHOWN else [*found[:NAMES_SHOWN], f"{len(found) - NAMES_SHOWN} more"]
        )
        lines.append(f"NOT COSTED, missing from every sum: {', '.join(shown)} ({op}): {reason}")
    return style.lines(lines)


def _coverage(report: Report, *, names: bool) -> str:
    folded = [(name, layer.name) for layer in report.layers for name in layer.folded]
    costed = sum(max(len(layer.members), 1) for layer in report.layers)
    nodes = costed + len(report.free) + len(report.uncosted) + len(folded) + len(report.merged)
    text = f"{nodes} node{'' if nodes == 1 else 's'}: {costed} costed"
    if costed != len(report.layers):
        text += f" in {len(report.layers)} hardware layers"
    verb = "costs" if len(report.free) == 1 else "cost"
    for what, found in (
        ("folded into the layers before them", [f"{name} (in {into})" for name, into in folded]),
        ("part of another layer", [f"{name} (in {into})" for name, into in report.merged]),
        (f"{verb} nothing", [f"{name} ({op})" for name, op in report.free]),
    ):
        text += _counted(what, found, names=names)
    if report.uncosted:
        text += f", {len(report.uncosted)} NOT COSTED"
    hidden = max(len(folded), len(report.merged), len(report.free)) > NAMES_SHOWN
    return f"{text} (-v names them)" if hidden and not names else text


def _counted(what: str, found: Sequence[str], *, names: bool) -> str:
    if not found:
        return ""
    listed = f": {', '.join(found)}" if names or len(found) <= NAMES_SHOWN else ""
    return f", {len(found)} {what}{listed}"
