"""The array's work on a contraction where folds do not simply follow each other."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from simdc.cost.axis import Axis, Places
from simdc.cost.folds import FoldCount, FoldLaw, Lengths, fold_loops
from simdc.cost.grid import Grid
from simdc.cost.kernel import Contraction
from simdc.cost.rule import passes
from simdc.cost.spread import Spread, kinds


class Folds:
    """Cycles of all tiles (`total`), or of one (`of_tile`), their fill left out; as `Steps`, which counts what is the
    same where every fold lasts a cycle for each position. `loads` is how many folds there are."""

    __slots__ = ("_apart", "_cycles", "_grid", "_law", "_loops", "_spread", "loads", "total")

    def __init__(self, kernel: Contraction, spread: Spread, grid: Grid, law: FoldLaw):
        self._law, self._grid, self._spread, self._loops = law, grid, spread, fold_loops(kernel, spread.stays)
        self._apart = [loop for loops in self._loops[1:] for loop in loops if loop not in spread.joint]
        self._cycles: dict[Places, int] = {}
        by_loop = {axis.loop: axis for axis in grid.every}
        count, lengths, tiles = self._of_all(by_loop), Lengths(0, 0, 0), 0
        for many, sizes in kinds([by_loop[loop] for loop in self._loops.positions]):
            one = law.lengths(prod(sizes.values()), grid.numbers)
            lengths = Lengths(*(total + many * each for total, each in zip(lengths, one, strict=True)))
            tiles = tiles + many
        self.total, self.loads = count.cycles(lengths), tiles * count.folds

    def _of_all(self, by_loop: Mapping[str, Axis]) -> FoldCount:
        """All tiles along the loops that move no position."""
        # 40 channels in tiles of 32 and 8 on 16 rows, 2 blocks of columns in one tile: 2 * (2 + 1) folds; either tile
        # begins 2 blocks: 4.
        spread, count = self._spread, FoldCount(0, 0, 0)
        for many, sizes in kinds([by_loop[loop] for loop in spread.joint]):
            folds, blocks = self._joint(sizes)
            count = FoldCount(count.folds + many * folds, count.blocks + many * blocks, count.tiles + many)
        for loop in self._apart:
            axis, width = by_loop[loop], spread.widths.get(loop, 1)
            folds = (axis.count - 1) * passes(axis.tile, width) + passes(axis.last, width)
            blocks = folds if loop in self._loops.blocks else axis.count
            count = FoldCount(count.folds * folds, count.blocks * blocks, count.tiles * axis.count)
        return count

    def of_tile(self, places: Places) -> int:
        """Cycles of the tile at `places`, one for each slot of the grid."""
        found = self._cycles.get(places)
        if found is None:
            grid = self._grid
            sizes = {**grid.whole, **{axis.loop: place.size for axis, place in zip(grid.axes, places, strict=True)}}
            lengths = self._law.lengths(prod([sizes[loop] for loop in self._loops.positions]), grid.numbers)
            found = self._cycles[places] = self._of_one(sizes).cycles(lengths)
        return found

    def _of_one(self, sizes: Mapping[str, Any]) -> FoldCount:
        spread, (folds, blocks) = self._spread, self._joint(sizes)
        for loop in self._apart:
            here = passes(sizes[loop], spread.widths.get(loop, 1))
            folds, blocks = folds * here, blocks * here if loop in self._loops.blocks else blocks
        return FoldCount(folds, blocks, 1)

    def _joint(self, sizes: Mapping[str, Any]) -> tuple[Any, Any]:
        """Folds and blocks along the loops that share a side of the array."""
        spread, numbers = self._spread, self._grid.numbers
        folds = spread.joint_passes(sizes, numbers)
        return folds, folds if spread.stays == "psum" else spread.joint_sums(sizes, numbers)
