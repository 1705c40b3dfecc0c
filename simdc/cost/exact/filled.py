"""How much of each buffer the largest tiles of a schedule take, as a share of what the buffer holds at a time."""

from __future__ import annotations

from collections.abc import Mapping

from simdc.cost.hardware import Hardware
from simdc.cost.hazards import LATENCY
from simdc.cost.kernel import Kernel
from simdc.cost.model import tiled_kernel
from simdc.cost.rule import MachineRule
from simdc.cost.tiling import Tiling

from .tiled import tile_once


def buffer_shares(kernel: Kernel, tiling: Tiling, hardware: Hardware, rule: MachineRule) -> Mapping[str, float]:
    """Shares from 0 to 1 by the buffer's name, in the order in which they are checked. Where a program has several loop
    nests it is the share of the one that takes most. Raises Uncosted for a chain of units."""
    # A weight tile of 128 x 64 elements of 8 bits, 65,536 bits, in the half of 131,072 bits that holds it: 0.5.
    shares: dict[str, float] = {}
    for need in tile_once(tiled_kernel(kernel), tiling.order, tiling.sizes, hardware, rule).needs():
        if need.field != LATENCY and need.limit_bits:
            shares[need.buffer] = max(shares.get(need.buffer, 0.0), need.need_bits / need.limit_bits)
    return shares
