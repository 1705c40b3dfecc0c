"""A data set as a table for people, as JSON and CSV for programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from io import StringIO
from textwrap import fill

from simdc.backends.report.columns import LINE, columns
from simdc.backends.report.stamp import made_by, provenance
from simdc.cost.result import Number
from simdc.ir.runs import CommandRun

from .data_set import DataSet, KindErrors, MeasuredRow, errors_by_kind

SCHEMA = "simdc-validation/1"


def render_table(data: DataSet, run: CommandRun) -> str:
    levels = [f"level {level}" for level in range(len(data.levels))]
    heads = ["unit", "measured", "predicted", *levels]
    parts = [
        f"{data.name}: {data.title}\nmodel {data.model} on {data.machine}; errors in percent of what was measured",
        columns(["row", "kind", *data.conditions, *heads], [_row(each) for each in data.rows], left=2),
        columns(["error [%]", "", "rows", *levels], [line for each in _kinds(data) for line in _errors(each)], left=2),
    ]
    if data.sums:
        wholes = [(each.whole, str(len(each.rows))) for each in data.sums]
        cells = [[row.name, rows, row.unit, *_numbers(row)] for row, rows in wholes]
        parts.append(columns(["sum", "rows", *heads], cells, left=1))
    if data.counts:
        counted = [
            [each.name, each.unit, f"{each.equal} of {len(each.pairs)}", f"{100 * each.worst:.2f}"]
            for each in data.counts
        ]
        parts.append(columns(["counted", "unit", "equal", "worst error [%]"], counted, left=2))
    parts.append("\n".join(f"level {level}: {knows}" for level, knows in enumerate(data.levels)))
    parts.append("\n".join(fill(each, LINE, subsequent_indent="  ") for each in data.remarks))
    return "\n\n".join(parts) + f"\n\n{made_by([run])}\n"


def render_json(data: DataSet, run: CommandRun) -> str:
    """The contract of validation.schema.json."""
    found = {
        "schema": SCHEMA,
        "data_set": data.name,
        "title": data.title,
        "remarks": data.remarks,
        "hardware": data.machine,
        "model": data.model,
        "levels": data.levels,
        "rows": [
            {**_as_data(row), "conditions": dict(zip(data.conditions, row.conditions, strict=True))}
            for row in data.rows
        ],
        "errors": [
            {
                "kind": each.kind,
                "rows": each.rows,
                "mean_percent": _percents(each.mean),
                "worst_percent": _percents(each.worst),
            }
            for each in _kinds(data)
        ],
        "sums": [{"rows": len(each.rows), **_as_data(each.whole)} for each in data.sums],
        "counts": [
            {
                "name": each.name,
                "unit": each.unit,
                "rows": len(each.pairs),
                "equal": each.equal,
                "worst_percent": _percents([each.worst])[0],
            }
            for each in data.counts
        ],
        **provenance([run]),
    }
    return json.dumps(found, indent=1, allow_nan=False) + "\n"


def render_csv(data: DataSet, run: CommandRun) -> str:
    """A line for each row, then one for each sum. `error` is the whole model's."""
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    levels = [f"level {level}" for level in range(len(data.levels))]
    made = ["data set", "hardware", "model", "simdc", "command"]
    writer.writerow(["row", "kind", *data.conditions, "unit", "measured", *levels, "error [%]", *made])
    origin = [data.name, data.machine, data.model, run.simdc, run.command]
    for row in (*data.rows, *(each.whole for each in data.sums)):
        conditions = row.conditions or ("",) * len(data.conditions)
        error = _percents(row.errors)[-1]
        writer.writerow([row.name, row.kind, *conditions, row.unit, row.measured, *row.predicted, error, *origin])
    return stream.getvalue()


RENDERERS: dict[str, Callable[[DataSet, CommandRun], str]] = {
    "table": render_table,
    "json": render_json,
    "csv": render_csv,
}


def _kinds(data: DataSet) -> list[KindErrors]:
    return errors_by_kind(data.rows)


def _row(row: MeasuredRow) -> list[str]:
    return [row.name, row.kind, *map(str, row.conditions), row.unit, *_numbers(row)]


def _numbers(row: MeasuredRow) -> list[str]:
    """What was measured, the whole model, and the error of each level."""
    return [f"{row.measured:,}", _shown(row.predicted[-1]), *(f"{100 * each:+.2f}" for each in row.errors)]


def _shown(value: Number) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def _errors(kind: KindErrors) -> list[list[str]]:
    named = (("mean", kind.mean), ("worst", kind.worst))
    return [[kind.kind, word, str(kind.rows), *(f"{100 * each:.2f}" for each in errors)] for word, errors in named]


def _as_data(row: MeasuredRow) -> dict[str, object]:
    return {
        "name": row.name,
        "kind": row.kind,
        "unit": row.unit,
        "measured": row.measured,
        "predicted": row.predicted,
        "error_percent": _percents(row.errors),
    }


def _percents(errors: Sequence[float]) -> list[float]:
    """To a millionth of what was measured."""
    return [round(100 * each, 4) for each in errors]
