"""A machine of units made larger step by step, each time where twice as much saves a network most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from simdc.cost.machine import Machine, twice
from simdc.cost.model_table import load_model
from simdc.cost.numbers import ceil_div
from simdc.cost.structure import with_field
from simdc.cost.workload import Workload
from simdc.errors import SimdcError
from simdc.named import NamedTuple

Workloads = Callable[[Machine], Workload]
MAC = "mac"


class Step(NamedTuple):
    """A machine on the way: what was `doubled` last, none at the start, and its `cycles` for the network. `bound` has
    the cycles of the layers that each term binds, the most first; it is empty for a model that does not say what binds.
    Layers without a price are `left_out`, by name."""

    doubled: str
    machine: Machine
    cycles: int
    bound: tuple[tuple[str, int], ...]
    left_out: tuple[str, ...] = ()


def along_binding(machine: Machine, workload: Workloads, steps: int, model: str) -> list[Step]:
    """The start and at most `steps` steps: fewer where nothing that can be doubled saves a cycle. Where nothing alone
    does, as where two terms are equally long, two things are doubled. Of equal savings the first in the order of
    `doublings`. What is doubled is an assumption, whatever the machine's file says of it. Raises SimdcError where no
    layer has a price, TilingError where the start is too small."""
    path = [_step("", machine, workload, model)]
    while len(path) <= steps:
        for candidates in (doublings(path[-1].machine), pairs(path[-1].machine)):
            tried = [_step(name, each, workload, model) for name, each in candidates]
            best = min(tried, key=lambda step: step.cycles)
            if best.cycles < path[-1].cycles:
                path.append(best)
                break
        else:
            break
    return path


def pairs(machine: Machine) -> Iterator[tuple[str, Machine]]:
    """Two of `doublings` at once."""
    names = [name for name, _ in doublings(machine)]
    for place, first in enumerate(names):
        once = dict(doublings(machine))[first]
        for second, both in doublings(once):
            if second in names[place + 1 :]:
                yield f"{first} + {second}", both


def doublings(machine: Machine) -> Iterator[tuple[str, Machine]]:
    """(what, machine with twice of it): of each unit its rate, and the output channels of an array with it; results
    that leave an array in a cycle; bits that a memory moves in a cycle; bits that it holds."""
    for name, unit in machine.units:
        path = f"units.{name}"
        changes = {f"{path}.rate_per_cycle": twice(unit.rate_per_cycle)}
        if unit.operation == MAC:
            changes[f"{path}.granule.output_channels"] = twice(unit.granule.output_channels)
        yield f"{path}.rate_per_cycle", _changed(machine, changes)
        if unit.atom_cycles > 1:
            # Cycles are whole: an atom in 11 cycles leaves in 6, not in 5.5.
            yield f"{path}.atom_cycles", _changed(machine, {f"{path}.atom_cycles": ceil_div(unit.atom_cycles, 2)})
    for name, memory in machine.memories:
        path = f"memories.{name}"
        rates = {"read_bits_per_cycle": memory.read_bits_per_cycle, "write_bits_per_cycle": memory.write_bits_per_cycle}
        yield f"{path}.bits_per_cycle", _changed(machine, {f"{path}.{key}": twice(rate) for key, rate in rates.items()})
        if memory.capacity_bits:
            yield f"{path}.capacity_bits", _changed(machine, {f"{path}.capacity_bits": twice(memory.capacity_bits)})


def _changed(machine: Machine, values: dict[str, int]) -> Machine:
    for path, value in values.items():
        machine = with_field(machine, path, value)
    return machine


def _step(doubled: str, machine: Machine, workload: Workloads, model: str) -> Step:
    by = load_model(model)
    total, bound = 0, Counter[str]()
    known: dict[int, str] = {}
    left_out: list[str] = []
    for layer in workload(machine).price(by, machine):
        if layer.cost is None or layer.tiling is None:
            left_out.append(layer.name)
            continue
        cycles = int(layer.cost.cycles.total)
        total += cycles
        # Layers alike have one kernel, and one analysis.
        if id(layer.kernel) not in known:
            told = by.analyse(layer.kernel, layer.tiling, machine)
            known[id(layer.kernel)] = "" if told is None else told.binding
        bound[known[id(layer.kernel)]] += cycles
    if not total:
        raise SimdcError(f"the model '{model}' has no price for any layer on {machine.name}")
    found = tuple((term, cycles) for term, cycles in bound.most_common() if term)
    return Step(doubled, machine, total, found, tuple(left_out))
