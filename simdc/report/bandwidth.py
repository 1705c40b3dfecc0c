"""What a machine's DRAM moves at most: the slope of its roofline."""

from __future__ import annotations

from simdc.cost.channels import on_channels
from simdc.cost.hardware import Hardware
from simdc.cost.machines import AnyMachine
from simdc.cost.rule import GENESYS

BITS_PER_BYTE = 8


def bytes_per_cycle(hardware: AnyMachine) -> float:
    """Of what multiplies: all ports of the systolic array together, or the memory `dram` of a machine of units, 0 where
    it has none."""
    if not isinstance(hardware, Hardware):
        memories = dict(hardware.memories)
        return float(memories["dram"].read_bits_per_cycle) / BITS_PER_BYTE if "dram" in memories else 0.0
    # Ports that are one channel count once: the weight, ifmap and psum ports of HI3 are three, 192 bytes a cycle.
    rule = on_channels(GENESYS, hardware)
    rates = rule.bandwidths(hardware)
    return sum(float(rates[port]) for port in rule.array_ports) / BITS_PER_BYTE
