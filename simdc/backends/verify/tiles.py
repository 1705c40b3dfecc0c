"""The number of tiles of a schedule, without walking them."""

from __future__ import annotations

from math import prod

from simdc.backends.simulate import contraction, vector
from simdc.backends.simulate.walk import whole_loops
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, FusedProducts, TiledKernel
from simdc.cost.numbers import ceil_div
from simdc.cost.tiling import Tiling

from .fused import count_fused_tiles


def count_tiles(kernel: TiledKernel, tiling: Tiling, hardware: Hardware) -> int:
    """Of all nests together."""
    sizes = whole_loops(kernel, tiling).as_dict()
    if isinstance(kernel, FusedProducts):
        return count_fused_tiles(kernel, sizes)
    if isinstance(kernel, Contraction):
        walks = [contraction.rounded_bounds(kernel, hardware)]
    else:
        walks = [vector.rounded_bounds(nest, kernel, hardware) for nest in kernel.nests]
    return sum(prod(ceil_div(bound, sizes[loop]) for loop, bound in bounds.items()) for bounds in walks)
