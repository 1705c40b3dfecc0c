"""A run as a trace for Perfetto and chrome://tracing: blocks, what each unit does, ports and DRAM over time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .blocks import block_paths
from .model import BINDS, LayerReport, Report
from .shapes import shape_text

BLOCKS = 1
"""The thread of the blocks; units follow."""
Event = dict[str, Any]


def render_trace(report: Report) -> str:
    """Times are those of the model, in us: layers run one after the other, so a layer begins where the one before
    ends. When within a layer a port is busy is not known: its counter is the share of the layer's time."""
    events = [*_named(report), *_blocks(report), *_layers(report), *_counters(report)]
    data = {"traceEvents": events, "displayTimeUnit": "ns", "otherData": {"model": report.model}}
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def _spans(report: Report) -> Iterator[tuple[LayerReport, int, int]]:
    """(layer, begin, end) in whole ns, as viewers keep them: rounded once, so that what begins where another ends does
    so there, too."""
    # Clock of 0.97 ns, layers of 10 and 10 cycles: 0 to 10 (9.7), 10 to 19 (19.4).
    cycles, begin = 0, 0
    for layer in report.layers:
        cycles += layer.cost.cycles.total
        end = round(cycles * report.hardware.clock_ns)
        yield layer, begin, end
        begin = end


def _end(report: Report) -> int:
    return max((end for _, _, end in _spans(report)), default=0)


def _named(report: Report) -> Iterator[Event]:
    title = f"{report.network} on {report.hardware.title}"
    yield {"ph": "M", "pid": 1, "name": "process_name", "args": {"name": title}}
    for thread, name in enumerate(("blocks", *map(str, report.by_unit)), BLOCKS):
        yield {"ph": "M", "pid": 1, "tid": thread, "name": "thread_name", "args": {"name": name}}


def _blocks(report: Report) -> Iterator[Event]:
    """A slice for each block, inside those around it: from its first layer to its last of those that run together.
    Of those that begin together the longest comes first, and the outer of equals: viewers stack them in this order, and
    drop one that would end behind the one below."""
    paths = block_paths(report)
    open_since: dict[str, int] = {}
    found: list[tuple[str, int, int]] = []
    for layer, begin, _ in _spans(report):
        inside = paths[layer.name]
        for block in [block for block in open_since if block not in inside]:
            found.append((block, open_since.pop(block), begin))
        for block in inside:
            open_since.setdefault(block, begin)
    found += [(block, begin, _end(report)) for block, begin in open_since.items()]
    for block, begin, last in sorted(found, key=lambda each: (each[1], -each[2], len(each[0]))):
        yield _slice(block, BLOCKS, begin, last, {})


def _layers(report: Report) -> Iterator[Event]:
    threads = {str(unit): thread for thread, unit in enumerate(report.by_unit, BLOCKS + 1)}
    for layer, begin, end in _spans(report):
        tiles = " ".join(f"{loop}={size}" for loop, size in layer.tiling.as_dict().items())
        told: Event = {
            "operator": layer.operator,
            "shape": shape_text(layer.kernel),
            "compute [cycle]": layer.cost.cycles.compute,
            "stall [cycle]": layer.cost.cycles.stall,
            "DRAM [bit]": layer.cost.dram_bits.total,
            **({"energy [pJ]": layer.energy.total} if report.hardware.has_prices else {}),
            "bound by": layer.bound_by,
            "tile": tiles,
        }
        yield _slice(layer.name, threads[str(layer.unit)], begin, end, told)


def _slice(name: str, thread: int, begin: int, end: int, told: Event) -> Event:
    return {
        "ph": "X",
        "pid": 1,
        "tid": thread,
        "name": name,
        "ts": _us(begin),
        "dur": _us(end - begin),
        "args": told,
    }


def _counters(report: Report) -> Iterator[Event]:
    """Ports that move anything at all; bytes alive in DRAM. Both fall to nothing at the end."""
    alive, ports = report.around.alive_bytes(), list(BINDS)[1:]
    ports = [port for port in ports if any(getattr(layer.cost.busy, port) for layer in report.layers)]
    for layer, begin, _ in _spans(report):
        cycles = layer.cost.cycles.total
        for port in ports:
            busy = 100 * getattr(layer.cost.busy, port) / cycles if cycles else 0.0
            yield _counter(f"{BINDS[port]} [%]", begin, busy)
        yield _counter("DRAM in use [MiB]", begin, alive.get(layer.name, 0) / 2**20)
    for name in (*(f"{BINDS[port]} [%]" for port in ports), "DRAM in use [MiB]"):
        yield _counter(name, _end(report), 0.0)


def _us(ns: int) -> float:
    """In us, as the format wants it, and a hair more: some viewers cut what is below a ns off, and 2.3 * 1000 is
    2299.9999999999995 in their numbers."""
    return round(ns / 1000 + 1e-5, 5)


def _counter(name: str, when: int, value: float) -> Event:
    return {"ph": "C", "pid": 1, "name": name, "ts": _us(when), "args": {name: value}}
