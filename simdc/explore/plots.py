"""Findings drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, BinaryIO

import numpy as np

from simdc.errors import SimdcError
from simdc.pictures import write_picture

from .choose import landscape
from .findings import Findings, field_unit, headed, short_names, shown, unit_of
from .sensitivity import Swing

# 10 inches at 160 dots are 1,600 dots across: more points of a curve are not seen, and an SVG would hold them.
CURVE_POINTS = 4000


def draw(findings: Findings, kind: str, stream: BinaryIO, path: str, axes: tuple[str, str] | None = None) -> None:
    """Write the picture in the format that `path` ends in; `axes` names the two choices of a `map`. Raises SimdcError,
    and OSError when the stream cannot be written."""
    write_picture(lambda figure: KINDS[kind](findings, figure, axes), _title(findings), stream, path)


def _title(findings: Findings) -> str:
    names = ", ".join(each.name for each in findings.exploration.networks)
    return f"{names} on machines like {findings.space.base.title}, model {findings.exploration.job.rules.model}"


def _scale(axis: Any, values: Any) -> None:
    """Logarithmic where values span more than a factor of three, with plain numbers at 1, 2 and 5 of each decade."""
    least, most = float(np.nanmin(values)), float(np.nanmax(values))
    ticker: Any = import_module("matplotlib.ticker")
    if least > 0 and most > 3 * least:
        axis.axes.set(**{f"{axis.axis_name}scale": "log"})
        axis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_minor_formatter(ticker.NullFormatter())
    axis.set_major_formatter(ticker.FuncFormatter(_tick))


def _tick(value: float, _: int) -> str:
    return f"{value:,.6g}" if value < 1e6 else f"{value:,.0f}"


def _landscape(findings: Findings, figure: Any, axes: tuple[str, str] | None) -> None:
    """SimDIT Fig. 11: the objective of all machines, best first."""
    values: Any = np.sort(findings.survey.values[findings.space.metric])
    rows = np.unique(np.linspace(0, len(values) - 1, CURVE_POINTS).astype(np.int64))
    plot = figure.add_subplot()
    plot.plot(rows + 1, values[rows], linewidth=2.5)
    _scale(plot.yaxis, values)
    ends = ((0, "best", (25, 0)), (len(values) - 1, "worst", (-25, 0)))
    for row, word, offset in ends:
        text = f"{word}: {shown(values[row], '')}" + (f", {values[-1] / values[0]:.4g}x" if row and values[0] else "")
        plot.annotate(
            text,
            (row + 1, values[row]),
            offset,
            textcoords="offset points",
            ha="right" if row else "left",
            va="center",
            arrowprops={"arrowstyle": "->"},
        )
    plot.set_xlabel(f"machine, best first [1 to {len(values):,}]")
    plot.set_ylabel(headed(findings.space.metric, findings.space))


def _sensitivity(findings: Findings, figure: Any, axes: tuple[str, str] | None) -> None:
    """SimDIT Fig. 12: one choice at a time around the best machine, by unit."""
    groups: dict[str, list[Swing]] = {}
    for swing in findings.swings:
        axis = findings.space.axes[swing.axis]
        if len(axis.options) > 1:
            groups.setdefault(field_unit(axis.paths[0]) if len(axis.paths) == 1 else "", []).append(swing)
    if not groups:
        raise SimdcError("there is nothing to vary around the best machine")
    for place, (unit, swings) in enumerate(groups.items()):
        plot = figure.add_subplot(1, len(groups), place + 1)
        _curves(findings, plot, unit, swings)
        plot.set_xlabel(
            {"bit": "size [KiB]", "bit/cycle": "bandwidth [bit/cycle]", "": "choice"}.get(unit, f"value [{unit}]")
        )
        plot.set_ylabel(f"{findings.space.objective}, times the best machine's" if place == 0 else "")
        plot.legend(fontsize=11)


def _curves(findings: Findings, plot: Any, unit: str, swings: list[Swing]) -> None:
    names, least = short_names(findings.space), findings.objective(findings.best)
    ending = {"bit": "_bits", "bit/cycle": "_bits_per_cycle"}.get(unit, "")
    ticks: set[float] = set()
    for swing in swings:
        axis = findings.space.axes[swing.axis]
        numbers = [option[0] for option in axis.options if not isinstance(option[0], str)]
        x: list[Any] = list(axis.labels)
        if len(axis.paths) == 1 and len(numbers) == len(x):
            x = [number / (8192 if unit == "bit" else 1) for number in numbers]
            ticks |= set(x)
        label = names[axis.name].removesuffix(ending)
        (line,) = plot.plot(x, swing.values / least, marker="o", markersize=5, label=label)
        plot.plot(x[swing.chosen], 1.0, marker="o", markersize=11, color=line.get_color())
    if ticks and min(ticks) > 0 and max(ticks) > 3 * min(ticks):
        plot.set_xscale("log", base=2)
        # 20 values: every fourth is labelled, 5 labels; up to 6 values all are.
        few = sorted(ticks)[:: -(-len(ticks) // 6)]
        plot.set_xticks(few, [f"{tick:,g}" for tick in few])
    _scale(plot.yaxis, np.concatenate([swing.values / least for swing in swings]))


def _pareto(findings: Findings, figure: Any, axes: tuple[str, str] | None) -> None:
    """The front's first two columns over all machines; further columns make it a cloud of its own."""
    names, survey = findings.front_of, findings.survey
    if len(names) < 2:
        raise SimdcError("a front needs two metrics or sums: name them in 'pareto'", file=findings.space.file or None)
    some = np.unique(np.linspace(0, len(survey.numbers) - 1, 20_000).astype(np.int64))
    plot = figure.add_subplot()
    every: list[Any] = []
    front: list[Any] = []
    for name, axis, label in ((names[0], plot.yaxis, plot.set_ylabel), (names[1], plot.xaxis, plot.set_xlabel)):
        unit = unit_of(name, findings.space)
        scale = 8192 if unit == "bit" else 1
        every.append(survey.column(name)[some] / scale)
        front.append([(machine.values | machine.sums)[name] / scale for machine in findings.front])
        _scale(axis, every[-1])
        label(f"{name} [KiB]" if scale > 1 else headed(name, findings.space))
    plot.plot(every[1], every[0], ".", color="0.75", markersize=4, label="machines")
    plot.plot(front[1], front[0], "o", markersize=8, label=f"front of {', '.join(names)}")
    plot.legend(loc="upper right", fontsize=12)


def _map(findings: Findings, figure: Any, axes: tuple[str, str] | None) -> None:
    """The best objective for each pair of options of two choices."""
    space, names = findings.space, short_names(findings.space)
    if axes is None:
        several = [axis.name for axis in space.axes if len(axis.options) > 1]
        if len(several) < 2:
            raise SimdcError("a map needs two choices with several options")
        axes = (several[0], several[1])
    places: list[int] = []
    for name in axes:
        found = [place for place, axis in enumerate(space.axes) if name in (axis.name, names[axis.name])]
        if not found:
            raise SimdcError(f"there is no choice '{name[:80]}'; there are {', '.join(names.values())}", path="--map")
        places.append(found[0])
    least = landscape(findings.survey, places[0], places[1])
    plot = figure.add_subplot()
    # NaN, where no machine has both options, stays white.
    image = plot.imshow(least / findings.objective(findings.best), origin="lower", aspect="auto", cmap="viridis_r")
    for place, tick, label in (
        (places[1], plot.set_xticks, plot.set_xlabel),
        (places[0], plot.set_yticks, plot.set_ylabel),
    ):
        axis = space.axes[place]
        unit = field_unit(axis.paths[0]) if len(axis.paths) == 1 else ""
        texts = [shown(option[0], unit) for option in axis.options] if len(axis.paths) == 1 else list(axis.labels)
        tick(range(len(texts)), texts, rotation=45 if place == places[1] else 0)
        label(names[axis.name] + (f" [{unit}]" if unit and unit != "bit" else ""))
    plot.grid(False)
    figure.colorbar(image, label=f"least {findings.space.objective} there, times the best machine's")


KINDS: dict[str, Callable[[Findings, Any, tuple[str, str] | None], None]] = {
    "landscape": _landscape,
    "sensitivity": _sensitivity,
    "pareto": _pareto,
    "map": _map,
}
