"""Ladder tiling: the cheapest of a fixed set of schedules, so that no memory, port or width makes a layer slower.

The set depends on the kernel's loops and the width of the arrays only. A larger memory adds schedules to those that
fit, a wider port or narrower data makes none of them dearer: the least cycles of those that fit never rise.
"""

from __future__ import annotations

from simdc.cost.exact.flat_lanes import flat_program
from simdc.cost.grid import stored_bounds
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import FusedProducts, Kernel, VectorProgram
from simdc.cost.model import tiled_kernel
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.spread import spread_of
from simdc.cost.tiling import Tiling

from .array import ArrayRungs
from .lanes import TooFine, flat_cheapest


def ladder_tiling(kernel: Kernel, hardware: Hardware, rule: MachineRule = GENESYS) -> Tiling:
    """The schedule with the fewest cycles under `exact` among those of docs/architecture.md, section "Default tiling".
    Pricing it raises TilingError when even one inner tile is too large for a buffer; otherwise it is legal. Raises
    Uncosted for a chain."""
    kernel = tiled_kernel(kernel)
    if isinstance(kernel, FusedProducts):
        from .fused import fused_ladder

        return fused_ladder(kernel, hardware, rule)
    is_program = isinstance(kernel, VectorProgram)
    found = _cheapest_program(kernel, hardware, rule) if is_program else ArrayRungs(kernel, hardware, rule).cheapest()
    if found is not None:
        return found
    # No rung fits: the smallest tile that fills an array, one iteration of all other loops. A 3x3 convolution of 64
    # channels on 16 x 16 PEs: ic 16, oc 16, kh, kw, oh, ow 1.
    widths = {kernel.lanes: hardware.simd.lanes} if is_program else spread_of(kernel, hardware.systolic).widths
    bounds = stored_bounds(kernel, hardware)
    return Tiling(tuple(bounds), tuple([min(widths.get(loop, 1), bound) for loop, bound in bounds.items()]))


def _cheapest_program(program: VectorProgram, hardware: Hardware, rule: MachineRule) -> Tiling | None:
    flat = flat_program(program, hardware, rule)
    if flat is not None:
        try:
            return flat_cheapest(flat)
        except TooFine:
            pass
    # Where numbers are too large for the core, or the machine is one that it does not know.
    from .vectors import VectorRungs

    return VectorRungs(program, hardware, rule).cheapest()
