"""Machines whose DRAM moves whole bursts and takes cycles for each contiguous run."""

from __future__ import annotations

from random import Random

from simdc.cost.dram import Dram
from simdc.frozen import evolve


def random_bursts(random: Random, dram: Dram) -> Dram:
    """Bursts of any width, some of no whole elements, or waits, or both."""
    burst = random.choice((1, random.randint(2, 40), 1 << random.randint(3, 9)))
    return evolve(dram, burst_bits=burst, request_cycles=random.choice((0, 1, random.randint(2, 12))))
