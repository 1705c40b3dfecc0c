"""The report as text for people. Every column head carries its unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import fill

from simdc.cost.energy import Energy
from simdc.cost.result import Number, add_up

from .analysed_table import analysed_layers, levels_table
from .columns import columns, percent
from .language_text import language_table
from .model import LayerReport, Report, Totals, sum_layers
from .routing import routing_table
from .searched import sentence
from .stamp import footer

BITS_PER_KIB = 8192
COSTLIEST = 10
NAMES_SHOWN = 24
FOLDED_SHOWN = 4
"""More than that are most often all batch norms of the network, which nobody wants to read by name."""
WIDTH = 110


def render_table(report: Report, *, every_layer: bool = False, levels: bool = False) -> str:
    """For people: totals, operators, the costliest layers or every one, and all levels of a model that has some."""
    layers, head = list(report.layers), "layer"
    if not every_layer:
        layers, head = sorted(layers, key=lambda layer: -layer.cost.cycles.total)[:COSTLIEST], "costliest layers"
    show = analysed_layers if any(layer.analysis is not None for layer in layers) else _layers
    parts = [
        _heading(report),
        _totals(report),
        _training(report),
        language_table(report),
        routing_table(report.routing, report.hardware),
        _operators(report),
        show(report, layers, head),
    ]
    if levels:
        parts.append(levels_table(report))
    parts.append(footer(report.hardware, report.runs))
    return "\n\n".join(part for part in parts if part) + "\n"


def _heading(report: Report) -> str:
    lines = [
        f"{report.network}: {report.phase}, batch {report.batch}, on {report.hardware.title}, model {report.model}",
        f"{report.parameters:,} parameters, {report.macs:,} MACs",
        fill(_coverage(report), WIDTH, subsequent_indent="  ", break_on_hyphens=False),
    ]
    searched = {layer.kernel: layer.searched for layer in report.layers if layer.searched is not None}
    if searched:
        lines.append(fill(sentence(list(searched.values())), WIDTH, subsequent_indent="  "))
    lines += [fill(f"note: {note}", WIDTH, subsequent_indent="  ", break_on_hyphens=False) for note in report.notes]
    alike: dict[tuple[str, str], list[str]] = {}
    for name, op, reason in report.uncosted:
        alike.setdefault((op, reason), []).append(name)
    for (op, reason), names in alike.items():
        lines.append(f"NOT COSTED, missing from every sum: {_listing(names)} ({op}): {reason}")
    return "\n".join(lines)


def _listing(names: Sequence[str]) -> str:
    """The names, the first of them where there are many."""
    shown = list(names[:NAMES_SHOWN])
    if len(names) > NAMES_SHOWN:
        shown.append(f"{len(names) - NAMES_SHOWN} more, named by --format json")
    return ", ".join(shown)


def _coverage(report: Report) -> str:
    folded = [name for layer in report.layers for name in layer.folded]
    costed = sum(max(len(layer.members), 1) for layer in report.layers)
    nodes = costed + len(report.free) + len(report.uncosted) + len(folded) + len(report.merged)
    text = f"{nodes} node{'' if nodes == 1 else 's'}: {costed} costed"
    if costed != len(report.layers):
        text += f" in {len(report.layers)} hardware layers"
    if folded:
        text += f", {len(folded)} folded into the layers before them"
        if len(folded) <= FOLDED_SHOWN:
            parts = [f"{name} (in {layer.name})" for layer in report.layers for name in layer.folded]
            text += f": {', '.join(parts)}"
    if report.merged:
        names = _listing([f"{name} (in {into})" for name, into in report.merged])
        text += f", {len(report.merged)} part of another layer: {names}"
    if report.free:
        verb = "costs" if len(report.free) == 1 else "cost"
        text += f", {len(report.free)} {verb} nothing: {_listing([f'{name} ({op})' for name, op in report.free])}"
    if report.uncosted:
        text += f", {len(report.uncosted)} NOT COSTED"
    return text


def _totals(report: Report) -> str:
    units, both, hardware = list(report.by_unit.values()), report.total, report.hardware
    last = [f"{hardware.unit_names[-1]} share [%]"] if len(units) == 2 else []

    def row(label: str, value: Callable[[Totals], Number], digits: int = 0) -> list[str]:
        numbers = [value(total) for total in (*units, both)]
        *_, of_last, of_both = numbers
        return [label, *(f"{number:,.{digits}f}" for number in numbers), *[percent(of_last, of_both) for _ in last]]

    rows = [
        row("compute [cycle]", lambda total: total.cycles.compute),
        row("stall [cycle]", lambda total: total.cycles.stall),
        row("runtime [cycle]", lambda total: total.cycles.total),
        row("DRAM [KiB]", lambda total: total.dram_bits.total / BITS_PER_KIB, 1),
    ]
    # No layer runs without its buffers: nothing there means that the model does not count it.
    if both.sram_bits.total or not report.layers:
        rows.append(row("SRAM [KiB]", lambda total: total.sram_bits.total / BITS_PER_KIB, 1))
    if hardware.has_prices:
        rows.append(row("energy [uJ]", lambda total: total.energy.total / 1e6, 1))
    power = f"average power {both.average_power_w(hardware):,.3g} W, " if hardware.has_prices else ""
    lines = [
        columns(["total", *report.by_unit, "both" if len(units) == 2 else "all", *last], rows, left=1),
        f"runtime {both.runtime_s(hardware) * 1e3:,.4g} ms at {hardware.clock_ns} ns, "
        f"{power}array utilization {100 * report.utilization():.1f} %",
    ]
    if hardware.has_prices:
        lines.append(f"energy: {_energy_shares(both.energy)}")
    return "\n".join(lines)


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


def _training(report: Report) -> str:
    """The parts of a training iteration, and what it keeps in DRAM."""
    memory = report.memory
    if memory is None:
        return ""
    whole = report.total.cycles.total
    rows = [
        [
            step.replace("_", " "),
            f"{total.cycles.compute:,.0f}",
            f"{total.cycles.stall:,.0f}",
            f"{total.cycles.total:,.0f}",
            percent(total.cycles.total, whole),
            f"{total.dram_bits.total / BITS_PER_KIB:,.1f}",
            *_energy_cells(report, f"{total.energy.total / 1e6:,.1f}"),
        ]
        for step, total in report.by_step.items()
    ]
    heads = ["step", "compute [cycle]", "stall [cycle]", "runtime [cycle]", "share [%]", "DRAM [KiB]"]
    heads += _energy_cells(report, "energy [uJ]")
    kept = [
        ("weights", memory.weights),
        ("their gradients", memory.gradients),
        ("optimizer state", memory.state),
        ("statistics and masks", memory.statistics),
        ("kept from forward to backward", memory.kept),
        (f"peak, at {memory.peak_layer}", memory.peak),
    ]
    footprint = columns(["DRAM footprint", "[MiB]"], [[what, f"{size / 2**20:,.2f}"] for what, size in kept], left=1)
    return columns(heads, rows, left=1) + "\n\n" + footprint


def _operators(report: Report) -> str:
    whole = report.total.cycles.total
    rows: list[list[str]] = []
    by_op: dict[str, list[LayerReport]] = {}
    for layer in report.layers:
        by_op.setdefault(layer.operator, []).append(layer)
    for op, layers in sorted(by_op.items(), key=lambda item: -add_up(layer.cost.cycles.total for layer in item[1])):
        total = sum_layers(layers)
        rows.append(
            [
                op,
                f"{len(layers)}",
                f"{total.cycles.total:,.0f}",
                percent(total.cycles.total, whole),
                f"{total.dram_bits.total / BITS_PER_KIB:,.1f}",
                *_energy_cells(report, f"{total.energy.total / 1e6:,.1f}"),
            ]
        )
    energy = _energy_cells(report, "energy [uJ]")
    heads = ["operator", "layers", "runtime [cycle]", "share [%]", "DRAM [KiB]", *energy]
    return columns(heads, rows, left=1) if rows else ""


def _layers(report: Report, layers: Sequence[LayerReport], head: str) -> str:
    whole = report.total.cycles.total
    rows: list[list[str]] = []
    for layer in layers:
        utilization = layer.utilization(report.hardware)
        rows.append(
            [
                layer.name,
                layer.operator,
                f"{layer.cost.cycles.compute:,.0f}",
                f"{layer.cost.cycles.stall:,.0f}",
                f"{layer.cost.cycles.total:,.0f}",
                percent(layer.cost.cycles.total, whole),
                f"{layer.cost.dram_bits.total / BITS_PER_KIB:,.1f}",
                *_energy_cells(report, f"{layer.energy.total / 1e6:,.2f}"),
                "-" if utilization is None else f"{100 * utilization:.1f}",
                layer.bound_by,
            ]
        )
    heads = [
        head,
        "operator",
        "compute [cycle]",
        "stall [cycle]",
        "runtime [cycle]",
        "share [%]",
        "DRAM [KiB]",
        *_energy_cells(report, "energy [uJ]"),
        "utilization [%]",
        "bound by",
    ]
    return columns(heads, rows, left=2, right_text=1) if rows else ""
