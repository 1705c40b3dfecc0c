"""A machine whose ports share one channel of DRAM, with the channel's width as a hardware field of its own."""

from __future__ import annotations

from simdc.cost import ExactModel, HardwareField
from simdc.cost.rule import GENESYS
from simdc.frozen import evolve

CHANNEL = "extensions.one-channel.dram_bits_per_cycle"


class OneChannelModel(ExactModel):
    """All streams of the array move in turn; those of the SIMD array do already, here over the same channel."""

    name = "one-channel"
    extension_fields = (HardwareField("dram_bits_per_cycle", "bit/cycle", default=64),)
    rule = evolve(
        GENESYS,
        ports={"psum_port": CHANNEL, "simd_port": CHANNEL},
        array_streams=tuple(row._replace(port="psum_port") for row in GENESYS.array_streams),
    )
