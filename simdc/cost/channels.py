"""The channels of DRAM on machines that share or split the usual ports: a machine's rule with other ports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter

from simdc.frozen import evolve

from .dram import Dram
from .hardware import Hardware
from .rule import GENESYS, MachineRule, StreamRow

STORED = " stores"
"""Behind the name of a full duplex port: what goes the other way."""
FIELDS = {
    ("weight", "new"): "weight_channel",
    ("bias", "new"): "bias_channel",
    ("ifmap", "new"): "ifmap_channel",
    ("psum", "resumed"): "psum_channel",
    ("psum", "partial"): "result_channel",
    ("psum", "complete"): "result_channel",
}
LANES = "simd_channel"


def on_channels(rule: MachineRule, hardware: Hardware) -> MachineRule:
    """The rule on a machine that says which channel carries what. Of a plug-in's rule only what the machine moves to
    another channel is there. Raises ValueError where the rule lacks that channel's port."""
    if hardware.dram.is_usual or rule.channels == hardware.dram:
        return rule
    return _genesys(hardware.dram) if rule is GENESYS else _moved(rule, hardware.dram)


@lru_cache(maxsize=64)
def _genesys(dram: Dram) -> MachineRule:
    return _moved(GENESYS, dram)


def _moved(rule: MachineRule, dram: Dram) -> MachineRule:
    usual = Dram()

    def port(row: StreamRow, field: str) -> str:
        word = attrgetter(field)
        return row.port if word(dram) == word(usual) else f"{word(dram)}_port"

    def either_way(row: StreamRow) -> StreamRow:
        moved = row._replace(port=port(row, FIELDS[row.operand, row.when]))
        duplex = getattr(dram, f"{moved.port.removesuffix('_port')}_duplex", "half")
        stored = row.when in ("partial", "complete") and duplex == "full"
        return moved._replace(port=moved.port + STORED) if stored else moved

    array = tuple(either_way(row) for row in rule.array_streams)
    # Load, compute and store take turns on the lanes: which way the channel moves is all the same.
    vector = tuple(row._replace(port=port(row, LANES)) for row in rule.vector_streams)
    ports = dict(rule.ports)
    ports |= {row.port: rule.ports[row.port.removesuffix(STORED)] for row in array if row.port.endswith(STORED)}
    return evolve(rule, ports=ports, array_streams=array, vector_streams=vector, channels=dram)


def by_channel(ports: Mapping[str, int], larger: Callable[[int, int], int] = max) -> dict[str, int]:
    """Cycles of each channel: of a full duplex one as long as it is busy either way."""
    # 20 cycles of loads beside 30 of stores: 30.
    found = {port: cycles for port, cycles in ports.items() if not port.endswith(STORED)}
    for port, cycles in ports.items():
        if port.endswith(STORED):
            name = port.removesuffix(STORED)
            found[name] = larger(found[name], cycles) if name in found else cycles
    return found
