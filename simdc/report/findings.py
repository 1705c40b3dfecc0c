"""What stands out in a run, in words: each sentence holds for the layers that it names, and counts only what the report
has counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from simdc.backends.report import LayerReport, Report
from simdc.cost.kernel import Contraction
from simdc.cost.result import Number, add_up
from simdc.named import NamedTuple

from .amounts import amount
from .shown_run import ShownRun

BITS_PER_BYTE = 8
WORTH_SAYING = 0.05
"""Shares of the run below this are not spoken of."""
COSTLIEST = 10
FEW = 0.2
"""A share of the time that so few layers must take to be spoken of."""
KINDS_NAMED = 3


class Finding(NamedTuple):
    """A sentence, and the numbers of the layers that it is about in the report's order, the costliest first."""

    text: str
    layers: tuple[int, ...]


def findings_of(run: ShownRun) -> list[Finding]:
    """The most important first; none of a run that takes no time."""
    report = run.report
    if not report.total.cycles.total:
        return []
    found = [*_unpriced(report), *_bounds(report), *_idle(report), *_helpful(run), *_costliest(report)]
    return [*found, *_memory(report), *_energy(report)]


def _unpriced(report: Report) -> Iterator[Finding]:
    if report.uncosted:
        names = ", ".join(name for name, _, _ in report.uncosted[:KINDS_NAMED])
        more = ", …" if len(report.uncosted) > KINDS_NAMED else ""
        yield Finding(f"{_counted(len(report.uncosted), 'layer')} without a price, missing here: {names}{more}.", ())
    for message, layers in report.warnings().items():
        warned = _ranked(report, lambda layer, names=frozenset(layers): layer.name in names)
        yield Finding(f"{report.model} warns: {message}.", warned)


def _bounds(report: Report) -> Iterator[Finding]:
    """What the time is spent on, by what keeps layers busy longest."""
    whole = report.total.cycles.total
    groups: dict[str, Number] = {}
    for layer in report.layers:
        groups[layer.bound_by] = groups.get(layer.bound_by, 0) + layer.cost.cycles.total
    for bound, cycles in sorted(groups.items(), key=lambda group: -group[1]):
        if cycles < WORTH_SAYING * whole:
            continue
        numbers = _ranked(report, lambda layer, bound=bound: layer.bound_by == bound)
        layers = [report.layers[number] for number in numbers]
        share = amount(cycles / whole, "share")
        if bound == "compute":
            yield Finding(f"{share} of the time goes to layers bound by compute: {_kinds(layers)}.", numbers)
            continue
        moved = amount(add_up(layer.cost.dram_bits.total for layer in layers) / BITS_PER_BYTE, "B")
        port = "result port" if bound == "psum port" and not _resumes(layers) else bound
        waits = amount(add_up(layer.cost.cycles.stall for layer in layers) / whole, "share")
        text = f"{share} of the time goes to layers bound by the {port}, {waits} is waiting"
        yield Finding(f"{text}: {_kinds(layers)} move {moved}.", numbers)


def _idle(report: Report) -> Iterator[Finding]:
    """The layer whose multipliers idle longest while it computes."""
    lost: list[tuple[float, int]] = []
    for number, layer in enumerate(report.layers):
        use = layer.utilization(report.hardware)
        if use is not None:
            lost.append((layer.cost.cycles.compute * (1 - use), number))
    idle, number = max(lost, default=(0.0, -1))
    if idle < WORTH_SAYING * report.total.cycles.total:
        return
    layer = report.layers[number]
    use, cycles = amount(layer.utilization(report.hardware) or 0.0, "share"), layer.cost.cycles.compute
    text = f"{layer.name} is where the array idles most: {use} of its multipliers work in {cycles:,.0f} cycles"
    yield Finding(f"{text}{_sides(layer)}.", (number,))


def _sides(layer: LayerReport) -> str:
    """What there is to lie along rows and columns, where the layer lies there as its kernel says."""
    kernel = layer.kernel
    if not isinstance(kernel, Contraction) or kernel.beside_rows or kernel.side_by_side:
        return ""
    bounds = kernel.bounds
    # No word for what they are: of a weight gradient the images of the batch lie along the rows.
    rows, columns = bounds[kernel.rows], bounds[kernel.columns]
    return f"; it has {rows:,} values to lie along the rows and {columns:,} along the columns"


def _helpful(run: ShownRun) -> Iterator[Finding]:
    """The change of the machine that saves most where changes were tried; each was priced. Layers that take longer with
    it count against it."""
    saved: dict[str, Number] = {}
    helped: dict[str, list[int]] = {}
    for kind, explanation in run.explained.items():
        for remedy in explanation.remedies:
            if remedy.setting:
                alike = run.kinds[kind]
                saved[remedy.setting] = saved.get(remedy.setting, 0) + len(alike) * explanation.saved(remedy)
                helped.setdefault(remedy.setting, []).extend(alike if explanation.saved(remedy) > 0 else ())
    best = max(saved, key=lambda setting: saved[setting], default="")
    if best and saved[best] >= WORTH_SAYING * run.report.total.cycles.total:
        share, layers = amount(saved[best] / run.report.total.cycles.total, "share"), helped[best]
        text = f"With {best} the run would be {share} shorter, for {_counted(len(layers), 'layer')} alone"
        yield Finding(f"{text}; only the costliest were tried.", tuple(layers))


def _costliest(report: Report) -> Iterator[Finding]:
    numbers = _ranked(report, lambda _: True)[:COSTLIEST]
    share = add_up(report.layers[number].cost.cycles.total for number in numbers) / report.total.cycles.total
    # Where all layers are much alike nothing stands out.
    if len(report.layers) > 2 * COSTLIEST and share > FEW:
        said = amount(share, "share")
        yield Finding(f"{COSTLIEST} of {len(report.layers):,} layers take {said} of the time.", numbers)


def _memory(report: Report) -> Iterator[Finding]:
    alive = report.around.alive_bytes()
    numbers = {layer.name: number for number, layer in enumerate(report.layers)}
    name = max(alive, key=lambda each: alive[each], default="")
    if name in numbers:
        peak, resident = amount(alive[name], "B"), amount(report.around.resident_bytes(), "B")
        kept = "" if report.memory is None else f", {amount(report.memory.kept, 'B')} are kept for the backward layers"
        text = f"At most {peak} of DRAM are in use, at {name}; {resident} of it all the time{kept}."
        yield Finding(text, (numbers[name],))


def _energy(report: Report) -> Iterator[Finding]:
    total = report.total.energy.total
    if not report.hardware.has_prices or not total:
        return
    parts = {"DRAM": report.total.energy.dram, "buffers on chip": report.total.energy.sram}
    name = max(parts, key=lambda each: parts[each])
    ranked = _ranked(report, lambda _: True, lambda layer: layer.energy.total)
    yield Finding(f"{amount(parts[name] / total, 'share')} of the energy goes to {name}.", ranked[:COSTLIEST])


def _ranked(
    report: Report,
    chosen: Callable[[LayerReport], bool],
    key: Callable[[LayerReport], float] = lambda layer: layer.cost.cycles.total,
) -> tuple[int, ...]:
    """The numbers of the layers that are `chosen`, the costliest first."""
    numbers = [number for number, layer in enumerate(report.layers) if chosen(layer)]
    return tuple(sorted(numbers, key=lambda number: -key(report.layers[number])))


def _resumes(layers: Iterable[LayerReport]) -> bool:
    """Whether partial sums come and go, and not results only."""
    return any(layer.cost.dram_bits.psum for layer in layers)


def _kinds(layers: Sequence[LayerReport]) -> str:
    """How many of which operator, those that take most time first."""
    counts, cycles = Counter(layer.operator for layer in layers), dict[str, Number]()
    for layer in layers:
        cycles[layer.operator] = cycles.get(layer.operator, 0) + layer.cost.cycles.total
    kinds = sorted(counts, key=lambda kind: -cycles[kind])
    # One more would take as much room by name.
    named = kinds if len(kinds) == KINDS_NAMED + 1 else kinds[:KINDS_NAMED]
    others = sum(counts[kind] for kind in kinds[len(named) :])
    return ", ".join([*(f"{counts[kind]:,} {kind}" for kind in named), *([f"{others:,} others"] if others else [])])


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
