"""One run as pictures: which layers take the time, where energy goes, what DRAM holds, and all on one page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simdc.cost.result import Number
from simdc.named import NamedTuple

from .model import LayerReport, Report, sum_layers

BARS = 15
"""More are not read; the others are one bar together."""
NAME_CHARACTERS = 22
PARTS = ("systolic", "simd", "sram", "dram")
"""Of an energy."""


class Bar(NamedTuple):
    """A layer, or several: its name and parts."""

    name: str
    parts: tuple[Number, ...]


def layer_bars(report: Report) -> list[Bar]:
    """Cycles of compute and stall: the costliest first, the others together at the end."""
    ranked = sorted(report.layers, key=lambda layer: -layer.cost.cycles.total)
    return _with_others([(layer.name, [layer]) for layer in ranked], lambda total: tuple(total.cycles))


def energy_bars(report: Report) -> list[Bar]:
    """pJ of `PARTS` by operator, the most first."""
    groups: dict[str, list[LayerReport]] = {}
    for layer in report.layers:
        groups.setdefault(layer.operator, []).append(layer)
    ranked = sorted(groups.items(), key=lambda group: -sum_layers(group[1]).energy.total)
    return _with_others(ranked, lambda total: tuple(getattr(total.energy, part) for part in PARTS))


def _with_others(ranked: list[tuple[str, list[LayerReport]]], parts: Callable[[Any], tuple[Number, ...]]) -> list[Bar]:
    shown, left = ranked[:BARS], ranked[BARS:]
    others = [layer for _, layers in left for layer in layers]
    groups = [*shown, *([(f"{len(left)} others", others)] if others else [])]
    return [Bar(name, parts(sum_layers(layers))) for name, layers in groups]


def memory_steps(report: Report) -> list[tuple[float, int]]:
    """(when each layer begins in ms, bytes alive in DRAM while it runs), in order of the program, and the end."""
    alive = report.around.alive_bytes()
    steps: list[tuple[float, int]] = []
    now, ms = 0.0, report.hardware.clock_ns * 1e-6
    for layer in report.layers:
        steps.append((now, alive.get(layer.name, steps[-1][1] if steps else 0)))
        now += layer.cost.cycles.total * ms
    return [*steps, (now, steps[-1][1] if steps else 0)]


def draw_layers(report: Report, plot: Any) -> None:
    ms = report.hardware.clock_ns * 1e-6
    bars = [bar._replace(parts=tuple(part * ms for part in bar.parts)) for bar in layer_bars(report)]
    _stacked(plot, bars, ("compute", "stall"), "runtime [ms]")


def draw_energy(report: Report, plot: Any) -> None:
    if not report.hardware.has_prices:
        plot.text(0.5, 0.5, f"{report.hardware.name} has no energy prices", ha="center", transform=plot.transAxes)
        plot.set_axis_off()
        return
    bars = [bar._replace(parts=tuple(part / 1e6 for part in bar.parts)) for bar in energy_bars(report)]
    _stacked(plot, bars, ("systolic array", "SIMD array", "SRAM", "DRAM"), "energy [uJ]")


def draw_memory(report: Report, plot: Any) -> None:
    steps = memory_steps(report)
    times, sizes = [time for time, _ in steps], [size / 2**20 for _, size in steps]
    plot.fill_between(times, sizes, step="post", alpha=0.3, linewidth=0)
    plot.step(times, sizes, where="post")
    plot.set(xlabel="time [ms]", ylabel="alive in DRAM [MiB]", ylim=(0, None))


def _stacked(plot: Any, bars: list[Bar], labels: tuple[str, ...], unit: str) -> None:
    before = [0.0] * len(bars)
    for place, label in enumerate(labels):
        widths = [bar.parts[place] for bar in bars]
        plot.barh(range(len(bars)), widths, left=before, color=f"C{place}", label=label)
        before = [begin + width for begin, width in zip(before, widths, strict=True)]
    plot.set_yticks(range(len(bars)), [_short(bar.name) for bar in bars], fontsize=9)
    plot.invert_yaxis()
    plot.grid(axis="y", visible=False)
    plot.set_xlabel(unit)
    plot.legend(fontsize=9)


def _short(name: str) -> str:
    return name if len(name) <= NAME_CHARACTERS else f"{name[: NAME_CHARACTERS - 1]}\N{HORIZONTAL ELLIPSIS}"
