"""Operations of a kernel, or of all links of a chain."""

from __future__ import annotations

from simdc.cost.analysis import OPERATIONS_PER_MAC
from simdc.cost.kernel import Contraction, Kernel, VectorProgram, links_of
from simdc.cost.layer_shape import elements_through, instruction_counts
from simdc.cost.machine import Machine

from .reading import unit_of


def operations(kernel: Kernel, executed_macs: int) -> tuple[tuple[str, int], ...]:
    """(operation, count): `mac` of convolutions, beside those that the array executes, and every instruction of
    programs, once for each element."""
    found: dict[str, int] = {}
    for link in links_of(kernel):
        counts = instruction_counts(link) if isinstance(link, VectorProgram) else [("mac", link.useful_macs)]
        for operation, count in counts:
            found[operation] = found.get(operation, 0) + count
    if isinstance(links_of(kernel)[0], Contraction):
        found["mac_executed"] = executed_macs
    return tuple(found.items())


def useful_operations(kernel: Kernel) -> int:
    """Of the first link, as its unit counts them: two for a MAC, one for each element that comes in."""
    head = links_of(kernel)[0]
    if isinstance(head, Contraction):
        return OPERATIONS_PER_MAC * head.useful_macs
    return elements_through(head)


def peak_rate(kernel: Kernel, machine: Machine) -> int:
    """Of the same operations in a cycle."""
    head = links_of(kernel)[0]
    rate = machine.unit(unit_of(head, machine)).rate_per_cycle
    return rate * OPERATIONS_PER_MAC if isinstance(head, Contraction) else rate
