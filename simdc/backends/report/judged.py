"""Schedules of other tools beside simdc's own: the best of each layer as a table, all of them as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from simdc.cost.schedules.judge import Judged
from simdc.cost.tiling import Tiling
from simdc.named import NamedTuple

from .columns import Style
from .model import LayerReport, Report
from .stamp import provenance

SCHEMA = "simdc-judged/1"
MOST_REASONS = 12


class JudgedSchedule(NamedTuple):
    """A schedule as it was given, made whole, with its verdict. `layer` needs not be one of the network."""

    layer: str
    tiling: Tiling
    verdict: Judged


class _LayerSchedules(NamedTuple):
    """A layer of the network and its schedules, by their places in the file."""

    layer: LayerReport
    schedules: dict[int, JudgedSchedule]

    @property
    def best(self) -> int | None:
        """The place of the schedule with the fewest cycles, of those the one with least traffic with DRAM, of those the
        first; None if none can run."""
        verdicts = {place: each.verdict for place, each in self.schedules.items() if not each.verdict.why}
        return min(verdicts, key=lambda place: (verdicts[place].cycles, verdicts[place].dram_bits), default=None)


def judged_text(report: Report, schedules: Sequence[JudgedSchedule], style: Style) -> str:
    """The best schedule of each layer that has any, beside the tiling that simdc chose, and why others cannot run."""
    illegal = [each for each in schedules if each.verdict.why]
    head = f"{report.network} on {report.hardware.title}, model {report.model}: {len(schedules):,} schedules, "
    rows = [_row(each) for each in _by_layer(report, schedules)]
    heads = ["layer", "schedules", "can run", "best [cycle]", "own [cycle]", "best / own", "DRAM [KiB]", "tile"]
    table = style.table(heads, rows, left=1, right_text=1, spare=["DRAM [KiB]", "schedules"])
    reasons: dict[tuple[str, str], int] = {}
    for each in illegal:
        key = each.layer, each.verdict.why
        reasons[key] = reasons.get(key, 0) + 1
    told = [f"{layer}: {count:,} cannot run: {why}" for (layer, why), count in list(reasons.items())[:MOST_REASONS]]
    if len(reasons) > MOST_REASONS:
        told.append(f"and {len(reasons) - MOST_REASONS:,} reasons more; --format json has one for each schedule")
    parts = [style.lines([head + f"{len(illegal):,} cannot run"]), table, style.lines(told)]
    return "\n\n".join(part for part in parts if part) + "\n"


def judged_json(report: Report, schedules: Sequence[JudgedSchedule]) -> str:
    """All schedules in the order in which they were given."""
    layers = [
        {
            "layer": each.layer.name,
            "schedules": len(each.schedules),
            "best": each.best,
            "own_cycles": each.layer.cost.cycles.total,
            "own_tiling": each.layer.tiling.as_dict(),
        }
        for each in _by_layer(report, schedules)
    ]
    data = {
        "schema": SCHEMA,
        "network": report.network,
        "machine": report.hardware.title,
        "model": report.model,
        "provenance": provenance(report.runs),
        "layers": layers,
        "schedules": [_entry(each, with_energy=report.hardware.has_prices) for each in schedules],
    }
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def _by_layer(report: Report, schedules: Sequence[JudgedSchedule]) -> list[_LayerSchedules]:
    """The layers that have schedules, in the order of the network."""
    found: dict[str, dict[int, JudgedSchedule]] = {}
    for place, each in enumerate(schedules):
        found.setdefault(each.layer, {})[place] = each
    return [_LayerSchedules(layer, found[layer.name]) for layer in report.layers if layer.name in found]


def _row(each: _LayerSchedules) -> list[str]:
    place, cycles = each.best, each.layer.cost.cycles.total
    able = sum(not schedule.verdict.why for schedule in each.schedules.values())
    counts = [each.layer.name, f"{len(each.schedules):,}", f"{able:,}"]
    if place is None:
        return [*counts, "-", f"{cycles:,}", "-", "-", "-"]
    _, tiling, verdict = each.schedules[place]
    tile = " ".join(f"{loop}={size}" for loop, size in tiling.as_dict().items())
    ratio = f"{verdict.cycles / cycles:.3f}" if cycles else "-"
    return [*counts, f"{verdict.cycles:,}", f"{cycles:,}", ratio, f"{verdict.dram_bits / 8192:,.1f}", tile]


def _entry(each: JudgedSchedule, *, with_energy: bool) -> dict[str, Any]:
    given = {
        "layer": each.layer,
        "order": list(each.tiling.order),
        "sizes": dict(zip(each.tiling.order, each.tiling.sizes, strict=True)),
    }
    numbers = each.verdict._asdict()
    if not with_energy:
        del numbers["energy_pj"]
    why = numbers.pop("why")
    return {**given, "runs": False, "why": why} if why else {**given, "runs": True, **numbers}
