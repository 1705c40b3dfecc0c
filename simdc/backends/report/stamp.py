"""What a report is of: version, command, machine, inputs. Two runs are told apart, and each can be repeated."""

from __future__ import annotations

from textwrap import fill
from typing import Any

from simdc import __version__
from simdc.ir.provenance import CommandRun

from .model import Report

WIDTH = 110
DIGITS = 12
"""Of a SHA-256, for people; JSON and CSV have it whole."""


def provenance(report: Report) -> dict[str, Any]:
    """For JSON. Without `command` the report was made in Python; `earlier` are the runs that made IR that was read."""
    earlier = [_run(run) for run in report.runs[:-1]]
    return {**_run(_last(report)), **({"earlier": earlier} if earlier else {})}


def _run(run: CommandRun) -> dict[str, Any]:
    command = {"command": run.command} if run.command else {}
    return {"simdc": run.simdc, **command, "inputs": [each._asdict() for each in run.inputs]}


def _last(report: Report) -> CommandRun:
    return report.runs[-1] if report.runs else CommandRun(__version__, "", ())


def origin_columns(report: Report) -> dict[str, str | int]:
    """For CSV, the same in every row."""
    last = _last(report)
    return {
        "network": report.network,
        "batch": report.batch,
        "hardware": report.hardware.title,
        "model": report.model,
        "simdc": last.simdc,
        "command": last.command,
        "inputs [sha256]": " ".join(f"{each.role}={each.sha256}" for each in last.inputs),
    }


def footer(report: Report) -> str:
    """For the table: where the prices come from, and which version and command made it of which inputs."""
    hardware, last = report.hardware, _last(report)
    prices = f"energy prices: {hardware.prices.source}"
    if hardware.changed:
        prices += "; not adjusted to what was changed"
    inputs = ", ".join(f"{each.name} {each.sha256[:DIGITS]}" for each in last.inputs)
    made = f"simdc {last.simdc}" + (f": {last.command}" if last.command else "")
    lines = [prices, f"made by {made}", *([f"sha256 of {inputs}"] if inputs else [])]
    return "\n".join(fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False) for line in lines)
