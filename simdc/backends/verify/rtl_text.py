"""What the RTL made of a network, as a table and as data."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.backends.report.columns import columns
from simdc.backends.rtl import Played

from .on_rtl import RtlVerdict


def rtl_table(verdicts: Sequence[RtlVerdict], *, brief: bool) -> str:
    """`brief` leaves out the layers but for those that differ or were not played."""
    played = [verdict for verdict in verdicts if isinstance(verdict.outcome, Played)]
    failed = [verdict for verdict in played if verdict.failed]
    parts: list[str] = []
    if played and not brief:
        heads = ["layer", "operator", "tiles", "cycles", "results", "on the RTL"]
        parts.append(columns(heads, [_row(verdict) for verdict in played], left=2, right_text=1))
    outcome = f"{len(failed)} DIFFER" if failed else "all agree in data, cycles, beats and accesses"
    lines = [f"{len(played)} of {len(verdicts)} distinct layers played on the RTL: {outcome}"]
    lines += [f"NOT PLAYED: {_names(verdict)}: {verdict.outcome}" for verdict in verdicts if verdict not in played]
    lines += [f"{_names(verdict)}: {text}" for verdict in failed[:1] for text in _differences(verdict)]
    parts.append("\n".join(lines))
    return "\n\n".join(parts)


def rtl_data(verdict: RtlVerdict) -> dict[str, object]:
    outcome = verdict.outcome
    data: dict[str, object] = {"names": list(verdict.names), "kind": verdict.kind}
    if not isinstance(outcome, Played):
        return {**data, "played": False, "reason": str(outcome)}
    return {
        **data,
        "played": True,
        "tiles": outcome.tiles,
        "cycles": outcome.cycles,
        "results": outcome.elements,
        "differences": list(outcome.differences),
    }


def _names(verdict: RtlVerdict) -> str:
    name, *alike = verdict.names
    return f"{name} and {len(alike)} alike" if alike else name


def _differences(verdict: RtlVerdict) -> tuple[str, ...]:
    return verdict.outcome.differences if isinstance(verdict.outcome, Played) else ()


def _row(verdict: RtlVerdict) -> list[str]:
    outcome = verdict.outcome
    assert isinstance(outcome, Played)
    numbers = [f"{number:,}" for number in (outcome.tiles, outcome.cycles, outcome.elements)]
    return [_names(verdict), verdict.kind, *numbers, "DIFFERS" if outcome.differences else "agrees"]
