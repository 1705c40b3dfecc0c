"""How the loops of a contraction lie on the systolic array, and how often the array passes along them in a tile.

Closed form, bounds, ladder, candidates and rounding up ask here; the tile simulator has rules of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from simdc.named import NamedTuple

from .array_kernel import MAPPINGS
from .axis import ONE, Axis, Numbers
from .folds import Stays
from .hardware import SystolicArray
from .kernel import Contraction
from .rule import passes
from .tiling import TilingError

Sizes = Mapping[str, Any]
"""Iterations by loop: numbers, or arrays of them."""


class Spread(NamedTuple):
    """The loops along the `height` rows of the array, together as one where they are several, and along its `width`
    columns; those whose iterations lie `side_by_side`, each on rows and columns of its own. `channels` are the loops
    that a machine which stores padding rounds up, if they have a side of the array for themselves; `stays` is the role
    of the operand that stays in the PEs."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    side_by_side: tuple[str, ...]
    height: int
    width: int
    channels: tuple[str, ...]
    stays: Stays = "weight"

    @property
    def widths(self) -> dict[str, int]:
        """PEs along each loop that has a side for itself: there a tile's passes are a factor of their own."""
        if self.side_by_side:
            return {}
        sides = (self.rows, self.height), (self.columns, self.width)
        return {loops[0]: pes for loops, pes in sides if len(loops) == 1}

    @property
    def padded(self) -> dict[str, int]:
        """What is rounded up to whole arrays where padding is stored. 3 channels with a window of 7x7 beside them on
        the rows are 147 rows, and stay 3 channels."""
        return {loop: pes for loop, pes in self.widths.items() if loop in self.channels}

    @property
    def joint(self) -> tuple[str, ...]:
        """The loops that share a side of the array, or lie side by side: their passes are one factor."""
        if self.side_by_side:
            return (*self.rows, *self.columns, *self.side_by_side)
        return tuple(loop for loops in (self.rows, self.columns) if len(loops) > 1 for loop in loops)

    def at_once(self, sizes: Sizes, numbers: Numbers = ONE) -> Any:
        """How many iterations of loops side by side the array takes at once."""
        # 16 x 16 PEs, groups of 3 input and 5 output channels: min(16 // 3, 16 // 5) = 3. One, where it takes no two.
        if not self.side_by_side:
            return 1
        return numbers.larger(1, numbers.smaller(self.height // self._high(sizes), self.width // self._wide(sizes)))

    def along(self, loops: Collection[str]) -> Spread:
        """The sides of the array along which there are none but these loops; groups side by side with both of them."""
        parts = (self.rows, self.columns, self.side_by_side)
        rows, columns, groups = (part if set(part) <= set(loops) else () for part in parts)
        return self._replace(rows=rows, columns=columns, side_by_side=groups)

    def passes(self, sizes: Sizes) -> int:
        """How often the array passes along a tile of these sizes for each point of its other loops."""
        # A fold of SCALE-Sim's is a pass at one point of all loops but those that go by: of a weight-stationary array
        # the positions, of an output-stationary one what is summed over, of an input-stationary one output channels.
        return self.joint_passes(sizes) * prod([passes(sizes[loop], pes) for loop, pes in self.widths.items()])

    def filled(self, sizes: Sizes) -> float:
        """The share of the PEs that are busy in such a tile."""
        # 3 channels on 64 rows and 64 on 64 columns: 3/64. 96 channels are two passes over 64 rows: 96/128.
        busy = prod([sizes[loop] for loop in (*self.rows, *self.columns, *self.side_by_side)])
        return busy / (self.passes(sizes) * self.height * self.width)

    def joint_passes(self, sizes: Sizes, numbers: Numbers = ONE) -> Any:
        """Passes of a tile along the loops that are `joint`."""
        # Rows ic 3, kh 7, kw 7 on 16: ceil(147 / 16) = 10.
        found = self.joint_sums(sizes, numbers)
        return found * passes(self._high(sizes), self.height) if self._rows_joint else found

    def joint_sums(self, sizes: Sizes, numbers: Numbers = ONE) -> Any:
        """As `joint_passes`, of which each begins sums of its own: passes along the rows add to those of the first."""
        found: Any = 1
        if self.side_by_side:
            groups: Any = prod([sizes[loop] for loop in self.side_by_side])
            found = -(-groups // self.at_once(sizes, numbers))
        if self.side_by_side or len(self.columns) > 1:
            found = found * passes(self._wide(sizes), self.width)
        return found

    def least_passes(self, bounds: Mapping[str, int], counts: Sizes, numbers: Numbers) -> Any:
        """Along the joint loops over all tiles, where `counts` says how many tiles some of the loops have: at least."""
        # A tile has at least one pass. Beside that, of 32 groups of 1 x 1 on 16 x 16 PEs a pass takes 16 at most: its
        # rows have a group each, or its columns.
        high, wide = self._high(bounds), self._wide(bounds)
        if not self.side_by_side:
            sides = (self.rows, high, self.height), (self.columns, wide, self.width)
            least = [
                numbers.larger(_tiles(loops, counts), passes(size, pes)) for loops, size, pes in sides if len(loops) > 1
            ]
            return prod(least)
        busy = min(self.height * min(wide, self.width), self.width * min(high, self.height))
        work = high * wide * prod([bounds[loop] for loop in self.side_by_side])
        return numbers.larger(_tiles(self.joint, counts), -(-work // busy))

    @property
    def _rows_joint(self) -> bool:
        return bool(self.side_by_side) or len(self.rows) > 1

    def _high(self, sizes: Sizes) -> Any:
        return prod([sizes[loop] for loop in self.rows])

    def _wide(self, sizes: Sizes) -> Any:
        return prod([sizes[loop] for loop in self.columns])


def spread_of(kernel: Contraction, array: SystolicArray) -> Spread:
    """Raises TilingError, with the field named, for a kernel that wants what the array cannot do."""
    for word, loops, field in zip(
        MAPPINGS, (kernel.beside_rows, kernel.side_by_side), ("row_mapping", "group_mapping"), strict=True
    ):
        if loops and word not in array.mappings:
            raise TilingError(
                f"loops {list(loops)} share a side of the array, which needs systolic.{field}={word}; "
                f"it is {getattr(array, field)} on a {array.dataflow} array"
            )
    rows, columns, sides = (kernel.rows, *kernel.beside_rows), (kernel.columns,), (array.rows, array.columns)
    if array.dataflow == "weight_stationary":
        return Spread(rows, columns, kernel.side_by_side, *sides, (kernel.rows, kernel.columns))
    weight, ifmap, psum = (set(operand.loops) for operand in (kernel.weight, kernel.ifmap, kernel.psum))
    positions = tuple(loop.name for loop in kernel.loops if loop.name in (ifmap & psum) - weight)
    if array.dataflow == "output_stationary":
        return Spread(positions, columns, (), *sides, columns, "psum")
    return Spread(rows, positions, (), *sides, (kernel.rows,), "ifmap")


def _tiles(loops: Sequence[str], counts: Sizes) -> Any:
    return prod([counts[loop] for loop in loops if loop in counts])


def kinds(axes: Sequence[Axis], firsts: frozenset[str] = frozenset()) -> Iterator[tuple[int, dict[str, int]]]:
    """(how many, sizes by loop) of all kinds of tiles over several axes, by their sizes alone; of an axis in `firsts`
    the first tile alone."""
    # Bound 10 in tiles of 4: twice 4 and once 2.
    along = [
        [(1, axis.tile)] if axis.loop in firsts or not axis.is_tiled else [(axis.count - 1, axis.tile), (1, axis.last)]
        for axis in axes
    ]
    for kind in product(*along):
        yield prod([many for many, _ in kind]), {axis.loop: size for axis, (_, size) in zip(axes, kind, strict=True)}
