"""What the SDP, the PDP or the CDP waits for where it runs by itself, from memory to memory."""

from __future__ import annotations

from simdc.cost.machine import ComputeUnit
from simdc.cost.numbers import ceil_div
from simdc.named import NamedTuple

from .arithmetic import larger
from .levels import WHOLE
from .parts import Nvdla
from .sizes import UnitPass, unit_beats


class UnitWork(NamedTuple):
    """`unit_cycles` for all elements that the unit reads, channels in whole atoms, `bus_cycles` for all traffic. All
    levels but the last are one."""

    unit: str
    unit_cycles: int
    bus_cycles: int
    latency_cycles: int

    def active_cycles(self, level: int) -> int:
        """In which the unit works."""
        del level
        return self.unit_cycles

    def terms(self, level: int) -> dict[str, int]:
        found = {self.unit: self.unit_cycles, "dram": self.bus_cycles}
        return found if level < WHOLE else {**found, "latency": self.latency_cycles}

    def cycles(self, level: int) -> int:
        before = larger(self.unit_cycles, self.bus_cycles)
        return before if level < WHOLE else before + self.latency_cycles

    def next_cycles(self, level: int, is_hidden: bool) -> int:
        """Of an equal, independent one just behind: nobody measured whether they overlap."""
        del is_hidden
        return self.cycles(level)

    def with_twice_the_port(self) -> UnitWork:
        """Its results do not come through the accumulator's port."""
        return self

    def without(self, term: str) -> UnitWork:
        """The same as if one term took no time."""
        name = "unit" if term == self.unit else "bus" if term == "dram" else term
        return self._replace(**{f"{name}_cycles": 0})


def unit_work(layer: UnitPass, name: str, unit: ComputeUnit, machine: Nvdla) -> UnitWork:
    # 64 channels of 15 x 15 pixels through the PDP: 14,400 elements, 2,192 beats, 74 + 2 * 50 cycles of latency.
    elements = ceil_div(layer.channels, unit.atom_elements) * unit.atom_elements * layer.height * layer.width
    beats, beat = unit_beats(layer, unit, machine), machine.dram.beat_bits
    extra = (layer.addends > 0) * unit.operand_latency_cycles + layer.is_pooled * machine.pdp.chained_latency_cycles
    pooled = layer.is_pooled * ceil_div(elements, machine.pdp.rate_per_cycle)
    return UnitWork(
        name,
        larger(ceil_div(elements, unit.rate_per_cycle), pooled),
        machine.bus_cycles(beats.read * beat, beats.ofmap * beat),
        unit.latency_cycles + 2 * machine.dram.latency_cycles + extra,
    )
