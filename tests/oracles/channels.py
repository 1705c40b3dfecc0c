"""Machines whose streams share channels of DRAM in any way."""

from __future__ import annotations

from random import Random

from simdc.cost import Hardware
from simdc.cost.dram import Dram
from simdc.frozen import evolve

CHANNELS = ("weight", "ifmap", "psum", "simd")
STREAMS = ("weight", "bias", "ifmap", "psum", "result", "simd")


def random_channels(random: Random) -> Dram:
    """From all on one channel to as many as there are, each half or full duplex."""
    some = random.sample(CHANNELS, random.randint(1, 4))
    words = {f"{stream}_channel": random.choice(some) for stream in STREAMS}
    words |= {f"{channel}_duplex": random.choice(("half", "half", "full")) for channel in CHANNELS}
    return Dram(**words)


def with_channels(machine: Hardware, dram: Dram, release: str = "segment") -> Hardware:
    return evolve(machine, dram=dram, systolic=evolve(machine.systolic, buffer_release=release))
