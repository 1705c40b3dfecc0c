"""What crosses a DRAM port."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from attrs import frozen


@frozen
class Transfer:
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


def slowest_port(loads: Iterable[Transfer], stores: Iterable[Transfer] = ()) -> int:
    """Cycles until all are through: ports work side by side, transfers on one port in turn, stores first. Psums may go
    where what is stored comes from, and are loaded after it."""
    ports = Counter[str]()
    for transfer in stores:
        ports[transfer.port] += transfer.cycles
    stored = max(ports.values(), default=0)
    for transfer in loads:
        begun = max(ports[transfer.port], stored) if transfer.buffer == "psum" else ports[transfer.port]
        ports[transfer.port] = begun + transfer.cycles
    return max(ports.values(), default=0)
