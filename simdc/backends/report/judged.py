"""Schedules of other tools beside simdc's own: the best of each layer as a table, all of them as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from simdc.cost.schedules.judge import Judged
from simdc.cost.tiling import Tiling

from .columns import Style
from .model import LayerReport, Report


class JudgedSchedule(NamedTuple):
    """A schedule as it was given, made whole, with its verdict. `layer` needs not be one of the network."""

    layer: str
    tiling: Tiling
    verdict: Judged


def best_of(schedules: Sequence[JudgedSchedule], layer: str) -> int | None:
    """The place of the schedule with the fewest cycles, of those the one with least traffic with DRAM, of those the
    first; None if none can run."""
    fits = [
        (each.verdict.cycles, each.verdict.dram_bits, place)
        for place, each in enumerate(schedules)
        if each.layer == layer and not each.verdict.why
    ]
    return min(fits)[2] if fits else None


def judged_text(report: Report, schedules: Sequence[JudgedSchedule], style: Style) -> str:
    """The best schedule of each layer that has any, beside the tiling that simdc chose, and why others cannot run."""
    illegal = [each for each in schedules if each.verdict.why]
    head = f"{report.network} on {report.hardware.title}, model {report.model}: {len(schedules):,} schedules, "
    rows = [_row(layer, schedules) for layer in _asked(report, schedules)]
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


MOST_REASONS = 12


def judged_json(report: Report, schedules: Sequence[JudgedSchedule]) -> str:
    """All schedules in the order in which they were given."""
    layers = [
        {
            "layer": layer.name,
            "schedules": sum(each.layer == layer.name for each in schedules),
            "best": best_of(schedules, layer.name),
            "own_cycles": layer.cost.cycles.total,
            "own_tiling": layer.tiling.as_dict(),
        }
        for layer in _asked(report, schedules)
    ]
    data = {
        "network": report.network,
        "machine": report.hardware.title,
        "model": report.model,
        "layers": layers,
        "schedules": [_entry(each, with_energy=report.hardware.has_prices) for each in schedules],
    }
    return json.dumps(data, indent=1) + "\n"


def _asked(report: Report, schedules: Sequence[JudgedSchedule]) -> list[LayerReport]:
    named = {each.layer for each in schedules}
    return [layer for layer in report.layers if layer.name in named]


def _row(layer: LayerReport, schedules: Sequence[JudgedSchedule]) -> list[str]:
    own = [each for each in schedules if each.layer == layer.name]
    place, cycles = best_of(schedules, layer.name), layer.cost.cycles.total
    counts = [layer.name, f"{len(own):,}", f"{sum(not each.verdict.why for each in own):,}"]
    if place is None:
        return [*counts, "-", f"{cycles:,}", "-", "-", "-"]
    tiling, verdict = schedules[place].tiling, schedules[place].verdict
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
