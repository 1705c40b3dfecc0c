"""Which channel of DRAM carries what, and how."""

from __future__ import annotations

from simdc.frozen import Frozen, evolve

from .machine_fields import choice, option

SHARED = "a data sheet: machines with one channel, or some, for what has ports of its own here"
DUPLEX = "full: AXI, which has wires for either way"
BURSTS = "a data sheet: DRAM gives whole bursts, and the row of a tile begins one of its own"
LATENCY = "a data sheet; RTL of GeneSys waits for its first loads only, as requests are on their way beside a tile"
REQUESTS = "RTL of GeneSys: 4 to 12 dead cycles between the bursts of a store"


class Dram(Frozen):
    """Which channel carries what: `psum_channel` partial sums that are loaded again, `result_channel` all that the
    systolic array stores. Each is called after what it carries where nothing is said, and as wide as that port is
    (`systolic.bandwidths`, `simd.bandwidth_bits_per_cycle`). On a `full` duplex channel loads and stores do not wait
    for each other.

    A tile of an operand crosses its channel in contiguous runs, as it lies in its tensor, row-major by its dimensions.
    Each run moves whole bursts of `burst_bits`, which count as time and not as bits that the layer moves, and takes
    `request_cycles` more. What is loaded comes `latency_cycles` after it is asked for, at the earliest: requests do not
    wait for each other, and what a tile computes or stores meanwhile hides them.
    """

    # All on `psum` is one channel for everything. 4 rows of 7 bytes out of rows of 9: 4 runs of 56 bits, in bursts of
    # 64 bits 256 bits.

    weight_channel: str = choice(SHARED, "weight", "ifmap", "psum", "simd")
    bias_channel: str = choice(SHARED, "weight", "ifmap", "psum", "simd")
    ifmap_channel: str = choice(SHARED, "ifmap", "weight", "psum", "simd")
    psum_channel: str = choice(SHARED, "psum", "weight", "ifmap", "simd")
    result_channel: str = choice(SHARED, "psum", "weight", "ifmap", "simd")
    simd_channel: str = choice(SHARED, "simd", "weight", "ifmap", "psum")
    weight_duplex: str = choice(DUPLEX, "half", "full")
    ifmap_duplex: str = choice(DUPLEX, "half", "full")
    psum_duplex: str = choice(DUPLEX, "half", "full")
    simd_duplex: str = choice(DUPLEX, "half", "full")
    burst_bits: int = option("bit", BURSTS, 1, minimum=1)
    request_cycles: int = option("cycle", REQUESTS, 0)
    latency_cycles: int = option("cycle", LATENCY, 0)

    @property
    def is_usual(self) -> bool:
        """Whether each port is a half duplex channel of its own."""
        return self == USUAL or evolve(self, burst_bits=1, request_cycles=0, latency_cycles=0) == USUAL

    @property
    def counts_runs(self) -> bool:
        """Whether it matters in how many contiguous runs a tile lies."""
        return self.burst_bits != 1 or self.request_cycles != 0

    @property
    def has_full_duplex(self) -> bool:
        return "full" in (self.weight_duplex, self.ifmap_duplex, self.psum_duplex, self.simd_duplex)


USUAL = Dram()
