"""The explanation of a layer as text for people."""

from __future__ import annotations

from simdc.cost.account import CyclePart
from simdc.cost.result import Number
from simdc.diagnosis import Explanation, Remedy

from .columns import PLAIN, Style, percent
from .machine_text import dimensions
from .model import BINDS, LayerReport

LEAST = 0.0005
"""Of the cycles, to have a row."""
TRIED = ["tried", "[cycle]", "saved [%]", "note"]
WORDS = {
    "steps": "steps: the array multiplies",
    "folds": "folds: weights load, sums wait",
    "fill": "fill: each tile's way through the array or the lanes",
    "lanes": "lanes: code between the products, its fill with it",
    "instructions": "instructions on the lanes",
    "loops of one instruction": "loops of one instruction each are set up",
    "waits between instructions": "an instruction waits for the one before it",
    "path between the arrays": "path between the arrays",
    "first load": "first load: nothing computes yet",
    "last store": "last store: nothing computes any more",
    "latency of DRAM": "DRAM answers late: the lanes wait",
    "wait": "wait for the {port}",
    "transfers": "{port}: in turn with the lanes",
}
"""Of parts, by their names."""


def explanation_text(layer: LayerReport, explanation: Explanation, style: Style = PLAIN) -> str:
    """Head, what the cycles went to, how full the machine was, what would help."""
    parts = [
        style.lines(_head(layer, explanation)),
        _parts(explanation, style),
        _fullness(explanation, style),
        _remedies(explanation, style),
    ]
    parts.append(style.lines([f"note: {remark}" for remark in explanation.remarks]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(layer: LayerReport, explanation: Explanation) -> list[str]:
    cost, hardware = explanation.cost, explanation.hardware
    total = cost.cycles.total
    form = f" as {explanation.form}" if explanation.form else ""
    sizes = ", ".join(f"{name} {size}" for name, size in dimensions(explanation.kernel).items())
    tiled = {
        name: size for name, size in explanation.tiling.as_dict().items() if size < explanation.kernel.bounds[name]
    }
    tiles = ", ".join(f"{name} {size}" for name, size in tiled.items()) or "one tile"
    lines = [
        f"{layer.name}: {explanation.kernel.kind}{form} on {hardware.title}, model {explanation.model}",
        f"{total:,.0f} cycles, {total * hardware.clock_ns * 1e-3:,.4g} us, bound by {layer.bound_by}",
        f"loops: {sizes}",
        f"tiles: {tiles}",
    ]
    if explanation.least:
        # Another form may take fewer, and a search that goes through schedules proves more than sizes tell.
        lines.append(f"by its sizes alone, no schedule{form} takes fewer than {explanation.least:,.0f} cycles")
    return lines


def _parts(explanation: Explanation, style: Style) -> str:
    total = explanation.cost.cycles.total
    rows = [[part_in_words(part), f"{part.cycles:,.0f}", percent(part.cycles, total)] for part in explanation.parts]
    return style.table(
        ["what the cycles went to", "[cycle]", "share [%]"], [*rows, ["all", f"{total:,.0f}", "100.0"]], left=1
    )


def part_in_words(part: CyclePart) -> str:
    return WORDS.get(part.name, part.name).format(port=BINDS.get(part.port, part.port))


def _fullness(explanation: Explanation, style: Style) -> str:
    """Shares while something works; buffers against what they hold at a time; ports over the whole layer."""
    rows = [[each.name, f"{100 * each.share:.1f}", f"while it works ({each.field})"] for each in explanation.fills]
    for room in explanation.rooms:
        told = f"{_bits(room.need_bits)} of {_bits(room.limit_bits)} ({room.field})"
        rows.append([room.buffer, percent(room.need_bits, room.limit_bits), told])
    total = explanation.cost.cycles.total
    for name, busy in explanation.cost.busy._asdict().items():
        if busy:
            rows.append([BINDS[name], percent(busy, total), f"busy {busy:,.0f} of {total:,.0f} cycles"])
    return style.table(["how full", "[%]", "at a time"], rows, left=1, right_text=1)


def _remedies(explanation: Explanation, style: Style) -> str:
    """What was tried, from the most that is saved on; what changes nothing by name, as is what makes it longer."""
    worth = LEAST * explanation.cost.cycles.total
    told = [remedy for remedy in explanation.remedies if remedy.kind != "machine" or explanation.saved(remedy) > worth]
    rows = [_row(explanation, remedy) for remedy in told]
    table, lines = style.table(TRIED, rows, left=1, right_text=1, spare=["note"]), list[str]()
    others = [remedy for remedy in explanation.remedies if remedy not in told]
    for verb, found in (
        ("hardly any help", [remedy.setting for remedy in others if explanation.saved(remedy) > 0]),
        ("no help", [remedy.setting for remedy in others if explanation.saved(remedy) == 0]),
        ("slower with", [remedy.setting for remedy in others if explanation.saved(remedy) < 0]),
    ):
        if found:
            lines.append(f"{verb}: {', '.join(found)}")
    lines += [f"not as {form}: {why}" for form, why in explanation.refused]
    return style.below.join(part for part in (table, style.lines(lines)) if part)


def _row(explanation: Explanation, remedy: Remedy) -> list[str]:
    cycles = explanation.cost.cycles.total
    notes = [_change(remedy)] if remedy.kind == "machine" else []
    notes += [f"then as {remedy.form}"] if remedy.form not in (explanation.form, remedy.what) else []
    notes += [remedy.note] if remedy.note else []
    saved = f"{100 * explanation.saved(remedy) / cycles:.1f}" if cycles else "-"
    return [remedy_in_words(remedy), f"{remedy.cost.cycles.total:,.0f}", saved, "; ".join(notes)]


def _change(remedy: Remedy) -> str:
    if remedy.what.endswith("_bits") and isinstance(remedy.before, int):
        return f"was {_bits(remedy.before)}"
    return f"was {remedy.before}"


def remedy_in_words(remedy: Remedy) -> str:
    """As the command line takes it."""
    words = {"search": "--tiling search", "tiling": "--tiling default", "form": f"--form {remedy.what}"}
    return words.get(remedy.kind) or f"--set {remedy.setting}"


def _bits(bits: Number) -> str:
    return f"{bits / 8192:,.1f} KiB" if bits >= 8192 else f"{bits:,} bits"
