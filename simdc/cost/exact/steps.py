"""The array's work on a contraction: one step is one cycle of all PEs."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.grid import Grid
from simdc.cost.hardware import SystolicArray
from simdc.cost.kernel import Contraction


class Steps:
    """`total` steps of all tiles; `outputs` of them, for whole rows of columns, begin an output; `tiles` tiles."""

    __slots__ = ("_lasts", "_sizes", "_still", "outputs", "tiles", "total")

    def __init__(self, kernel: Contraction, array: SystolicArray, grid: Grid):
        wide = {kernel.rows: array.rows, kernel.columns: array.columns}
        of_result = kernel.psum.loops
        self.total = self.outputs = self.tiles = self._still = 1
        self._sizes: list[tuple[int, int]] = []
        self._lasts = [axis.count - 1 for axis in grid.axes]
        for axis in grid.every:
            width = wide.get(axis.loop)
            full, edge, along = axis.tile, axis.last, axis.bound
            if width is not None:
                full, edge = -(-full // width), -(-edge // width)
                along = (axis.count - 1) * full + edge
            self.total *= along
            if axis.loop in of_result:
                self.outputs *= along
            if axis.count == 1:
                self._still *= along
            else:
                self.tiles *= axis.count
                self._sizes.append((full, edge))

    def of_tile(self, index: Sequence[int]) -> int:
        """Steps of the tile at a walk index."""
        steps = self._still
        for i, last, (full, edge) in zip(index, self._lasts, self._sizes, strict=True):
            steps *= edge if i == last else full
        return steps
