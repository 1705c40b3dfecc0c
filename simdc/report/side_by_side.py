"""Runs side by side: a table of their cards, each beside the first run of the same network, the best marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simdc.backends.report import Report

from .cards import Card, cards_of
from .differences import in_words
from .field_tables import fields_that_differ
from .markup import Markup, element, together
from .time_bars import time_bars

EVEN = 0.005
"""Cards that differ by a smaller share than this are alike."""


def side_by_side(reports: Sequence[Report]) -> Markup:
    """Of two runs and more; empty for one."""
    if len(reports) < 2:
        return together()
    rows = [cards_of(report) for report in reports]
    names = list(dict.fromkeys(card.name for row in rows for card in row if card.better))
    head = [element("th", name, scope="col") for name in ("run", *names)]
    body: list[Markup] = []
    for number, (report, row) in enumerate(zip(reports, rows, strict=True)):
        link = element(
            "a", f"{report.network} on {report.hardware.title}", href=f"#{number + 1}/", data_run=str(number)
        )
        # What one network takes says nothing of another.
        alike = [other for each, other in zip(reports, rows, strict=True) if _subject(each) == _subject(report)]
        cells = [_cell(name, row, alike) for name in names]
        body.append(element("tr", element("th", link, scope="row"), *cells))
    table = element("table", element("thead", element("tr", *head)), element("tbody", *body), class_="figures")
    title = element("h2", "Side by side", id="compare-title")
    note = element(
        "p", "Ratios are to the first run of the same network; the best of its runs is marked.", class_="note"
    )
    words = element("ul", *[element("li", text) for text in _differences(reports)])
    fields = fields_that_differ([report.hardware for report in reports])
    parts = (title, note, element("div", table, class_="wide"), time_bars(reports), words, fields)
    return element("section", *parts, id="compare", aria_labelledby="compare-title")


def _differences(reports: Sequence[Report]) -> Iterator[str]:
    """Of each run to the first one of the same network, where that is another."""
    first: dict[tuple[str, str, int], Report] = {}
    for report in reports:
        known = first.setdefault(_subject(report), report)
        if known is not report:
            yield in_words(known, report)


def _subject(report: Report) -> tuple[str, str, int]:
    return report.network, report.phase, report.batch


def _cell(name: str, row: Sequence[Card], alike: Sequence[Sequence[Card]]) -> Markup:
    """`alike` are the rows of runs of the same network, this one among them."""
    card, first = _named(name, row), _named(name, alike[0])
    if card is None or card.value is None:
        return element("td", "–")
    ratio = ""
    if row is not alike[0] and first is not None and first.value and first.unit == card.unit:
        ratio = f"{card.value / first.value:.2f}×"
    known = [other.value for other in (_named(name, each) for each in alike) if other and other.value is not None]
    best = (min if card.better == "less" else max)(known)
    # Of runs that are all alike none is the best.
    is_best = abs(card.value - best) <= EVEN * abs(best) and max(known) - min(known) > EVEN * abs(best)
    mark = element("span", "best", class_="mark") if is_best else ""
    below = element("span", ratio, " " if ratio and is_best else "", mark, class_="ratio") if ratio or is_best else ""
    return element("td", element("b", str(card.shown)), below, class_="best" if is_best else "")


def _named(name: str, row: Sequence[Card]) -> Card | None:
    return next((card for card in row if card.name == name), None)
