"""The tile simulator: plays a schedule tile by tile and counts what happens.

It knows no closed form, so it is slow and easy to check. The `exact` cost model has to agree with it.
"""

from __future__ import annotations

import sys

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Kernel
from simdc.cost.result import Cost
from simdc.cost.tiling import Tiling, check_loops, loop_bounds

from .contraction import simulate_contraction
from .vector import simulate_vector_program

__all__ = ["simulate", "whole_loops"]


def simulate(kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
    """What `kernel` costs when its tiles run one by one, all in integers.

    Time grows with the number of tiles. Buffer capacities are not checked: a tile that does not fit runs all the same.
    Raises TilingError when the tiling does not name the kernel's loops.
    """
    check_loops(kernel, tiling)
    tiling = whole_loops(kernel, tiling)
    if isinstance(kernel, Contraction):
        return simulate_contraction(kernel, tiling, hardware)
    return simulate_vector_program(kernel, tiling, hardware)


def whole_loops(kernel: Kernel, tiling: Tiling) -> Tiling:
    """A tile as long as the layer's own loop is the whole loop, also where the machine rounds the loop up."""
    bounds = loop_bounds(kernel)
    sizes = (
        size if size < bounds[loop] else sys.maxsize for loop, size in zip(tiling.order, tiling.sizes, strict=True)
    )
    return Tiling(tiling.order, tuple(sizes))
