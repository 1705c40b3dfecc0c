"""Why a layer takes as long as it does: the term whose removal shortens it most, and what twice a resource brings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from simdc.cost.kernel import Kernel, links_of
from simdc.cost.machine import ComputeUnit, Machine, MemoryLevel, twice
from simdc.frozen import evolve
from simdc.named import NamedTuple

from .hardware_layer import HardwareLayer
from .parts import parts_of
from .reading import read_layer, unit_of

T = TypeVar("T")


class Cause(NamedTuple):
    """`shorter_cycles` by which the layer is shorter if the term took no time. Of terms that hide each other none
    shortens it: then the one with more `cycles` by itself counts first."""

    term: str
    shorter_cycles: int
    cycles: int


def causes(layer: HardwareLayer, level: int) -> tuple[Cause, ...]:
    """All terms of a level, the root cause first and the runner-up second."""
    # LeNet's ip1, 57,596 cycles: 56,852 without its weights, 50,359 without the array's runs. So the array binds.
    whole = layer.cycles(level)
    found = [
        Cause(term, whole - layer.without(term).cycles(level), cycles) for term, cycles in layer.terms(level).items()
    ]
    return tuple(sorted(found, key=lambda cause: (-cause.shorter_cycles, -cause.cycles)))


def relieved(kernel: Kernel, machine: Machine, level: int) -> tuple[tuple[str, int], ...]:
    """(what, cycles of the layer with twice of it): the rate of the unit that runs it, the bandwidth of DRAM and, for a
    convolution, the results that leave in a cycle. Raises as `read_layer`."""

    def cycles(changed: Machine) -> int:
        return read_layer(kernel, changed, parts_of(changed)).cycles(level)

    head = unit_of(links_of(kernel)[0], machine)
    port = read_layer(kernel, machine, parts_of(machine)).with_twice_the_port().cycles(level)
    found = (
        ("mac" if head == "conv" else head, cycles(evolve(machine, units=_changed(machine.units, head, _faster)))),
        ("dram", cycles(evolve(machine, memories=_changed(machine.memories, "dram", _wider)))),
        ("port", port),
    )
    return found if head == "conv" else found[:2]


def _changed(parts: tuple[tuple[str, T], ...], name: str, change: Callable[[T], T]) -> tuple[tuple[str, T], ...]:
    return tuple((each, change(part) if each == name else part) for each, part in parts)


def _faster(unit: ComputeUnit) -> ComputeUnit:
    return evolve(unit, rate_per_cycle=twice(unit.rate_per_cycle))


def _wider(memory: MemoryLevel) -> MemoryLevel:
    return evolve(
        memory,
        read_bits_per_cycle=twice(memory.read_bits_per_cycle),
        write_bits_per_cycle=twice(memory.write_bits_per_cycle),
    )
