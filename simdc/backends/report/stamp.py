"""What a report is of: version, command, machine, inputs. Two runs are told apart, and each can be repeated."""

from __future__ import annotations

from collections.abc import Sequence

from simdc import __version__
from simdc.cost.machines import AnyMachine
from simdc.ir.runs import CommandRun

from .columns import PLAIN, Style
from .model import Report

DIGITS = 12
"""Of a SHA-256, for people; JSON and CSV have it whole."""


def provenance(runs: Sequence[CommandRun]) -> dict[str, object]:
    """For JSON. Without `command` the report was made in Python; `earlier` are the runs that made IR that was read."""
    earlier = [_run(run) for run in runs[:-1]]
    return {**_run(_last(runs)), **({"earlier": earlier} if earlier else {})}


def _run(run: CommandRun) -> dict[str, object]:
    command = {"command": run.command} if run.command else {}
    return {"simdc": run.simdc, **command, "inputs": [each._asdict() for each in run.inputs]}


def _last(runs: Sequence[CommandRun]) -> CommandRun:
    return runs[-1] if runs else CommandRun(__version__, "", ())


def origin_columns(report: Report) -> dict[str, str | int]:
    """For CSV, the same in every row."""
    last = _last(report.runs)
    return {
        "network": report.network,
        "batch": report.batch,
        "hardware": report.hardware.title,
        "model": report.model,
        "simdc": last.simdc,
        "command": last.command,
        "inputs [sha256]": " ".join(f"{each.role}={each.sha256}" for each in last.inputs),
    }


def footer(hardware: AnyMachine, runs: Sequence[CommandRun]) -> str:
    """For a table with energies: where their prices come from, and what made it."""
    return PLAIN.lines(footer_lines(hardware, runs))


def footer_lines(hardware: AnyMachine, runs: Sequence[CommandRun]) -> list[str]:
    """The same for those who break lines themselves."""
    prices = f"energy prices: {hardware.price_source}"
    if hardware.changed and hardware.has_prices:
        prices += "; not adjusted to what was changed"
    return [prices, *made_by_lines(runs)]


def made_by(runs: Sequence[CommandRun], style: Style = PLAIN) -> str:
    """For a table: which version and command made it of which inputs."""
    return style.lines(made_by_lines(runs))


def made_by_lines(runs: Sequence[CommandRun]) -> list[str]:
    """The same for those who break lines themselves."""
    last = _last(runs)
    inputs = ", ".join(dict.fromkeys(f"{each.name} {each.sha256[:DIGITS]}" for each in last.inputs))
    made = f"made by simdc {last.simdc}" + (f": {last.command}" if last.command else "")
    return [made, *([f"sha256 of {inputs}"] if inputs else [])]
