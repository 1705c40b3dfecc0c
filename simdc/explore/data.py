"""Findings for programs: JSON with what was found, CSV and Parquet with every machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from io import StringIO
from math import isnan
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from simdc.cost.structure import unstructure
from simdc.errors import SimdcError
from simdc.visible import spreadsheet_text

from .admitted import written_values
from .findings import Findings, FoundMachine
from .survey import Survey

SCHEMA = "simdc-exploration/1"
CSV_CHUNK = 2**16


def render_json(findings: Findings, provenance: Mapping[str, object] | None = None) -> str:
    """The contract of exploration.schema.json. `provenance` says what made it, where a command did."""
    return json.dumps(as_data(findings, provenance), indent=1, allow_nan=False) + "\n"


def as_data(findings: Findings, provenance: Mapping[str, object] | None = None) -> dict[str, object]:
    survey, rules, space = findings.survey, findings.exploration.job.rules, findings.space
    return {
        "schema": SCHEMA,
        "model": rules.model,
        "tiling": rules.tiling,
        "base": space.base.name,
        "hardware": unstructure(space.base),
        "objective": space.objective,
        "networks": [
            {"name": each.name, "phase": each.phase, "weight": each.weight} for each in findings.exploration.networks
        ],
        "machines": {
            "space": space.size,
            "admitted": survey.admitted,
            "compared": len(survey.numbers),
            "over_limit": survey.over_limit,
            "not_priced": survey.missing,
            "infeasible": [
                {"layer": layer, "buffer": buffer, "machines": times}
                for (layer, buffer), times in survey.infeasible.most_common()
            ],
        },
        "uncosted": [{"layer": layer, "reason": reason} for layer, reason in findings.exploration.uncosted.items()],
        "best": _machine(findings.best),
        "worst": _machine(findings.worst),
        "worst_over_best": findings.over_best(findings.worst),
        "ranking": [_machine(each) for each in findings.ranking],
        "economic": [
            {"least": each.resource, "within": each.within, "machine": _machine(machine)}
            for each, machine in findings.cheap
        ],
        "pareto": {"of": list(findings.front_of), "machines": [_machine(each) for each in findings.front]},
        "sensitivity": [
            {
                "choice": space.axes[swing.axis].name,
                "options": list(space.axes[swing.axis].labels),
                "chosen": swing.chosen,
                "objective": [None if isnan(value) else _number(value) for value in swing.values.tolist()],
            }
            for swing in findings.swings
        ],
        "within": [{"times_best": share, "share_of_machines": part} for share, part in findings.spread.items()],
        **({} if provenance is None else {"provenance": provenance}),
    }


def _machine(machine: FoundMachine) -> dict[str, object]:
    return {
        "number": machine.number,
        "fields": machine.fields,
        "metrics": {name: _number(value) for name, value in machine.values.items()},
        "sums": {name: _number(value) for name, value in machine.sums.items()},
    }


def _number(value: float) -> int | float:
    """Whole where it is whole."""
    # Up to 2**53 a float holds every whole number, so 13700.0 is written as 13700; beyond, digits would be made up.
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def machine_columns(survey: Survey, rows: NDArray[np.int64]) -> dict[str, NDArray[np.generic]]:
    """A column for the number, each field, each metric and each constraint's sum of these machines."""
    choices = survey.choices(rows)
    out: dict[str, NDArray[np.generic]] = {"machine": survey.numbers[rows]}
    for place, axis in enumerate(survey.space.axes):
        # A choice sets several fields: its name tells which option that was, beside the values.
        if len(axis.paths) > 1:
            out[axis.name] = np.array(axis.labels, object)[choices[:, place]]
        out |= {path: written_values(axis, path)[choices[:, place]] for path in axis.paths}
    return out | {name: column[rows] for name, column in (*survey.values.items(), *survey.sums.items())}


def csv_chunks(survey: Survey, rows: NDArray[np.int64]) -> Iterator[str]:
    """Header and rows, some at a time."""
    import csv

    for start in range(0, max(len(rows), 1), CSV_CHUNK):
        stream = StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        # 65,536 machines at a time: a space of millions would be text of hundreds of megabytes at once.
        table = machine_columns(survey, rows[start : start + CSV_CHUNK])
        if start == 0:
            writer.writerow(map(spreadsheet_text, table))
        cells = [_cells(column) for column in table.values()]
        writer.writerows(zip(*cells, strict=True))
        yield stream.getvalue()


def _cells(column: NDArray[np.generic]) -> list[Any]:
    values = column.tolist()
    if column.dtype == np.float64:
        return [_number(value) for value in values]
    return [spreadsheet_text(value) if isinstance(value, str) else value for value in values]


def write_parquet(survey: Survey, rows: NDArray[np.int64], stream: BinaryIO) -> None:
    """Raises SimdcError when pyarrow is missing, OSError when the stream cannot be written."""
    try:
        pyarrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise SimdcError("--format parquet needs pyarrow: pip install 'simdc[parquet]'") from None
    parquet.write_table(pyarrow.table(machine_columns(survey, rows)), stream)
