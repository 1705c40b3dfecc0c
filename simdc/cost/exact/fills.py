"""How full the rows and columns of the array, or the lanes, are while they work."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from simdc.cost.account import Fill
from simdc.cost.rule import passes
from simdc.cost.spread import kinds, spread_of

from .contraction import TiledContraction
from .fused import TiledFused
from .tiled import Tiled
from .vector import TiledProgram

ROWS, COLUMNS, LANES = "systolic.rows", "systolic.columns", "simd.lanes"


def fills_of(tiled: Tiled | TiledFused) -> list[Fill]:
    if isinstance(tiled, TiledContraction):
        return _array(tiled)
    if isinstance(tiled, TiledProgram):
        return [_lanes(tiled)]
    return _products(tiled)


def _array(tiled: TiledContraction) -> list[Fill]:
    """Rows and columns by themselves, where loops do not share both; then all PEs."""
    # 40 channels in tiles of 16, 16 and 8 on 16 rows pass three times: 40/48 of the rows.
    kernel, array = tiled.kernel, tiled.hardware.systolic
    spread = spread_of(kernel, array)
    fills: list[Fill] = []
    if not spread.side_by_side:
        sides = ("rows", ROWS, spread.rows, array.rows), ("columns", COLUMNS, spread.columns, array.columns)
        fills = [Fill(name, field, _side(tiled, loops, pes)) for name, field, loops, pes in sides]
    executed = tiled.steps.total * array.rows * array.columns
    return [*fills, Fill("PEs", f"{ROWS} x {COLUMNS}", kernel.useful_macs / executed)]


def _side(tiled: TiledContraction, loops: Sequence[str], pes: int) -> float:
    passed = 0
    for many, sizes in kinds([axis for axis in tiled.grid.every if axis.loop in loops]):
        passed += many * passes(prod(sizes.values()), pes)
    return prod([tiled.kernel.bounds[loop] for loop in loops]) / (passed * pes)


def _lanes(tiled: TiledProgram) -> Fill:
    """Elements to the places for them in all instructions."""
    # 10 elements with an instruction each on 4 lanes: 3 issues, 10/12.
    simd, cost = tiled.hardware.simd, tiled.cost()
    issued = cost.sram_bits.insmem / simd.instruction_bits
    return Fill("lanes", LANES, sum(count for _, count in cost.ops) / (issued * simd.lanes))


def _products(tiled: TiledFused) -> list[Fill]:
    ops = dict(tiled.cost().ops)
    return [Fill("PEs", f"{ROWS} x {COLUMNS}", tiled.kernel.useful_macs / ops["mac_executed"])]
