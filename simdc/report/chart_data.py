"""What the pictures of a page are drawn from: plain data, the same numbers of many equal layers once."""

from __future__ import annotations

from collections.abc import Mapping

from simdc.backends.report import LayerReport, Report
from simdc.backends.report.accounts import Accountant, accountant, share
from simdc.backends.report.blocks import block_paths
from simdc.backends.report.explained_text import remedy_in_words
from simdc.backends.report.machine_text import dimensions
from simdc.backends.report.shapes import shape_text
from simdc.cost.account import Account
from simdc.cost.result import Number
from simdc.diagnosis import Explanation

from .bandwidth import bytes_per_cycle
from .shown_run import ShownRun

BITS_PER_BYTE = 8
HELPS_SHOWN = 5
LANES = {
    "compute": "compute",
    "weight_port": "weight port",
    "ifmap_port": "ifmap port",
    "psum_port": "psum and result port",
    "simd_port": "simd port",
}


def chart_data(run: ShownRun) -> dict[str, object]:
    """`layers` stand in program order: name, number of the kind, block, bytes alive, line, layers it reads, layers that
    became part of it. `kinds` has the numbers."""
    report, hardware = run.report, run.report.hardware
    blocks, alive, reads = block_paths(report), report.around.alive_bytes(), _reads(report)
    account, kind_of = accountant(report), run.of_layer
    paths: dict[tuple[str, ...], int] = {}
    layers: list[list[object]] = []
    merged: dict[str, list[str]] = {}
    for name, into in report.merged:
        merged.setdefault(into, []).append(name)
    file = ""
    for number, layer in enumerate(report.layers):
        file, line, _ = layer.place or (file, 0, 0)
        path = paths.setdefault(blocks[layer.name], len(paths))
        parts = [*layer.folded, *(name for name, _ in layer.members), *merged.get(layer.name, ())]
        layers.append([layer.name, kind_of[number], path, alive[layer.name], line, reads[layer.name], parts])
    kinds = [
        {**_kind(run.one_of(kind), report, account), "helps": _helps(run.explained.get(kind))}
        for kind in range(len(run.kinds))
    ]
    return {
        "network": report.network,
        "machine": hardware.title,
        "training": report.phase == "training",
        "clock": hardware.clock_ns,
        "units": list(report.by_unit),
        "lanes": list(LANES.values()),
        "peak": hardware.peak_macs_per_cycle,
        "bandwidth": bytes_per_cycle(hardware),
        "resident": report.around.resident_bytes(),
        "file": file,
        "blocks": [list(path) for path in paths],
        "kinds": kinds,
        "layers": layers,
    }


def _helps(explanation: Explanation | None) -> list[list[object]] | None:
    """Changes with the cycles that a layer then takes, those that help most first; None where nothing was tried."""
    if explanation is None:
        return None
    return [[remedy_in_words(remedy), _short(remedy.cost.cycles.total)] for remedy in explanation.helpful[:HELPS_SHOWN]]


def _kind(layer: LayerReport, report: Report, account: Accountant) -> dict[str, object]:
    cost, sizes = layer.cost, layer.tiling.as_dict()
    utilization = layer.utilization(report.hardware)
    traffic = {name: _short(bits / BITS_PER_BYTE) for name, bits in cost.dram_bits._asdict().items() if bits}
    return {
        "op": layer.operator,
        "unit": list(report.by_unit).index(str(layer.unit)),
        "step": layer.step,
        "shape": shape_text(layer.kernel),
        "compute": _short(cost.cycles.compute),
        "wait": _short(cost.cycles.stall),
        "busy": [_short(cycles) for cycles in cost.busy],
        "dram": traffic,
        "energy": [_short(part) for part in layer.energy] if report.hardware.has_prices else None,
        "macs": dict(cost.ops).get("mac", 0) if layer.multiplies else 0,
        "use": None if utilization is None else round(utilization, 5),
        "bound": layer.bound_by,
        "loops": [[name, bound, sizes.get(name, bound)] for name, bound in dimensions(layer.kernel).items()],
        "order": list(layer.tiling.order),
        **_taken_apart(account(layer)),
    }


def _taken_apart(account: Account | None) -> dict[str, object]:
    """Cycles by what they went to, how full the machine was, and how full buffers are with the largest tiles."""
    if account is None:
        return {"parts": [], "fills": [], "rooms": []}
    return {
        "parts": [[" ".join((part.name, LANES.get(part.port, ""))).strip(), part.cycles] for part in account.parts],
        "fills": [[fill.name, round(fill.share, 4)] for fill in account.fills],
        "rooms": [[need.buffer, round(share(need), 4)] for need in account.needs],
    }


def _reads(report: Report) -> Mapping[str, list[int]]:
    """The costed layers that each one reads, by their numbers; what costs nothing hands on."""
    numbers = {layer.name: number for number, layer in enumerate(report.layers)}
    made: dict[str, dict[int, None]] = {}
    for edge in report.around.edges():
        found = made.setdefault(edge.end, {})
        if edge.begin in numbers:
            found[numbers[edge.begin]] = None
        elif edge.begin:
            # In program order what it reads is known by now.
            found.update(made.get(edge.begin, {}))
    return {name: list(made.get(name, {})) for name in numbers}


def _short(value: Number) -> Number:
    """A whole number where it is one: models that count fractions give 12.0."""
    rounded = round(value, 3)
    return int(rounded) if rounded == int(rounded) else rounded
