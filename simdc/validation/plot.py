"""A data set drawn: predicted over measured, and the errors of each level."""

from __future__ import annotations

from functools import partial
from typing import Any, BinaryIO

from simdc.pictures import write_picture

from .data_set import DataSet, MeasuredRow, errors_by_kind

MARKERS = "osD^v*"
LINEAR_PERCENT = 0.1
"""Errors below it are drawn on a linear scale, so that none is beyond it."""


def draw(data: DataSet, stream: BinaryIO, path: str) -> None:
    """Write the picture in the format that `path` ends in. Raises OSError when the stream cannot be written."""
    write_picture(partial(_draw, data), f"{data.name}: {data.model} on {data.machine}", stream, path)


def _draw(data: DataSet, figure: Any) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(2, 3))
    sizes = [row.measured for row in data.rows]
    left.plot([min(sizes), max(sizes)], [min(sizes), max(sizes)], color="0.6", linewidth=1)
    for place, each in enumerate(errors_by_kind(data.rows)):
        style = {"marker": MARKERS[place % len(MARKERS)], "color": f"C{place}"}
        rows = [row for row in data.rows if row.kind == each.kind]
        points = [row.measured for row in rows], [row.predicted[-1] for row in rows]
        left.plot(*points, linestyle="", alpha=0.7, label=each.kind, **style)
        _errors(right, rows, style)
        means = [100 * mean for mean in each.mean]
        label = f"{each.kind}, mean: {means[0]:.3g} % to {means[-1]:.2g} %"
        right.plot(range(len(means)), means, linewidth=2, markersize=8, label=label, **style)
    unit = ", ".join(dict.fromkeys(row.unit for row in data.rows))
    predicted = f"predicted at level {len(data.levels) - 1} [{unit}]"
    left.set(xscale="log", yscale="log", xlabel=f"measured [{unit}]", ylabel=predicted)
    left.legend(fontsize=11)
    right.set(xlabel="level of the model", ylabel="magnitude of the error [%]")
    right.set_yscale("symlog", linthresh=LINEAR_PERCENT)
    right.set_ylim(bottom=0)
    right.yaxis.set_major_formatter("{x:g}")
    right.set_xticks(range(len(data.levels)))
    right.legend(fontsize=11)


def _errors(plot: Any, rows: list[MeasuredRow], style: dict[str, str]) -> None:
    """A dot for each row and level; those of a level beside each other, in the order of the rows."""
    # 48 rows of level 2: from 1.8 to 2.2.
    for level in range(len(rows[0].predicted)):
        places = [level - 0.2 + 0.4 * (number + 0.5) / len(rows) for number in range(len(rows))]
        errors = [100 * abs(row.errors[level]) for row in rows]
        plot.plot(places, errors, linestyle="", markersize=3, alpha=0.4, **style)
