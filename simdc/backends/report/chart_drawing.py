"""Charts of a report drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO

from simdc.pictures import write_picture

from .chart import Dot, LevelBar, RooflineChart, level_bars, roofline_chart, under_roofs
from .chart_run import draw_energy, draw_layers, draw_memory
from .model import Report

NAMED = 6
"""Dots that get a name beside them: those where most time goes."""
NAME_CHARACTERS = 24
LARGEST_POINTS = 1500.0
"""Area of a dot in square points if all time went there."""
SMALLEST_POINTS = 16.0


def draw(report: Report, kind: str, stream: BinaryIO, path: str) -> None:
    """Write the picture in the format that `path` ends in. Raises OSError when the stream cannot be written."""
    title = f"{report.network}, {report.batch_text}, on {report.hardware.title}, model {report.model}"
    write_picture(partial(KINDS[kind], report), title, stream, path)


def _roofline(report: Report, figure: Any) -> None:
    chart, clock_ns = roofline_chart(under_roofs(report)), report.hardware.clock_ns
    plot = figure.add_subplot()
    if not chart.dots:
        plot.text(0.5, 0.5, "no layer has operations and bytes", ha="center", transform=plot.transAxes)
        return
    _roofs(plot, chart, clock_ns)
    for place, binding in enumerate(dict.fromkeys(dot.binding for dot in chart.dots)):
        _dots(plot, [dot for dot in chart.dots if dot.binding == binding], binding, f"C{place}", clock_ns)
    _names(plot, chart, clock_ns)
    plot.set(xscale="log", yscale="log", ylabel="rate [Gop/s]")
    plot.set_ylim(top=3 * max(roof.peak for roof in chart.roofs) / clock_ns)
    plot.set_xlabel("intensity [op/B of DRAM]")
    plot.legend(
        title="root cause", fontsize=9, title_fontsize=10, markerscale=0.5, loc="upper left", bbox_to_anchor=(1.01, 1.0)
    )


def _names(plot: Any, chart: RooflineChart, clock_ns: float) -> None:
    """Numbers below the costliest dots, by turns at three heights, and whose they are beside the picture."""
    listed = [
        f"{number} {_named(dot.names)}: {100 * dot.share:.1f} %" for number, dot in enumerate(chart.dots[:NAMED], 1)
    ]
    listed += ["", "full: attainable, area: share of time", "dash: what the unit allows", "hollow: achieved"]
    if chart.left_out:
        listed.append(f"not drawn: {_named(chart.left_out)}")
    plot.text(1.02, 0.0, "\n".join(listed), transform=plot.transAxes, fontsize=9, va="bottom")
    named = sorted(enumerate(chart.dots[:NAMED], 1), key=lambda each: each[1].intensity)
    for turn, (number, dot) in enumerate(named):
        below = (0, -17 - 10 * (turn % 3))
        place = (dot.intensity, dot.achieved / clock_ns)
        plot.annotate(str(number), place, below, textcoords="offset points", ha="center", fontsize=9)


def _roofs(plot: Any, chart: RooflineChart, clock_ns: float) -> None:
    """From left of all dots and ridges to right of them; what several units share is drawn once."""
    places = [dot.intensity for dot in chart.dots] + [roof.ridge for roof in chart.roofs]
    left, right = min(places) / 2, max(places) * 2
    for width in dict.fromkeys(roof.bytes_per_cycle for roof in chart.roofs):
        ridge = max(roof.ridge for roof in chart.roofs if roof.bytes_per_cycle == width)
        plot.plot([left, ridge], [left * width / clock_ns, ridge * width / clock_ns], color="0.4", linewidth=1.5)
        text = f"DRAM: {width / clock_ns:,.4g} GB/s"
        plot.annotate(text, (left, left * width / clock_ns), (16, 0), textcoords="offset points", fontsize=10)
    units: dict[tuple[float, float], list[str]] = {}
    for roof in chart.roofs:
        units.setdefault((roof.peak / clock_ns, roof.ridge), []).append(roof.unit)
    for (peak, ridge), names in units.items():
        plot.plot([ridge, right], [peak, peak], color="0.4", linewidth=1.5)
        plot.plot(ridge, peak, "|", color="0.4", markersize=12)
        text = f"{', '.join(names)}: {peak:,.4g} Gop/s, ridge {ridge:,.4g} op/B"
        # A ridge in the right half leaves no room to its right.
        end, side = (right, "right") if ridge * ridge > left * right else (ridge, "left")
        plot.annotate(text, (end, peak), (0, 16), textcoords="offset points", ha=side, fontsize=10)


def _dots(plot: Any, dots: list[Dot], binding: str, color: str, clock_ns: float) -> None:
    x = [dot.intensity for dot in dots]
    attainable, ceiling, achieved = (
        [getattr(dot, rate) / clock_ns for dot in dots] for rate in ("attainable", "ceiling", "achieved")
    )
    areas = [max(LARGEST_POINTS * dot.share, SMALLEST_POINTS) for dot in dots]
    share = 100 * sum(dot.share for dot in dots)
    plot.vlines(x, achieved, attainable, color=color, linewidth=1, alpha=0.5)
    plot.scatter(x, attainable, areas, color=color, alpha=0.6, linewidth=0, label=f"{binding}, {share:.1f} % of time")
    plot.scatter(x, ceiling, 150, color=color, marker="_", linewidth=2)
    plot.scatter(x, achieved, 45, facecolors="white", edgecolors=color, linewidth=1.5, zorder=3)


def _levels(report: Report, figure: Any) -> None:
    bars = level_bars(report)
    plot = figure.add_subplot()
    labels = [_label(bar, place, bars[0]) for place, bar in enumerate(bars)]
    before = [0.0 for _ in bars]
    for level in range(len(bars[0].cycles)):
        after = [100 * bar.cycles[level] / bar.cycles[-1] for bar in bars]
        widths = [end - begin for begin, end in zip(before, after, strict=True)]
        name = f"level {level}" if level == 0 else f"+ level {level}"
        plot.barh(range(len(bars)), widths, left=before, color=f"C{level}", label=name)
        before = after
    plot.set_yticks(range(len(bars)), labels, fontsize=10)
    plot.invert_yaxis()
    plot.grid(axis="y", visible=False)
    plot.set_xlabel(f"cycles, of those at level {len(bars[0].cycles) - 1} [%]")
    figure.legend(fontsize=10, ncols=len(bars[0].cycles), loc="outside lower center", frameon=False)


def _label(bar: LevelBar, place: int, whole: LevelBar) -> str:
    cycles, share = bar.cycles[-1], 100 * bar.cycles[-1] / whole.cycles[-1]
    if place == 0:
        return f"all {len(bar.names)} layers: {cycles:,.0f} cycles"
    return f"{_named(bar.names)}: {share:.1f} %"


def _named(names: tuple[str, ...]) -> str:
    first, *others = names
    first = first if len(first) <= NAME_CHARACTERS else f"{first[: NAME_CHARACTERS - 1]}\N{HORIZONTAL ELLIPSIS}"
    return f"{first} and {len(others)} more" if others else first


def _alone(draw_one: Callable[[Report, Any], None]) -> Callable[[Report, Any], None]:
    return lambda report, figure: draw_one(report, figure.add_subplot())


def _run(report: Report, figure: Any) -> None:
    """Layers, roofline, energy and memory on one page."""
    figure.set_size_inches(16, 11)
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.1])
    upper, lower = left.subfigures(2, 1)
    draw_layers(report, upper.add_subplot())
    draw_energy(report, lower.add_subplot())
    upper, lower = right.subfigures(2, 1)
    _roofline(report, upper)
    draw_memory(report, lower.add_subplot())


KINDS: dict[str, Callable[[Report, Any], None]] = {
    "run": _run,
    "layers": _alone(draw_layers),
    "energy": _alone(draw_energy),
    "memory": _alone(draw_memory),
    "roofline": _roofline,
    "levels": _levels,
}
