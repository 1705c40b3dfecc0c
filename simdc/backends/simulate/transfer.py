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


def slowest_port(transfers: Iterable[Transfer]) -> int:
    """Cycles until all are through: ports work side by side, transfers on one port in turn."""
    cycles: Counter[str] = Counter()
    for transfer in transfers:
        cycles[transfer.port] += transfer.cycles
    return max(cycles.values(), default=0)
