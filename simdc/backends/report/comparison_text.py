"""Runs beside each other as text: for people, for documents, for programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from io import StringIO

from simdc.visible import spreadsheet_text

from .columns import PLAIN, Style
from .comparison import TEXTS, Comparison, cells_of

SCHEMA = "simdc-comparison/1"


SPARE = ("TOPS", "power [W]", "of peak [%]", "inputs/s", "tokens/s")
"""Heads of columns that go where there is no room."""


def as_table(comparison: Comparison, style: Style = PLAIN) -> str:
    heads, rows = cells_of(comparison)
    table = style.table(heads, rows, left=TEXTS, spare=SPARE)
    return "\n\n".join([style.lines([_head(comparison)]), table, *_notes(comparison, style)]) + "\n"


def as_markdown(comparison: Comparison) -> str:
    return as_table(comparison, Style(is_markdown=True))


def as_json(comparison: Comparison) -> str:
    return json.dumps({"schema": SCHEMA, "runs": comparison.to_rows()}, indent=1, allow_nan=False) + "\n"


def as_csv(comparison: Comparison) -> str:
    rows = comparison.to_rows()
    out = StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: spreadsheet_text(cell) if isinstance(cell, str) else cell for key, cell in row.items()})
    return out.getvalue()


RENDERINGS: dict[str, Callable[[Comparison], str]] = {
    "table": as_table,
    "markdown": as_markdown,
    "json": as_json,
    "csv": as_csv,
}


def _head(comparison: Comparison) -> str:
    first = comparison.runs[0]
    machines = len({run.machine for run in comparison.runs})
    reference = f"network on {first.machine}" if machines > 1 else f"machine with {first.network}"
    if comparison.varies_batch:
        reference += " in the same batch" if machines > 1 else f" in batch {first.batch}"
    return f"model {first.model}; ratios are to the same {reference}"


def _notes(comparison: Comparison, style: Style) -> list[str]:
    """What is missing from sums."""
    left_out = [run for run in comparison.runs if run.uncosted]
    lines = [f"{run.network} on {run.machine}: {run.uncosted} layers NOT COSTED" for run in left_out]
    return [style.lines(lines)] if lines else []
