"""For what a contraction's tiles wait, told tile by tile from what the simulator's visits load, compute and store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from simdc.backends.simulate.contraction import ArrayVisit, visits
from simdc.backends.simulate.release import Halves
from simdc.backends.simulate.transfer import Transfer
from simdc.backends.simulate.walk import neighbours, whole_loops
from simdc.cost.channels import on_channels
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.rule import GENESYS
from simdc.cost.tiling import Tiling


def waits(kernel: Contraction, tiling: Tiling, machine: Hardware) -> Counter[str]:
    """Cycles by `first load`, `last store`, and the name of each port that was waited for."""
    rule = on_channels(GENESYS, machine)
    whole = whole_loops(kernel, tiling)
    every = list(visits(kernel, whole, machine, rule))
    names = list(dict.fromkeys(row.port for row in rule.array_streams))
    found = _at_barriers if machine.systolic.buffer_release == "segment" else _by_halves
    told = found(every, names, machine.systolic.buffer_release == "joint", machine.dram.latency_cycles)
    told["compute"] = sum(visit.compute_cycles for visit in every)
    return +told


def _at_barriers(every: Sequence[ArrayVisit], names: Sequence[str], _: bool, late: int) -> Counter[str]:
    found = Counter[str]()
    for number, visit in enumerate(every):
        stores = every[number - 1].stores if number else ()
        loads = every[number + 1].loads if number + 1 < len(every) else ()
        busy = _busy(stores, loads, late)
        slowest = max(names, key=lambda name: busy[name])
        found[slowest] += max(0, busy[slowest] - visit.compute_cycles)
    found["first load"] = max(_busy((), every[0].loads, late).values(), default=0)
    found["last store"] = max(_busy(every[-1].stores, (), late).values(), default=0)
    return found


def _busy(stores: Iterable[Transfer], loads: Iterable[Transfer], late: int) -> Counter[str]:
    busy = Counter[str]()
    for move in stores:
        busy[move.port] += move.cycles
    stored = max(busy.values(), default=0)
    for move in loads:
        if move.cycles:
            busy[move.port] = max(busy[move.port], late + (stored if move.buffer == "psum" else 0)) + move.cycles
    return busy


def _by_halves(every: Sequence[ArrayVisit], names: Sequence[str], joint: bool, late: int) -> Counter[str]:
    """The port whose last load of the tile came last; of a tile that waits for the half that a result leaves, the last
    port that stores results."""
    found, halves, ports, asked, done = Counter[str](), Halves(), Counter[str](), 0, 0
    stores = [move.port for visit in every for move in visit.stores if move.operand == "ofmap"]
    came, ready, asked = _load(every[0], halves, ports, asked, joint, late)
    found["first load"], done = ready, ready
    for _, visit, after in neighbours(every):
        if ready > done:
            last = [name for name in names if came[name] == ready]
            found[last[0] if last else stores[0]] += ready - done
        done, ready = max(ready, done) + visit.compute_cycles, 0
        if after is not None:
            came, ready, asked = _load(after, halves, ports, asked, joint, late)
        for operand in after.takes if after is not None else ():
            halves.free_other(operand, done)
        for move in visit.stores:
            if move.cycles:
                ports[move.port] = max(ports[move.port], done) + move.cycles
                halves.free_other("psum", ports[move.port])
    found["last store"] = max(done, *ports.values()) - done
    return found


def _load(
    visit: ArrayVisit, halves: Halves, ports: Counter[str], asked: int, joint: bool, late: int
) -> tuple[Counter[str], int, int]:
    """When the last load over each port is there, when everything is, and when the tile was asked for."""
    free = {operand: halves.other(operand) for operand in visit.takes}
    for operand in visit.takes:
        halves.take(operand)
    if joint and free:
        asked = max(asked, *free.values())
        free = dict.fromkeys(free, asked)
    came = Counter[str]()
    for move in visit.loads:
        if move.cycles:
            came[move.port] = ports[move.port] = max(ports[move.port], free[move.buffer] + late) + move.cycles
    return came, max([*free.values(), *came.values()], default=0), asked
