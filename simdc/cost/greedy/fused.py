"""Greedy tile of two products that run as one: rows on the lanes and the stream by turns, then the other loops."""

from __future__ import annotations

from simdc.cost.fused_capacity import FusedTiles, fused_hazards, fused_needs
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import FusedProducts
from simdc.cost.rule import MachineRule


def fused_tile(kernel: FusedProducts, hardware: Hardware, rule: MachineRule) -> dict[str, int]:
    """Tile sizes in default order. Single iterations of all loops where nothing larger fits."""
    bounds, tiles = kernel.bounds, FusedTiles(kernel, hardware)
    sizes = dict.fromkeys(bounds, 1)
    widths = {kernel.lanes: hardware.simd.lanes, kernel.streamed: hardware.systolic.columns}
    # 64 lanes, 64 columns: 1 x 1, 2 x 1, 2 x 2, ... 64 x 64, 128 x 64, 128 x 128, as long as there is room.
    waiting = {loop: _upwards(bounds[loop], width) for loop, width in widths.items()}
    while any(waiting.values()):
        for loop, larger in waiting.items():
            if larger and _fits(tiles, sizes | {loop: larger[0]}, rule):
                sizes[loop] = larger.pop(0)
            else:
                larger.clear()
    for loop in reversed([loop for loop in bounds if loop not in widths]):
        for size in range(bounds[loop], 1, -1):
            if _fits(tiles, sizes | {loop: size}, rule):
                sizes[loop] = size
                break
    return sizes


def _upwards(bound: int, width: int) -> list[int]:
    """Powers of two below the array's width, its multiples, and the whole loop, each larger than 1."""
    # 40 on 16 lanes: 2, 4, 8, 16, 32, 40.
    powers = [1 << exponent for exponent in range(1, width.bit_length()) if 1 << exponent < width]
    return [size for size in sorted({*powers, *range(width, bound, width), bound} - {1}) if size <= bound]


def _fits(tiles: FusedTiles, sizes: dict[str, int], rule: MachineRule) -> bool:
    needs = (*fused_needs(tiles, sizes, rule), *fused_hazards(tiles, sizes, rule))
    return all(need.need_bits <= need.limit_bits for need in needs)
