"""The time of several runs as bars on one scale, each in what its units compute and wait."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.backends.report import Report

from .amounts import amount
from .markup import Markup, element, together

COLOURS = 6
"""Of units, and as many of their waits; the page's style has them."""


def time_bars(reports: Sequence[Report]) -> Markup:
    """A row for each run, the longest as wide as there is room, and what the colours mean; empty where nothing takes
    time."""
    # 25.4 ms and 3.86 ms: the second bar is 15.2 % of the first.
    longest = max(report.total.runtime_s(report.hardware) for report in reports)
    if not longest:
        return together()
    rows = [element("div", _label(report), _bar(report, longest), class_="time-row") for report in reports]
    return together(element("p", *_legend(reports), class_="note legend"), element("div", *rows, class_="times"))


def _label(report: Report) -> Markup:
    return element("span", f"{report.network} on {report.hardware.title}", class_="time-label")


def _bar(report: Report, longest: float) -> Markup:
    pieces: list[Markup] = []
    told: list[str] = []
    for number, (unit, totals) in enumerate(report.by_unit.items()):
        for kind, verb, cycles in (
            ("unit", "computes", totals.cycles.compute),
            ("wait", "waits", totals.cycles.stall),
        ):
            time = cycles * report.hardware.clock_ns * 1e-9
            if time:
                told.append(f"{unit} {verb} {amount(time, 's')}")
                width = f"width:{100 * time / longest:.3g}%"
                pieces.append(element("span", class_=f"piece {kind}{number % COLOURS}", style=width))
    whole = amount(report.total.runtime_s(report.hardware), "s")
    name = f"{report.network} on {report.hardware.title}: {whole}: {', '.join(told)}"
    return element("span", *pieces, element("b", str(whole)), class_="time-bar", role="img", aria_label=name)


def _legend(reports: Sequence[Report]) -> list[Markup]:
    units = dict.fromkeys(pair for report in reports for pair in enumerate(report.by_unit))
    return [
        element("span", element("span", class_=f"swatch {kind}{number % COLOURS}"), f"{unit} {verb}")
        for number, unit in units
        for kind, verb in (("unit", "computes"), ("wait", "waits"))
    ]
