"""The fields of machines as tables: all of one, and those in which several differ."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.machines import AnyMachine
from simdc.cost.structure import leaf_values, unstructure

from .markup import Markup, element, together

NAMES = ("name", "changed")
"""Fields that say what a machine is called."""


def fields_of(hardware: AnyMachine) -> dict[str, str]:
    """Each field by its dotted path, as text."""
    fields = leaf_values(unstructure(hardware))
    return {path: f"{value:,}" if type(value) is int else str(value) for path, value in fields.items()}


def fields_that_differ(machines: Sequence[AnyMachine]) -> Markup:
    """A table with a column for each machine, folded up; empty where all are alike. What differs from the first is
    marked."""
    different = {hardware.title: fields_of(hardware) for hardware in machines}
    titles, columns = list(different), list(different.values())
    paths = dict.fromkeys(path for column in columns for path in column if path not in NAMES)
    rows = {path: [column.get(path, "–") for column in columns] for path in paths}
    found = {path: cells for path, cells in rows.items() if len(set(cells)) > 1}
    if not found:
        return together()
    head = element("tr", *[element("th", title, scope="col") for title in ("field", *titles)])
    body: list[Markup] = []
    for path, cells in found.items():
        marked = [element("td", cell, class_="differs" if cell != cells[0] else False) for cell in cells]
        body.append(element("tr", element("th", path, scope="row"), *marked))
    table = element("table", element("thead", head), element("tbody", *body))
    counted = "One field" if len(found) == 1 else f"{len(found)} fields"
    summary = element("summary", f"{counted} in which the machines differ")
    return element("details", summary, element("div", table, class_="wide"), class_="stamp")
