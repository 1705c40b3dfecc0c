"""What the charts of a report show, before anything is drawn: roofs and dots of a roofline, bars of levels."""

from __future__ import annotations

from collections.abc import Iterable

from simdc.cost.analysis import Analysis
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model import Uncosted
from simdc.cost.result import Number, add_up
from simdc.cost.spread import spread_of
from simdc.cost.tiling import TilingError
from simdc.named import NamedTuple

from .analysed import analyst
from .model import LayerReport, Report

ROOFS = "roofline{bytes=schedule}"

BARS = 20
"""More are not read; the others are one bar together."""


class Roof(NamedTuple):
    """What a unit can do with the memory behind it: `min(peak, intensity * bytes_per_cycle)` operations a cycle."""

    unit: str
    peak: float
    bytes_per_cycle: float

    @property
    def ridge(self) -> float:
        """Operations a byte, from which on the unit binds."""
        return self.peak / self.bytes_per_cycle


class Dot(NamedTuple):
    """Layers that lie on one spot, with their share of the whole time. `intensity` in operations a byte, the others in
    operations a cycle: below what is `attainable` lies the `ceiling` of the unit alone, where layers leave rows or
    granules idle or have few pixels, and below that what they `achieved`. `binding` is the root cause."""

    unit: str
    binding: str
    intensity: float
    attainable: float
    ceiling: float
    achieved: float
    names: tuple[str, ...] = ()
    share: float = 0.0


class RooflineChart(NamedTuple):
    """`left_out` are layers that have no place on it: without a price, or without operations or bytes."""

    roofs: tuple[Roof, ...]
    dots: tuple[Dot, ...]
    left_out: tuple[str, ...]


class LevelBar(NamedTuple):
    """Layers with equal cycles at all levels: their number of cycles, all together, at each."""

    names: tuple[str, ...]
    cycles: tuple[Number, ...]


def under_roofs(report: Report) -> Report:
    """The report with what it lacks for a roofline where its own model analyses nothing: the bytes that its schedule
    moves, what is attainable with these, and what each layer achieves by the model of the report."""
    if any(layer.analysis is not None for layer in report.layers):
        return report
    analyse = analyst(ROOFS, report.phase, report.hardware)
    if analyse is None:
        return report

    def under(layer: LayerReport) -> LayerReport:
        cycles = layer.cost.cycles.total
        try:
            found = analyse(layer.kernel, layer.tiling)
        except (Uncosted, TilingError):
            # Two arrays at once have no one roof.
            return layer
        if found is None or not cycles:
            return layer
        return layer._replace(analysis=found._replace(achieved=found.operations / cycles, binding=layer.bound_by))

    return report._replace(layers=tuple(under(layer) for layer in report.layers))


def roofline_chart(report: Report) -> RooflineChart:
    """The costliest layers first; roofs of the units that run them."""
    whole = report.total.cycles.total
    roofs: dict[Roof, None] = {}
    spots: dict[Dot, list[LayerReport]] = {}
    left_out = [name for name, _, _ in report.uncosted]
    for layer in report.layers:
        found = layer.analysis
        if found is None or not (found.intensity > 0 and found.achieved > 0):
            left_out.append(layer.name)
            continue
        unit = str(layer.unit)
        # To nine digits: units behind one memory have one slope, however their quotients were rounded.
        roofs[Roof(unit, found.peak, float(f"{found.peak / found.ridge:.9g}"))] = None
        rates = (found.attainable, _ceiling(found, layer, report.hardware), found.achieved)
        spots.setdefault(Dot(unit, found.binding, found.intensity, *rates), []).append(layer)
    dots = [
        spot._replace(names=tuple(layer.name for layer in layers), share=_cycles(layers) / whole)
        for spot, layers in spots.items()
    ]
    return RooflineChart(tuple(roofs), tuple(sorted(dots, key=lambda dot: -dot.share)), tuple(left_out))


def _ceiling(found: Analysis, layer: LayerReport, hardware: AnyMachine) -> float:
    """Operations a cycle if the layer waited for its unit only. It lies below what a model achieves that does not look
    at idle rows."""
    # nv_small's array holds weights for 8 cycles at least, also for one pixel: an eighth of the peak, which only its
    # term says.
    operations = dict(layer.cost.ops)
    ceilings = [found.attainable, found.peak * _filled(layer.kernel, hardware)]
    if "mac_executed" in operations:
        ceilings.append(found.peak * operations["mac"] / operations["mac_executed"])
    ceilings += [found.operations / cycles for name, cycles in found.terms if name in ("mac", layer.unit) and cycles]
    return min(ceilings)


def _filled(kernel: Kernel, hardware: AnyMachine) -> float:
    """The share of a systolic array that a contraction's channels fill."""
    if not (isinstance(hardware, Hardware) and isinstance(kernel, Contraction)):
        return 1.0
    return spread_of(kernel, hardware.systolic).filled(kernel.bounds)


def _cycles(layers: Iterable[LayerReport]) -> Number:
    return add_up(layer.cost.cycles.total for layer in layers)


def level_bars(report: Report) -> tuple[LevelBar, ...]:
    """All layers, then those that take longest by the last level, and what is left of them as one bar."""
    equal: dict[tuple[Number, ...], list[str]] = {}
    for layer in report.layers:
        if layer.analysis is not None and any(layer.analysis.levels):
            equal.setdefault(layer.analysis.levels, []).append(layer.name)
    bars = [LevelBar(tuple(names), tuple(len(names) * cycles for cycles in levels)) for levels, names in equal.items()]
    bars.sort(key=lambda bar: -bar.cycles[-1])
    shown, others = bars[:BARS], bars[BARS:]
    return (_together(bars), *shown, *([_together(others)] if others else []))


def _together(bars: list[LevelBar]) -> LevelBar:
    names = tuple(name for bar in bars for name in bar.names)
    return LevelBar(names, tuple(add_up(column) for column in zip(*(bar.cycles for bar in bars), strict=True)))
