"""A machine of arrays as one of units and memories: what a roofline sees of it."""

from __future__ import annotations

from typing import cast

from .hardware import Hardware
from .machine import ComputeUnit, Machine, MemoryLevel
from .ratio import Rate
from .rule import GENESYS, MachineRule

INSTRUCTION = "instruction"
"""What the SIMD array's rate counts: a lane's cycle of an instruction. A division of 9 cycles counts as 9."""


def as_machine(hardware: Hardware, rule: MachineRule = GENESYS) -> Machine:
    """The systolic array is a unit of a MAC for each PE, the SIMD array one of an instruction for each lane; each DRAM
    port is a memory that `carries` what crosses it."""
    # HI1: 16 x 16 PEs are 256 MACs a cycle; weights and bias cross the weight port, 128 bits a cycle.
    units = (
        ("conv", ComputeUnit(runs=(), operation="mac", rate_per_cycle=hardware.peak_macs_per_cycle)),
        ("simd", ComputeUnit(runs=(), operation=INSTRUCTION, rate_per_cycle=hardware.simd.lanes)),
    )
    memories = tuple((port, _memory(port, bits, rule)) for port, bits in rule.bandwidths(hardware).items())
    return Machine(
        name=hardware.name,
        clock_ns=hardware.clock_ns,
        units=units,
        memories=memories,
        widths=hardware.systolic.widths,
        changed=hardware.changed,
    )


def _memory(port: str, rate: Rate, rule: MachineRule) -> MemoryLevel:
    rows = (*rule.array_streams, *rule.vector_streams)
    carried = dict.fromkeys(row.traffic for row in rows if row.port == port)
    # Loads and stores share a port's cycles.
    bits_per_cycle = cast("int", rate)
    return MemoryLevel(
        read_bits_per_cycle=bits_per_cycle, write_bits_per_cycle=bits_per_cycle, shared=True, carries=tuple(carried)
    )
