"""What crosses a DRAM port."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Operand
from simdc.cost.numbers import ceil_div
from simdc.cost.ratio import Rate
from simdc.frozen import Frozen

from .footprint import contiguous_runs, footprint_elements
from .walk import Tile


class Transfer(Frozen):
    """A tile of `operand` that crosses a DRAM port, a field of `Busy`, counted as `traffic`, a field of `DramBits`.
    `buffer` is where it goes to or comes from: that of its operand, results with the psums."""

    operand: str
    traffic: str
    port: str
    bits: int
    cycles: int

    @property
    def buffer(self) -> str:
        return "psum" if self.operand == "ofmap" else self.operand


class DramPorts(Frozen):
    """What moves tiles of tensors that the loops with `bounds` have in DRAM. `bandwidths` are those of the ports."""

    hardware: Hardware
    bandwidths: Mapping[str, Rate]
    bounds: Mapping[str, int]

    def move(self, name: str, traffic: str, port: str, operand: Operand, width: int, tile: Tile) -> Transfer:
        """The tile of `operand` over a port, its elements `width` bits wide, by the name that it has there."""
        dram, padded = self.hardware.dram, self.hardware.stores_padding
        bits = width * footprint_elements(operand, tile, stores_padding=padded)
        in_bursts, waits = bits, 0
        if dram.counts_runs:
            runs = list(contiguous_runs(operand, tile, self.bounds, stores_padding=padded))
            in_bursts = sum(ceil_div(width * run, dram.burst_bits) * dram.burst_bits for run in runs)
            waits = len(runs) * dram.request_cycles
        return Transfer(name, traffic, port, bits, ceil_div(in_bursts, self.bandwidths[port]) + waits)


def beside_lanes(loads: Iterable[Transfer], stores: Iterable[Transfer], results: Container[str], latency: int) -> int:
    """When the port of the lanes is through: with stores, then with inputs, then with `results` that were begun before,
    which are asked for when those before them are stored."""
    stored = sum(store.cycles for store in stores)
    time = stored
    for load in sorted((load for load in loads if load.cycles), key=lambda load: load.operand in results):
        asked = stored if load.operand in results else 0
        time = max(time, asked + latency) + load.cycles
    return time


def slowest_port(loads: Iterable[Transfer], stores: Iterable[Transfer] = (), latency: int = 0) -> int:
    """Cycles until all are through: ports work side by side, transfers on one port in turn, stores first. Psums may go
    where what is stored comes from, are asked for after it and loaded then. Loads come `latency` after they are asked
    for at the earliest."""
    ports = Counter[str]()
    for transfer in stores:
        ports[transfer.port] += transfer.cycles
    stored = max(ports.values(), default=0)
    for transfer in loads:
        if transfer.cycles:
            asked = stored if transfer.buffer == "psum" else 0
            ports[transfer.port] = max(ports[transfer.port], asked + latency) + transfer.cycles
    return max(ports.values(), default=0)
