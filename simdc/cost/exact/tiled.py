"""A kernel of any kind that arrays run, with its loops cut."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.axis import ONE, Numbers
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import ArrayKernel, FusedProducts, TiledKernel, VectorProgram
from simdc.cost.rule import GENESYS, MachineRule

from .contraction import TiledContraction
from .fused import TiledFused
from .vector import TiledProgram

Tiled = TiledContraction | TiledProgram


def tile(
    kernel: ArrayKernel,
    order: Sequence[str],
    sizes: Sequence[int],
    hardware: Hardware,
    numbers: Numbers = ONE,
    rule: MachineRule = GENESYS,
) -> Tiled:
    """The kernel with its loops cut, one way or many: `sizes` are the tile sizes of the loops in `order`, whole numbers
    or, where `numbers` says so, arrays of one shape. Raises TilingError where a border makes too many kinds of tiles;
    that tiles fit the buffers is not looked at."""
    # sizes (2, 2) is one tiling; (array([2, 4]), 2) are two that differ in the first loop.
    if isinstance(kernel, VectorProgram):
        return TiledProgram.cut(kernel, order, sizes, hardware, numbers, rule)
    return TiledContraction.cut(kernel, order, sizes, hardware, numbers, rule)


def tile_once(
    kernel: TiledKernel, order: Sequence[str], sizes: Sequence[int], hardware: Hardware, rule: MachineRule = GENESYS
) -> Tiled | TiledFused:
    """As `tile`, one way, and of any kernel that is no chain."""
    if isinstance(kernel, FusedProducts):
        return TiledFused(kernel, order, sizes, hardware, rule)
    return tile(kernel, order, sizes, hardware, rule=rule)
