"""Findings as text for people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .findings import Findings, FoundMachine, field_unit, headed, refusal_text, short_names, shown, unit_of

FRONT_SHOWN = 20
OPTIONS_SHOWN = 12
NETWORKS_SHOWN = 3
REASONS_SHOWN = 8


def render_table(findings: Findings) -> str:
    parts = [_heading(findings), _machines(findings), _ranking(findings), _front(findings), _swings(findings)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _heading(findings: Findings) -> str:
    survey, rules, space = findings.survey, findings.exploration.job.rules, findings.space
    names = [
        f"{each.name} ({each.phase})" + (f" x {each.weight:g}" if each.weight != 1 else "")
        for each in findings.exploration.networks
    ]
    rest = len(names) - NETWORKS_SHOWN
    networks = ", ".join(names[:NETWORKS_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
    lines = [
        f"{networks}: least {space.objective} on machines like {space.base.title}, "
        f"model {rules.model}, tiling {rules.tiling}",
        f"{space.size:,} machines in the space, {survey.admitted:,} keep its constraints, "
        f"{len(survey.numbers):,} of these are compared",
    ]
    if survey.missing:
        lines.append(f"INTERRUPTED: {survey.missing:,} machines were not priced")
    if survey.over_limit:
        lines.append(f"{survey.over_limit:,} are over a limit on their metrics")
    for refusal, times in survey.infeasible.most_common(REASONS_SHOWN):
        lines.append(f"{times:,} {refusal_text(*refusal)}")
    rest = sum(times for _, times in survey.infeasible.most_common()[REASONS_SHOWN:])
    if rest:
        lines.append(f"{rest:,} are infeasible for other layers, named by --format json")
    alike: dict[str, list[str]] = {}
    for layer, reason in findings.exploration.uncosted.items():
        alike.setdefault(reason, []).append(layer)
    for reason, layers in alike.items():
        lines.append(f"NOT COSTED, missing from every number: {', '.join(layers)}: {reason}")
    return "\n".join(lines)


def _machines(findings: Findings) -> str:
    rows = [("best", findings.best), ("worst", findings.worst)]
    rows += [(f"least {each.resource} within {100 * each.within:g} %", machine) for each, machine in findings.cheap]
    spread = ", ".join(f"{share:g}x {100 * part:.3g} %" for share, part in findings.spread.items())
    return _listed("", rows, findings) + f"\nmachines within so many times the best: {spread}"


def _ranking(findings: Findings) -> str:
    return _listed("ranking", [(str(place + 1), each) for place, each in enumerate(findings.ranking)], findings)


def _front(findings: Findings) -> str:
    if len(findings.front_of) < 2:
        return ""
    count = len(findings.front)
    head = f"Pareto front of {', '.join(findings.front_of)}: {count:,} machine{'' if count == 1 else 's'}"
    if count > FRONT_SHOWN:
        head += f", {FRONT_SHOWN} of them, evenly chosen"
    rows = [(str(place + 1), findings.front[place]) for place in _evenly(count, FRONT_SHOWN)]
    return head + "\n" + _listed("front", rows, findings)


def _evenly(count: int, most: int) -> list[int]:
    """At most so many of `count` places, in order."""
    shown_now = min(count, most)
    # A front of 39 shows every second machine, 0, 2, 4, ..., 38: both ends are among the 20.
    return [place * (count - 1) // max(1, shown_now - 1) for place in range(shown_now)]


def _swings(findings: Findings) -> str:
    """Each choice alone, around the best machine."""
    names, least = short_names(findings.space), findings.objective(findings.best)
    lines = [f"one choice changed, all others as in the best machine: times its {findings.space.objective}"]
    width = max(len(name) for name in names.values())
    for swing in findings.swings:
        axis = findings.space.axes[swing.axis]
        unit = field_unit(axis.paths[0]) if len(axis.paths) == 1 else ""
        values, cells = swing.values.tolist(), list[str]()
        chosen = sorted({*_evenly(len(values), OPTIONS_SHOWN), swing.chosen})
        for option in chosen:
            value = values[option]
            label = axis.labels[option] if len(axis.paths) > 1 else shown(axis.options[option][0], unit)
            ratio = "-" if np.isnan(value) else f"{value / least:.3f}"
            cells.append(f"{'*' if option == swing.chosen else ''}{label}: {ratio}")
        if len(cells) > 1:
            rest = len(values) - len(cells)
            left_out = f"  ({rest:,} more between, see --format json)" if rest else ""
            lines.append(f"{names[axis.name]:<{width}}  " + ",  ".join(cells) + left_out)
    return "\n".join(lines) if len(lines) > 1 else ""


def _listed(head: str, rows: Sequence[tuple[str, FoundMachine]], findings: Findings) -> str:
    space = findings.space
    names = short_names(space)
    heads = [head, *(names[axis.name] for axis in space.axes)]
    heads += [headed(metric, space) for metric in findings.best.values]
    heads += [*findings.best.sums, "over best"]
    table: list[list[str]] = []
    for label, machine in rows:
        cells = [label]
        for axis in space.axes:
            single = len(axis.paths) == 1
            unit = field_unit(axis.paths[0])
            cells.append(shown(machine.fields[axis.paths[0]], unit) if single else machine.labels[axis.name])
        cells += [shown(value, "") for value in machine.values.values()]
        cells += [shown(value, unit_of(name, space)) for name, value in machine.sums.items()]
        table.append([*cells, f"{findings.over_best(machine):.4g}x"])
    return columns(heads, table)


def columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column flush left, all others flush right."""
    widths = [max(len(head), *(len(row[place]) for row in rows)) for place, head in enumerate(heads)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()

    return "\n".join(line(each) for each in [heads, *rows])
