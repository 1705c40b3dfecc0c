"""Greedy tiling: fill the buffers one loop after the other, as the release does, for any layer and any machine.

Tiles always have whole sizes, and the result is always legal: where the release's rules find nothing, loops are cut
into parts that need not be equal.
"""

from __future__ import annotations

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import FusedProducts, Kernel, VectorProgram
from simdc.cost.model import tiled_kernel
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.tiling import Tiling

from .contraction import contraction_tile
from .fused import fused_tile
from .program import program_tile


def greedy_tiling(kernel: Kernel, hardware: Hardware, rule: MachineRule = GENESYS) -> Tiling:
    """A tiling in the kernel's default loop order. Pricing it raises TilingError when even one inner tile is too large
    for a buffer; otherwise it is legal. Raises Uncosted for a chain."""
    kernel = tiled_kernel(kernel)
    if isinstance(kernel, FusedProducts):
        fused = fused_tile(kernel, hardware, rule)
        return Tiling(tuple(fused), tuple(fused.values()))
    # Sizes stand in the kernel's default order, oc, ic, kh, kw, n, oh, ow: weights stay while the image passes.
    is_program = isinstance(kernel, VectorProgram)
    sizes = program_tile(kernel, hardware, rule) if is_program else contraction_tile(kernel, hardware, rule)
    return Tiling(tuple(sizes), tuple(sizes.values()))
