"""The parts of a machine that the model looks at."""

from __future__ import annotations

from simdc.cost.machine import ComputeUnit, Machine, MemoryLevel
from simdc.cost.model import Uncosted
from simdc.cost.numbers import ceil_div
from simdc.named import NamedTuple

from .arithmetic import smaller

UNITS = ("conv", "sdp", "pdp")
MEMORIES = ("cbuf", "dram")


class Nvdla(NamedTuple):
    """Units and memories of one machine, or of many: then their fields are arrays of int64."""

    conv: ComputeUnit
    sdp: ComputeUnit
    pdp: ComputeUnit
    cbuf: MemoryLevel
    dram: MemoryLevel
    operand_bits: int
    """Of an element of what the SDP reads once for each channel, such as a bias."""

    def line_beats(self, columns: int, unit: ComputeUnit) -> int:
        """Beats of a line of a feature map, which is stored in atoms: `atom_elements` channels of a pixel."""
        # nv_small: 8 channels of 8 bits are a beat of 64, 28 pixels 28 beats.
        return ceil_div(columns * unit.atom_elements * unit.element_bits, self.dram.beat_bits)

    def cube_beats(self, channels: int, rows: int, columns: int, unit: ComputeUnit) -> int:
        # 20 channels of 12 x 12 pixels: 3 * 12 * 12 = 432.
        return ceil_div(channels, unit.atom_elements) * rows * self.line_beats(columns, unit)

    def vector_beats(self, channels: int, unit: ComputeUnit) -> int:
        """Of one operand with an element for each channel, in whole atoms as all else."""
        # 20 of 16 bits: three atoms of 8, two beats each, are 6. The RTL reads 6; the bits alone would be 5.
        atom = ceil_div(unit.atom_elements * self.operand_bits, self.dram.beat_bits)
        return ceil_div(channels, unit.atom_elements) * atom

    def bus_cycles(self, read_bits: int, write_bits: int) -> int:
        """All traffic one after the other, as levels 0 to 3 count it. Writes are never faster than reads."""
        read_rate = self.dram.read_bits_per_cycle
        write_rate = slower(self.dram)
        return ceil_div(read_bits * write_rate + write_bits * read_rate, read_rate * write_rate)


def slower(memory: MemoryLevel) -> int:
    """Bits a cycle of the slower direction."""
    return smaller(memory.read_bits_per_cycle, memory.write_bits_per_cycle)


def parts_of(machine: Machine) -> Nvdla:
    """Raises Uncosted for a machine that lacks one of them."""
    units, memories = dict(machine.units), dict(machine.memories)
    lacks = [name for name in UNITS if name not in units] + [name for name in MEMORIES if name not in memories]
    if lacks:
        raise Uncosted(
            f"the model needs units {', '.join(UNITS)} and memories {', '.join(MEMORIES)}; "
            f"{machine.name} lacks {', '.join(lacks)}"
        )
    conv, sdp, pdp = (units[name] for name in UNITS)
    cbuf, dram = (memories[name] for name in MEMORIES)
    return Nvdla(conv, sdp, pdp, cbuf, dram, machine.widths.bias_bits)
