"""Tables for models that know more of a layer than its cost: under which roof it lies, what binds it, its levels."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.analysis import Analysis
from simdc.cost.result import Number, add_up

from .columns import Style, percent
from .model import LayerReport, Report


def analysed_layers(report: Report, layers: Sequence[LayerReport], head: str, style: Style) -> str:
    """A row a layer; `binding` is the root cause."""
    whole = report.total.cycles.total
    rows: list[list[str]] = []
    for layer in layers:
        found, cycles = layer.analysis, layer.cost.cycles.total
        roof, rates, of_peak, binding = ("-", ["-", "-"], "-", "-") if found is None else _cells(found)
        macs = dict(layer.cost.ops).get("mac", 0)
        time = [f"{cycles:,.0f}", percent(cycles, whole)]
        rows.append([layer.name, layer.operator, f"{macs:,.0f}", roof, *rates, *time, of_peak, binding])
    heads = [
        head,
        "operator",
        "work [MAC]",
        "intensity [op/B]",
        "attainable [op/cycle]",
        "achieved [op/cycle]",
        "runtime [cycle]",
        "share [%]",
        "of peak [%]",
        "binding",
    ]
    return style.table(heads, rows, left=2, right_text=1, spare=[*heads[3:6], "work [MAC]", "operator"])


def _cells(found: Analysis) -> tuple[str, list[str], str, str]:
    rates = [f"{found.attainable:,.1f}", f"{found.achieved:,.1f}"]
    return f"{found.intensity:,.1f}", rates, percent(found.achieved, found.peak), found.binding


def levels_table(report: Report, style: Style) -> str:
    """Every layer at every level, their sums, and by how much each level is above the one before."""
    # LeNet on nv_small: 58.0 % of the last level's cycles at level 0; channels in whole granules add 34.0 %.
    known = [(layer.name, layer.analysis) for layer in report.layers if layer.analysis is not None]
    leveled = [(name, found.levels) for name, found in known if found.levels]
    totals = [add_up(column) for column in zip(*(levels for _, levels in leveled), strict=True)]
    added = [after - before for before, after in zip([0, *totals], totals, strict=False)]
    rows = [[name, *map(_whole, levels)] for name, levels in leveled]
    rows += [
        ["all layers", *map(_whole, totals)],
        ["added to the level before", *map(_whole, added)],
        ["added, of the last level [%]", *(percent(each, totals[-1]) for each in added)],
    ]
    heads = ["level by level", *(f"level {level} [cycle]" for level in range(len(totals)))]
    return style.table(heads, rows, left=1)


def _whole(number: Number) -> str:
    return f"{number:,.0f}"
