"""What a layer asks of each unit and memory of a machine."""

from __future__ import annotations

from simdc.cost.machine import MemoryLevel
from simdc.cost.numbers import ceil_div
from simdc.cost.result import DramBits
from simdc.named import NamedTuple

MAC = "mac"


class Demand(NamedTuple):
    """`amount` of a unit's `operation`, or bits of a memory, which take `cycles` at its rate."""

    name: str
    amount: int
    cycles: int
    operation: str = "bit"


class LayerDemand(NamedTuple):
    """The demands on units and on memories. `operations` are what a roofline counts, two for a MAC; `peak` is what the
    unit that runs the layer can do of them in a cycle, `bits_per_cycle` what all memories of that unit bring."""

    units: tuple[Demand, ...]
    memories: tuple[Demand, ...]
    operations: int
    peak: int
    dram_bits: DramBits
    bits_per_cycle: float

    @property
    def cycles(self) -> int:
        """Nothing waits for anything else: as long as the slowest."""
        # 400,000 MACs at 64 a cycle are 6,250 cycles, 402,300 bytes at 8 a cycle 50,288: the latter.
        return max(each.cycles for each in (*self.units, *self.memories))


def memory_demand(name: str, memory: MemoryLevel, read_bits: int, written_bits: int) -> Demand:
    """Reads and writes add up: a roofline has one roof for a memory."""
    # 100 bits read at 8 a cycle and 40 written at 16: 12.5 + 2.5 = 15 cycles.
    read, write = memory.read_bits_per_cycle, memory.write_bits_per_cycle
    return Demand(name, read_bits + written_bits, ceil_div(read_bits * write + written_bits * read, read * write))
