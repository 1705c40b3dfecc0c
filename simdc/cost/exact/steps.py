"""The array's work on a contraction: one step is one cycle of all PEs."""

from __future__ import annotations

from simdc.cost.axis import Places
from simdc.cost.grid import Grid
from simdc.cost.hardware import SystolicArray
from simdc.cost.kernel import Contraction
from simdc.cost.rule import passes


class Steps:
    """`total` steps of all tiles, of which `outputs` begin a sum in each column of the array; the number of `tiles`."""

    # 4 input channels in 2 tiles, 2 output channels, 4 pixels on 2 x 2 PEs: 2 * 1 * 4 = 8 steps. Each pixel has one sum
    # a column, begun at the first of the 2 tiles: 4 outputs.

    __slots__ = ("_of_places", "_widths", "outputs", "tiles", "total")

    def __init__(self, kernel: Contraction, array: SystolicArray, grid: Grid):
        wide = {kernel.rows: array.rows, kernel.columns: array.columns}
        of_result = kernel.psum.loops
        self.total = self.outputs = self.tiles = still = 1
        self._widths = [wide.get(axis.loop, 1) for axis in grid.axes]
        for axis in grid.every:
            width = wide.get(axis.loop, 1)
            along = axis.bound
            if width > 1:
                # 40 channels in tiles of 16 + 16 + 8 on 8 rows: 2 tiles of 2 passes and one of 1.
                along = (axis.count - 1) * passes(axis.tile, width) + passes(axis.last, width)
            self.total = self.total * along
            if axis.loop in of_result:
                self.outputs = self.outputs * along
            if axis.is_tiled:
                self.tiles = self.tiles * axis.count
            else:
                still *= passes(axis.bound, width)
        self._of_places: dict[Places, int] = {(): still}

    def of_tile(self, places: Places) -> int:
        """Steps of the tile at `places`, one for each slot of the grid or for the outermost of them."""
        # 20 channels on 16 rows take 2 passes, for each of 5 x 7 pixels: 70 steps. What the outer axes make is looked
        # up: along the innermost axis only one factor changes.
        found = self._of_places.get(places)
        if found is None:
            width, size = self._widths[len(places) - 1], places[-1].size
            if width > 1:
                size = passes(size, width)
            found = self._of_places[places] = self.of_tile(places[:-1]) * size
        return found
