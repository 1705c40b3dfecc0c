"""Machines that are drawn at random: fields that may change, in ranges in which the machine stays a realistic one."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

FIELDS: dict[str, Callable[[Random], int]] = {
    "systolic.buffers.weight_bits": lambda random: random.randrange(2**20, 2**23),
    "systolic.buffers.ifmap_bits": lambda random: random.randrange(2**20, 2**23),
    "systolic.buffers.psum_bits": lambda random: random.randrange(2**20, 2**23),
    "simd.vmem_bits": lambda random: random.randrange(2**20, 2**23),
    "systolic.bandwidths.weight_bits_per_cycle": lambda random: random.randrange(8, 2048),
    "systolic.bandwidths.ifmap_bits_per_cycle": lambda random: random.randrange(8, 2048),
    "systolic.bandwidths.psum_bits_per_cycle": lambda random: random.randrange(32, 2048),
    "simd.bandwidth_bits_per_cycle": lambda random: random.randrange(32, 2048),
    "simd.lanes": lambda random: random.randrange(8, 129),
    "systolic.rows": lambda random: random.randrange(8, 129),
    "systolic.columns": lambda random: random.randrange(8, 129),
}
EVERY = tuple(FIELDS)
MEMORIES, PORTS, ARRAYS = EVERY[:4], EVERY[4:8], EVERY[8:]
NOTHING_IN_COMMON = MEMORIES + PORTS
"""What is drawn anew for each of machines that have nothing in common; the array's sides stay."""


def one_changed(base: Any, random: Random, fields: tuple[str, ...]) -> Any:
    """The machine with one of these fields changed."""
    from simdc.cost import with_field

    path = random.choice(fields)
    return with_field(base, path, FIELDS[path](random))


def unrelated(base: Any, random: Random, count: int) -> list[Any]:
    from simdc.cost import with_field

    machines = [base] * count
    for path in NOTHING_IN_COMMON:
        machines = [with_field(machine, path, FIELDS[path](random)) for machine in machines]
    return machines
