"""The report as text for people. Every column head carries its unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simdc.cost.energy import Energy
from simdc.cost.result import Number

from .analysed_table import analysed_layers, levels_table
from .columns import PLAIN, Style, percent
from .heading import heading
from .language_text import language_table
from .model import LayerReport, Report, Totals, sum_layers
from .routing import routing_table
from .shapes import shape_text
from .stamp import footer_lines
from .units import DRAM, ENERGY, unit_for

COSTLIEST = 10


def render_table(
    report: Report, *, every_layer: bool = False, levels: bool = False, names: bool = False, style: Style = PLAIN
) -> str:
    """For people: totals, operators, the costliest layers or every one, and all levels of a model that has some. With
    `names` the head names what it counts."""
    layers, head = list(report.layers), "layer"
    if not every_layer:
        layers, head = sorted(layers, key=lambda layer: -layer.cost.cycles.total)[:COSTLIEST], "costliest layers"
    show = analysed_layers if any(layer.analysis is not None for layer in layers) else _layers
    parts = [
        heading(report, style, names=names),
        _totals(report, style),
        _training(report, style),
        language_table(report, style),
        routing_table(report.routing, report.hardware, style),
        _operators(report, style),
        show(report, layers, head, style),
    ]
    if levels:
        parts.append(levels_table(report, style))
    parts.append(style.lines(footer_lines(report.hardware, report.runs)))
    return "\n\n".join(part for part in parts if part) + "\n"


def render_markdown(report: Report, *, every_layer: bool = False, levels: bool = False, names: bool = False) -> str:
    """The same for a document, in Markdown."""
    style = Style(is_markdown=True)
    return render_table(report, every_layer=every_layer, levels=levels, names=names, style=style)


def _totals(report: Report, style: Style) -> str:
    units, both, hardware = list(report.by_unit.values()), report.total, report.hardware
    last = [f"{hardware.unit_names[-1]} share [%]"] if len(units) == 2 else []

    def row(label: str, value: Callable[[Totals], Number], digits: int = 0) -> list[str]:
        numbers = [value(total) for total in (*units, both)]
        *_, of_last, of_both = numbers
        return [label, *(f"{number:,.{digits}f}" for number in numbers), *[percent(of_last, of_both) for _ in last]]

    dram = unit_for([both.dram_bits.total], DRAM)
    rows = [
        row("compute [cycle]", lambda total: total.cycles.compute),
        row("stall [cycle]", lambda total: total.cycles.stall),
        row("runtime [cycle]", lambda total: total.cycles.total),
        row(f"DRAM [{dram.name}]", lambda total: total.dram_bits.total / dram.size, dram.digits),
    ]
    # No layer runs without its buffers: nothing there means that the model does not count it.
    if both.sram_bits.total or not report.layers:
        sram = unit_for([both.sram_bits.total], DRAM)
        rows.append(row(f"SRAM [{sram.name}]", lambda total: total.sram_bits.total / sram.size, sram.digits))
    if hardware.has_prices:
        energy = unit_for([both.energy.total], ENERGY)
        rows.append(row(f"energy [{energy.name}]", lambda total: total.energy.total / energy.size, energy.digits))
    power = f"average power {both.average_power_w(hardware):,.3g} W, " if hardware.has_prices else ""
    table = style.table(["total", *report.by_unit, "both" if len(units) == 2 else "all", *last], rows, left=1)
    lines = [
        f"runtime {both.runtime_s(hardware) * 1e3:,.4g} ms at {hardware.clock_ns} ns, "
        f"{power}array utilization {100 * report.utilization():.1f} %",
    ]
    if hardware.has_prices:
        lines.append(f"energy: {_energy_shares(both.energy)}")
    return f"{table}{style.below}{style.lines(lines)}"


def _energy_shares(energy: Energy) -> str:
    return ", ".join(
        f"{label} {100 * part / energy.total if energy.total else 0:.1f} %"
        for label, part in (
            ("systolic array", energy.systolic),
            ("SIMD array", energy.simd),
            ("SRAM", energy.sram),
            ("DRAM", energy.dram),
        )
    )


def _energy_cells(report: Report, *cells: str) -> list[str]:
    """The cells, or none on a machine without energy prices."""
    return list(cells) if report.hardware.has_prices else []


def _training(report: Report, style: Style) -> str:
    """The parts of a training iteration, and what it keeps in DRAM."""
    memory = report.memory
    if memory is None:
        return ""
    whole = report.total.cycles.total
    dram = unit_for([total.dram_bits.total for total in report.by_step.values()], DRAM)
    energy = unit_for([total.energy.total for total in report.by_step.values()], ENERGY)
    rows = [
        [
            step.replace("_", " "),
            f"{total.cycles.compute:,.0f}",
            f"{total.cycles.stall:,.0f}",
            f"{total.cycles.total:,.0f}",
            percent(total.cycles.total, whole),
            dram.text(total.dram_bits.total),
            *_energy_cells(report, energy.text(total.energy.total)),
        ]
        for step, total in report.by_step.items()
    ]
    heads = ["step", "compute [cycle]", "stall [cycle]", "runtime [cycle]", "share [%]", f"DRAM [{dram.name}]"]
    heads += _energy_cells(report, f"energy [{energy.name}]")
    kept = [
        ("weights", memory.weights),
        ("their gradients", memory.gradients),
        ("optimizer state", memory.state),
        ("statistics and masks", memory.statistics),
        ("kept from forward to backward", memory.kept),
        (f"peak, at {memory.peak_layer}", memory.peak),
    ]
    footprint = style.table(
        ["DRAM footprint", "[MiB]"], [[what, f"{size / 2**20:,.2f}"] for what, size in kept], left=1
    )
    spare = ["stall [cycle]", "compute [cycle]"]
    return style.table(heads, rows, left=1, spare=spare) + "\n\n" + footprint


def _operators(report: Report, style: Style) -> str:
    whole = report.total.cycles.total
    by_op: dict[str, list[LayerReport]] = {}
    for layer in report.layers:
        by_op.setdefault(layer.operator, []).append(layer)
    sums = {op: sum_layers(layers) for op, layers in by_op.items()}
    dram = unit_for([total.dram_bits.total for total in sums.values()], DRAM)
    energy = unit_for([total.energy.total for total in sums.values()], ENERGY)
    rows = [
        [
            op,
            f"{len(by_op[op])}",
            f"{total.cycles.total:,.0f}",
            percent(total.cycles.total, whole),
            dram.text(total.dram_bits.total),
            *_energy_cells(report, energy.text(total.energy.total)),
        ]
        for op, total in sorted(sums.items(), key=lambda item: -item[1].cycles.total)
    ]
    in_energy = _energy_cells(report, f"energy [{energy.name}]")
    in_dram = f"DRAM [{dram.name}]"
    heads = ["operator", "layers", "runtime [cycle]", "share [%]", in_dram, *in_energy]
    return style.table(heads, rows, left=1, spare=[*in_energy, in_dram, "layers"])


def _layers(report: Report, layers: Sequence[LayerReport], head: str, style: Style) -> str:
    whole = report.total.cycles.total
    dram = unit_for([layer.cost.dram_bits.total for layer in layers], DRAM)
    energy = unit_for([layer.energy.total for layer in layers], ENERGY)
    rows: list[list[str]] = []
    for layer in layers:
        utilization = layer.utilization(report.hardware)
        rows.append(
            [
                layer.name,
                layer.operator,
                shape_text(layer.kernel),
                f"{layer.cost.cycles.compute:,.0f}",
                f"{layer.cost.cycles.stall:,.0f}",
                f"{layer.cost.cycles.total:,.0f}",
                percent(layer.cost.cycles.total, whole),
                dram.text(layer.cost.dram_bits.total),
                *_energy_cells(report, energy.text(layer.energy.total)),
                "-" if utilization is None else f"{100 * utilization:.1f}",
                layer.bound_by,
            ]
        )
    in_dram, in_energy = f"DRAM [{dram.name}]", f"energy [{energy.name}]"
    heads = [head, "operator", "shape", "compute [cycle]", "stall [cycle]", "runtime [cycle]", "share [%]", in_dram]
    heads += [*_energy_cells(report, in_energy), "utilization [%]", "bound by"]
    # What a reader misses least goes first: compute and stall are the runtime, which its bound explains.
    spare = ["stall [cycle]", "compute [cycle]", in_energy, "operator", in_dram, "utilization [%]", "bound by", "shape"]
    return style.table(heads, rows, left=3, right_text=1, spare=spare)
