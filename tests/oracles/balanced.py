"""Machines on which no port and no array is idle for long: there it shows who waits for whom."""

from __future__ import annotations

from random import Random

from simdc.cost import ExactModel, Hardware
from simdc.cost.hardware import Bandwidths
from simdc.cost.kernel import Contraction
from simdc.cost.tiling import Tiling
from simdc.frozen import evolve

EXACT = ExactModel()


def balanced(random: Random, kernel: Contraction, tiling: Tiling, machine: Hardware, release: str) -> Hardware:
    """The machine with ports each of which is about as long busy as the array, give or take a third."""
    cost = EXACT.evaluate(kernel, tiling, machine)
    bits = (
        cost.dram_bits.weight + cost.dram_bits.bias,
        cost.dram_bits.ifmap,
        cost.dram_bits.psum + cost.dram_bits.ofmap,
    )
    widths = (max(1, round(each / cost.cycles.compute * random.uniform(0.7, 1.4))) for each in bits)
    return evolve(machine, systolic=evolve(machine.systolic, bandwidths=Bandwidths(*widths), buffer_release=release))
