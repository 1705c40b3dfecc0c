"""What the cycles of a tiled kernel went to. The parts add up to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from simdc.cost.account import CyclePart
from simdc.cost.channels import STORED
from simdc.cost.result import Number
from simdc.cost.rule import segment_cycles

from .contraction import TiledContraction
from .fused import TiledFused
from .fused_release import played as played_strips
from .release import played
from .tiled import Tiled
from .vector import TiledProgram
from .wait_timeline import WaitTimeline

FIRST, LAST, WAIT, LATENCY = "first load", "last store", "wait", "latency of DRAM"


def parts_of(tiled: Tiled | TiledFused) -> list[CyclePart]:
    if isinstance(tiled, TiledContraction):
        return _contraction(tiled)
    if isinstance(tiled, TiledProgram):
        return _program(tiled)
    return _fused(tiled)


def _contraction(tiled: TiledContraction) -> list[CyclePart]:
    """Steps of the array, what folds take beside them, the fill of each tile; then what no tile hides."""
    first, waits, last = _segments(tiled) if tiled.is_barred else _released(tiled)
    fill = tiled.compute_cycles - tiled.work.total
    parts = [
        CyclePart("steps", tiled.steps.total),
        CyclePart("folds", tiled.work.total - tiled.steps.total),
        CyclePart("fill", fill),
    ]
    return _shown([*parts, CyclePart(FIRST, first), *_waits(dict(zip(tiled.flows.ports, waits, strict=True)))], last)


def _segments(tiled: TiledContraction) -> tuple[int, list[int], int]:
    """Between barriers it is the slowest port that the array waits for, the first of equals."""
    # Compute 4, ports 2, 2 and 8: 4 cycles of wait for the third.
    waits = [0] * len(tiled.flows.ports)
    for times, ports, compute in tiled.segments():
        lasts = segment_cycles(ports, compute, max)
        if lasts > compute:
            waits[ports.index(lasts)] += times * (lasts - compute)
    return tiled.opening(), waits, tiled.closing()


def _released(tiled: TiledContraction) -> tuple[int, list[int], int]:
    flows, joint = tiled.flows, tiled.hardware.systolic.buffer_release == "joint"
    late = tiled.hardware.dram.latency_cycles
    timeline = WaitTimeline(
        len(flows.new) + 1, len(flows.ports), joint=joint, stores=flows.leaving[-1][0], latency=late
    )
    return timeline.found(played(tiled.grid, tiled.kernel.psum, flows, tiled.compute, timeline))


def _program(tiled: TiledProgram) -> list[CyclePart]:
    """Load, compute and store take turns, so that all that moves is waited for."""
    cost, waits, set_up, fill = tiled.cost(), tiled.wait_cycles(), tiled.set_up_cycles(), tiled.fill_cycles()
    parts = [
        CyclePart("instructions", cost.cycles.compute - waits - set_up - fill),
        CyclePart("loops of one instruction", set_up),
        CyclePart("waits between instructions", waits),
        CyclePart("fill", fill),
    ]
    if tiled.hardware.simd.double_buffered:
        return _shown([*parts, *_beside(tiled, cost.cycles.stall)])
    moved = [(port, cycles) for port, cycles in cost.busy._asdict().items() if port != "compute"]
    transfers = [CyclePart("transfers", cycles, port) for port, cycles in moved]
    return _shown([*parts, CyclePart(LATENCY, tiled.latency_cycles()), *transfers])


def _beside(tiled: TiledProgram, stall: Number) -> list[CyclePart]:
    """Where tiles load beside others; what is left are nests whose tiles take turns."""
    first = waited = last = 0
    for opening, segments, closing in tiled.beside():
        first, last = first + opening.port, last + closing
        waited += sum(times * max(0, port - compute) for times, port, _, compute in segments)
    late, port = tiled.latency_cycles(), tiled.rule.vector_ports[0][1]
    return [
        CyclePart(FIRST, first),
        CyclePart(WAIT, waited, port),
        CyclePart(LATENCY, late),
        CyclePart("transfers", stall - first - waited - last - late, port),
        CyclePart(LAST, last),
    ]


def _fused(tiled: TiledFused) -> list[CyclePart]:
    """Array, lanes and path take turns, and with them what crosses the lanes' port."""
    found = tiled.found()
    fill = 2 * found["tiles"] * tiled.rule.array_fill_cycles(tiled.hardware.systolic)
    parts = [
        CyclePart("steps", found["compute"] - found["lanes"] - fill),
        CyclePart("fill", fill),
        CyclePart("lanes", found["lanes"]),
        CyclePart("path between the arrays", found["path"]),
        CyclePart(LATENCY, found["latency"]),
    ]
    parts += [CyclePart("transfers", n, name.removeprefix("turns.busy.")) for name, n in _of(found, "turns.")]
    if tiled.hardware.systolic.buffer_release == "segment":
        waits = {name.removeprefix("wait.busy."): n for name, n in _of(found, "wait.")}
        return _shown([*parts, CyclePart(FIRST, found["first load"]), *_waits(waits)])
    joint, late = tiled.hardware.systolic.buffer_release == "joint", tiled.hardware.dram.latency_cycles
    timeline, ports, state = played_strips(tiled, partial(WaitTimeline, joint=joint, latency=late))
    first, waited, last = timeline.found(state)
    return _shown([*parts, CyclePart(FIRST, first), *_waits(dict(zip(ports, waited, strict=True)))], last)


def _of(found: Counter[str], prefix: str) -> list[tuple[str, int]]:
    return [(name, amount) for name, amount in found.items() if name.startswith(prefix)]


def _waits(cycles: dict[str, int]) -> list[CyclePart]:
    """By channel: what is stored over a full duplex one counts with what is loaded."""
    by_port = Counter[str]()
    for port, waited in cycles.items():
        by_port[port.removesuffix(STORED)] += waited
    return [CyclePart(WAIT, waited, port) for port, waited in by_port.items()]


def _shown(parts: Sequence[CyclePart], last: int = 0) -> list[CyclePart]:
    """Those that took any time, the last store at the end."""
    return [part for part in (*parts, CyclePart(LAST, last)) if part.cycles]
