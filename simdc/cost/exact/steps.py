"""The array's work on a contraction: one step is one cycle of all PEs."""

from __future__ import annotations

from collections.abc import Sequence

from simdc.cost.axis import Axis, Places
from simdc.cost.grid import Grid
from simdc.cost.kernel import Contraction
from simdc.cost.rule import passes
from simdc.cost.spread import Spread, kinds


class Steps:
    """`total` steps of all tiles and the number of `tiles`; `visits` to the psum buffer, of which `outputs` begin sums:
    of a row of results in each step, or of all PEs for each pass where a PE keeps its sum."""

    # 4 input channels in 2 tiles, 2 output channels, 4 pixels on 2 x 2 PEs: 2 * 1 * 4 = 8 steps. Each pixel has one sum
    # a column, begun at the first of the 2 tiles: 4 outputs.

    __slots__ = (
        "_joint_slots",
        "_numbers",
        "_of_joint",
        "_of_places",
        "_spread",
        "_whole",
        "_widths",
        "outputs",
        "tiles",
        "total",
        "visits",
    )

    def __init__(self, kernel: Contraction, spread: Spread, grid: Grid):
        wide, joint, of_result = spread.widths, spread.joint, kernel.psum.loops
        self._spread, self._numbers, self._whole = spread, grid.numbers, grid.whole
        self.total = self.outputs = self.tiles = still = 1
        # The passes along joint loops are a factor of their own.
        self._widths = [0 if axis.loop in joint else wide.get(axis.loop, 1) for axis in grid.axes]
        for axis in grid.every:
            if axis.is_tiled:
                self.tiles = self.tiles * axis.count
            if axis.loop in joint:
                continue
            width = wide.get(axis.loop, 1)
            along = axis.bound
            if width > 1:
                # 40 channels in tiles of 16 + 16 + 8 on 8 rows: 2 tiles of 2 passes and one of 1.
                along = (axis.count - 1) * passes(axis.tile, width) + passes(axis.last, width)
            self.total = self.total * along
            if axis.loop in of_result:
                self.outputs = self.outputs * along
            if not axis.is_tiled:
                still *= passes(axis.bound, width)
        self._of_places: dict[Places, int] = {(): still}
        self._joint_slots = [(axis.loop, slot) for slot, axis in enumerate(grid.axes) if axis.loop in joint]
        self._of_joint: dict[Places, int] = {}
        if joint:
            self._count_joint([axis for axis in grid.every if axis.loop in joint], of_result)
        self.visits = self.total
        if spread.stays == "psum":
            # 8 x 8 results on 4 x 4 PEs are 4 passes, and 8 visits if what is summed over is in 2 tiles.
            self.visits = self.outputs
            for axis in grid.axes:
                self.visits = self.visits * (1 if axis.loop in of_result else axis.count)

    def _count_joint(self, axes: Sequence[Axis], of_result: Sequence[str]) -> None:
        # Rows ic 3 in tiles of 2 and 1, kw 5, on 4 rows: ceil(10 / 4) + ceil(5 / 4) = 5 passes.
        spread, numbers, total, outputs = self._spread, self._numbers, 0, 0
        is_kept = spread.stays == "psum"
        for many, sizes in kinds(axes):
            total = total + many * spread.joint_passes(sizes, numbers)
        # An output begins where all loops that are summed over stand at their first tile.
        summed = frozenset(axis.loop for axis in axes if axis.loop not in of_result)
        for many, sizes in kinds(axes, summed):
            found = spread.joint_passes(sizes, numbers) if is_kept else spread.joint_sums(sizes, numbers)
            outputs = outputs + many * found
        self.total, self.outputs = self.total * total, self.outputs * outputs

    @property
    def stays(self) -> str:
        """The role of the operand that stays in the PEs."""
        return self._spread.stays

    def of_tile(self, places: Places) -> int:
        """Steps of the tile at `places`, one for each slot of the grid."""
        if not self._spread.joint:
            return self._apart(places)
        own = tuple([places[slot] for _, slot in self._joint_slots])
        found = self._of_joint.get(own)
        if found is None:
            sizes = {**self._whole, **{loop: places[slot].size for loop, slot in self._joint_slots}}
            found = self._of_joint[own] = self._spread.joint_passes(sizes, self._numbers)
        return self._apart(places) * found

    def _apart(self, places: Places) -> int:
        """Without the passes along joint loops; also of the outermost places alone."""
        # 20 channels on 16 rows take 2 passes, for each of 5 x 7 pixels: 70 steps. What the outer axes make is looked
        # up: along the innermost axis only one factor changes.
        found = self._of_places.get(places)
        if found is None:
            width, size = self._widths[len(places) - 1], places[-1].size
            if width != 1:
                size = passes(size, width) if width else 1
            found = self._of_places[places] = self._apart(places[:-1]) * size
        return found
