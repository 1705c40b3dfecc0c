"""Machines that differ from the usual one in the fields for real arrays."""

from __future__ import annotations

from random import Random

from attrs import evolve

from simdc.cost.hardware import Hardware


def with_variants(random: Random, machine: Hardware) -> Hardware:
    """The machine with each field of how its array computes drawn apart."""
    load = random.choice(("resident", "hidden", "exposed"))
    drain = random.choice(("overlapped", "overlapped", "serial"))
    overhead = random.choice((0, 0, random.randint(1, 9)))
    fields = {"weight_load": load, "fold_drain": drain, "tile_overhead_cycles": overhead}
    return evolve(machine, systolic=evolve(machine.systolic, **fields))
