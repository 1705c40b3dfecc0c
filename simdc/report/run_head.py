"""The head of a run: its cards, what stands out, and the stamp that tells what it is of."""

from __future__ import annotations

from urllib.parse import quote

from simdc import __version__
from simdc.backends.report import Report
from simdc.backends.report.stamp import made_by_lines

from .cards import Card, cards_of
from .field_tables import fields_of
from .findings import Finding, findings_of
from .markup import Markup, element, together
from .shown_run import ShownRun


def run_head(run: ShownRun, number: int, *, alone: bool) -> Markup:
    """The section of the run with this number, counted from 0; that of the first is shown. The title of a page with one
    run alone is the run's."""
    report = run.report
    name, called = f"run-{number}", f"{report.network} on {report.hardware.title}"
    title = together() if alone else element("h2", called)
    said = [
        report.phase,
        report.batch_text,
        f"model {report.model}",
        report.hardware.in_short,
        f"{len(report.layers):,} layers",
        f"{report.parameters:,} parameters",
        f"{report.macs:,.0f} multiply-accumulates",
    ]
    cards = element("dl", *[_card(each) for each in cards_of(report) if each.value is not None], class_="cards")
    words = notes = together()
    if found := [_finding(finding, report, "" if alone else f"{number + 1}/") for finding in findings_of(run)]:
        words = together(element("h3", "What stands out"), element("ul", *found, class_="findings"))
    if report.notes:
        notes = element("ul", *[element("li", note) for note in report.notes], class_="note")
    # In short, as it is printed; in full where one unfolds it.
    made = element("p", " · ".join(made_by_lines(report.runs)), class_="note")
    parts = (title, element("p", " · ".join(said), class_="note"), cards, words, notes, made, _stamp(report))
    return element("section", *parts, id=name, class_="run", aria_label=called, hidden=number > 0)


def _card(card: Card) -> Markup:
    term = element("dt", card.name)
    return element("div", term, element("dd", element("b", str(card.shown)), element("span", card.detail)))


def _finding(finding: Finding, report: Report, of_run: str) -> Markup:
    """A link to its costliest layer; `of_run` stands before the name in the address."""
    if not finding.layers:
        return element("li", finding.text)
    first = quote(report.layers[finding.layers[0]].name, safe="")
    shown = ",".join(map(str, finding.layers))
    return element("li", element("a", finding.text, href=f"#{of_run}{first}", data_layers=shown))


def _stamp(report: Report) -> Markup:
    """What made the run, of which inputs, on a machine with which fields."""
    rows = [("simdc", report.runs[-1].simdc if report.runs else __version__)]
    for run in report.runs:
        rows += [("command", run.command)] if run.command else []
        rows += [(f"{each.role} {each.name}", f"sha256 {each.sha256}") for each in run.inputs]
    rows.append(("energy prices", report.hardware.price_source))
    machine = list(fields_of(report.hardware).items())
    return element(
        "details",
        element("summary", "What this is of: version, command, inputs, machine"),
        _table("Made by", rows),
        _table(f"The machine {report.hardware.title}", machine),
        class_="stamp",
    )


def _table(caption: str, rows: list[tuple[str, str]]) -> Markup:
    body = [element("tr", element("th", name, scope="row"), element("td", value)) for name, value in rows]
    return element("div", element("table", element("caption", caption), element("tbody", *body)), class_="wide")
