"""How long tiles take on a DRAM port where each contiguous run of a tile is asked for by itself."""

from __future__ import annotations

from collections.abc import Sequence

from .axis import Numbers, Places
from .dram import Dram
from .grid import Footprint, Grid, Reach
from .kernel import Affine, Operand
from .ratio import Rate


class Bursts:
    """The tiles of an operand as they lie in its tensor, row-major by its dimensions: a run goes on from dimension to
    dimension as long as the tile has all of those inside."""

    __slots__ = ("_dimensions", "_dram", "_extents", "_numbers")

    def __init__(self, operand: Operand, footprint: Footprint, grid: Grid, dram: Dram):
        self._numbers, self._dram = grid.numbers, dram
        bounds = {axis.loop: axis.bound for axis in grid.every}
        self._dimensions: list[Reach] = []
        self._extents: list[int] = []
        for expression, extent in zip(operand.index, operand.shape, strict=True):
            still, tiled = 1, list[tuple[int, int]]()
            for loop, step in expression.terms:
                if loop in grid.whole:
                    still += step * (grid.whole[loop] - 1)
                else:
                    tiled.append((footprint.slots.index(grid.slots[loop]), step))
            low, numbers = (expression.constant, grid.numbers) if grid.clip else (0, None)
            self._dimensions.append(Reach(still, low, extent, tiled, numbers))
            self._extents.append(extent if grid.clip else stored_extent(expression, extent, bounds))

    def cycles(self, places: Places, bits: int, bandwidth: Rate) -> int:
        """Of the tile at a place for each axis of the footprint, its elements `bits` wide."""
        reaches = [dimension.reach(places) for dimension in self._dimensions]
        return port_cycles(*runs(reaches, self._extents, self._numbers), bits, bandwidth, self._dram)


def bursts_of(operand: Operand, footprint: Footprint, grid: Grid, dram: Dram) -> Bursts | None:
    """None where it does not matter in how many runs tiles lie."""
    return Bursts(operand, footprint, grid, dram) if dram.counts_runs else None


def stored_extent(expression: Affine, extent: int, bounds: dict[str, int]) -> int:
    """Positions of a dimension as DRAM has it with its padding."""
    # oh + kh - 1 with oh < 8 and kh < 3 reaches from -1 to 8 of 8 rows: 10 are stored.
    top = expression.constant + expression.span(bounds)
    return max(extent, top) - min(0, expression.constant)


def runs(reaches: Sequence[int], extents: Sequence[int], numbers: Numbers) -> tuple[int, int]:
    """Elements of each contiguous run of a box of `reaches` in a tensor of `extents`, and how many runs there are."""
    # [2, 4, 8] of [3, 6, 8]: 4 whole rows are a run of 32, of which there are 2.
    elements, length, whole = 1, 1, True
    for reach, extent in zip(reversed(reaches), reversed(extents), strict=True):
        elements, length = elements * reach, numbers.choose(whole, length * reach, length)
        whole = whole & (reach >= extent)
    # A box outside the tensor has no runs.
    return length, elements // numbers.larger(length, 1)


def port_cycles(length: int, count: int, bits: int, bandwidth: Rate, dram: Dram) -> int:
    """Of `count` runs of `length` elements: whole bursts, which fill the port, and what each run waits."""
    # 3 runs of 5 elements of 8 bits in bursts of 32: 3 * 64 bits, at 16 a cycle 12 cycles, and 3 * 2 of waiting: 18.
    burst = dram.burst_bits
    return -(-count * -(-length * bits // burst) * burst // bandwidth) + count * dram.request_cycles
