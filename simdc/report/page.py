"""The page: head and words are HTML of its own, pictures and the table of layers are drawn by its script from data."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files

from simdc.backends.report import Report

from .amounts import amount
from .chart_data import chart_data
from .markup import Markup, data_script, element, together
from .run_head import run_head
from .shown_run import EXPLAINED, shown_run
from .side_by_side import side_by_side

SCRIPTS = ("drawing", "state", "icicle", "timeline", "roofline", "memory", "explain", "table", "start")
"""In the order in which they are read: each uses only what stands before it."""


def render_page(reports: Sequence[Report], explained: int = EXPLAINED) -> str:
    """One or several runs as one HTML file, which needs nothing else and asks for nothing: its own rules forbid it to.
    For so many kinds of layers, the costliest, it says what would help, each of which is tiled and priced again.
    Raises ValueError without a run."""
    if not reports:
        raise ValueError("a page shows at least one run")
    shown = [shown_run(report, explained) for report in reports]
    script = _script()
    digest = b64encode(sha256(script.encode()).digest()).decode()
    # No script but this one, whatever a name in a network smuggles in, and no request at all.
    rules = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    title = _title(reports)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=rules),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href="data:,"),
        element("title", title),
        element("style", Markup(_asset("page.css"))),
    )
    runs = [run_head(run, number, alone=len(reports) == 1) for number, run in enumerate(shown)]
    main = element("main", side_by_side(reports), _choice(reports), *runs, Markup(_asset("charts.html")))
    body = element(
        "body",
        element("a", "Skip to the table of layers", href="#layers-title", class_="skip"),
        element("header", element("h1", title)),
        main,
        data_script("data", [chart_data(run) for run in shown]),
        element("script", Markup(script)),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _title(reports: Sequence[Report]) -> str:
    first = reports[0]
    runtime = amount(first.total.runtime_s(first.hardware), "s")
    if len(reports) == 1:
        return f"{first.network} on {first.hardware.title}: {runtime}"
    networks = list(dict.fromkeys(report.network for report in reports))
    machines = list(dict.fromkeys(report.hardware.title for report in reports))
    return f"{', '.join(networks)} on {', '.join(machines)}"


def _choice(reports: Sequence[Report]) -> Markup:
    """Buttons to choose the run that the pictures show."""
    if len(reports) < 2:
        return together()
    buttons = [
        element(
            "button",
            f"{report.network} on {report.hardware.title}",
            type="button",
            data_run=str(number),
            aria_pressed="true" if number == 0 else "false",
        )
        for number, report in enumerate(reports)
    ]
    return element("div", *buttons, class_="runs", role="group", aria_label="The run that is shown")


def _script() -> str:
    parts = "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}}})();\n'


def _asset(name: str) -> str:
    return (files("simdc.report") / "assets" / name).read_text(encoding="utf-8")
