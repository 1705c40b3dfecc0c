"""A tiled loop nest as a grid of tiles: the size of each tile along each axis, and where along an axis tiles differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .hardware import Hardware
from .kernel import Affine, Kernel, Operand, VectorProgram
from .tiling import Tiling, loop_bounds


class Axis:
    """One loop cut into `count` tiles of `tile` iterations; the last has `last`.

    `cuts` are the tile indices at which something about a tile changes (its size, whether its footprint is clipped):
    between two cuts all tiles are alike.
    """

    __slots__ = ("bound", "count", "cuts", "last", "loop", "tile")

    def __init__(self, loop: str, bound: int, tile: int):
        self.loop = loop
        self.bound = bound
        self.tile = tile = tile if tile < bound else bound
        self.count = count = -(-bound // tile)
        self.last = bound - (count - 1) * tile
        self.cuts = [] if self.last == tile else [count - 1]


def stored_bounds(kernel: Kernel, hardware: Hardware) -> dict[str, int]:
    """Loop bounds as the machine runs them: channels rounded up to the array where it stores padding."""
    return round_up(loop_bounds(kernel), kernel, hardware)


def round_up(bounds: dict[str, int], kernel: Kernel, hardware: Hardware) -> dict[str, int]:
    """`stored_bounds` of loop bounds that are at hand."""
    bounds = dict(bounds)
    if hardware.stores_padding:
        if isinstance(kernel, VectorProgram):
            steps = {"c": hardware.simd.lanes} if kernel.lanes == "c" else {}
        else:
            steps = {kernel.rows: hardware.systolic.rows, kernel.columns: hardware.systolic.columns}
        for loop, step in steps.items():
            bounds[loop] = -(-bounds[loop] // step) * step
    return bounds


class Grid:
    """The tiles of a loop nest in walking order.

    `every` has all axes, `axes` those with more than one tile: a walk index has one entry for each of these. A tile
    size at or above a loop's own bound means the whole loop, rounding up included.
    """

    __slots__ = ("_footprints", "axes", "clip", "every", "slots", "whole")

    def __init__(self, own: Mapping[str, int], loops: Mapping[str, int], tiling: Tiling, hardware: Hardware):
        """`loops` are those of the nest with their bounds as the machine runs them (`stored_bounds`), `own` has the
        bounds that the kernel gives them."""
        self.every = [
            Axis(loop, loops[loop], size if size < own[loop] else loops[loop])
            for loop, size in zip(tiling.order, tiling.sizes, strict=True)
            if loop in loops
        ]
        self.axes = [axis for axis in self.every if axis.count > 1]
        self.slots = {axis.loop: slot for slot, axis in enumerate(self.axes)}
        self.whole = {axis.loop: axis.tile for axis in self.every if axis.count == 1}
        self.clip = not hardware.stores_padding
        self._footprints: dict[object, Footprint] = {}

    def cut_at_borders(self, operands: Sequence[Operand]) -> None:
        """Set apart the tiles whose footprint may be clipped at an operand's border, where padding is not stored."""
        if self.clip:
            by_loop = {axis.loop: axis for axis in self.every}
            for operand in operands:
                for expression, extent in zip(operand.index, operand.shape, strict=True):
                    _cut_where_clipped(expression, extent, by_loop)

    def cut_after_first(self, loops: Sequence[str]) -> None:
        """Set the first tile along each of `loops` apart."""
        for axis in self.axes:
            if axis.loop in loops and 1 not in axis.cuts:
                axis.cuts = [1, *axis.cuts]

    def footprint(self, operand: Operand) -> Footprint:
        """The operand's footprint, made once for all operands that the loops index alike."""
        key = (operand.index, operand.shape if self.clip else None)
        found = self._footprints.get(key)
        if found is None:
            found = self._footprints[key] = Footprint(operand, self)
        return found


def _cut_where_clipped(expression: Affine, extent: int, by_loop: Mapping[str, Axis]) -> None:
    top = expression.constant + sum(step * (by_loop[loop].bound - 1) for loop, step in expression.terms)
    if expression.constant >= 0 and top < extent:
        return
    for loop, step in expression.terms:
        axis = by_loop[loop]
        # Tiles [low, high) stay inside the tensor whatever the other loops of this dimension do.
        low = -(expression.constant // (step * axis.tile)) if expression.constant < 0 else 0
        room = extent - 1 - (top - step * (axis.bound - 1))
        high = (room // step + 1) // axis.tile if room >= 0 else 0
        low, high = min(low, axis.count), max(0, min(high, axis.count))
        alone = {*range(low + 1), *range(high, axis.count)} if low < high else set(range(axis.count))
        axis.cuts = sorted({*axis.cuts, *(cut for cut in alone if 0 < cut < axis.count)})


class Footprint:
    """Elements of an operand that a tile touches, by the tile's index along the axes that move the operand.

    `axes` are those axes, outermost first, `positions` their places in a walk index. `tiles` lists every kind of tile:
    (representative index, how many, elements).
    """

    __slots__ = ("_clipped", "_dimensions", "_still", "axes", "positions", "tiles")

    def __init__(self, operand: Operand, grid: Grid):
        slots, whole = grid.slots, grid.whole
        self.positions = [slots[loop] for loop in operand.loops if loop in slots]
        self.positions.sort()
        self.axes = [grid.axes[slot] for slot in self.positions]
        self._still = 1
        self._dimensions: list[tuple[int, list[tuple[int, int]]]] = []
        self._clipped: list[tuple[int, int, int, list[tuple[int, int]]]] = []
        for (terms, constant), extent in zip(operand.index, operand.shape, strict=True):
            reach, tiled = 1, list[tuple[int, int]]()
            for loop, step in terms:
                if loop in whole:
                    reach += step * (whole[loop] - 1)
                else:
                    tiled.append((self.positions.index(slots[loop]), step))
            if grid.clip:
                self._clipped.append((reach, constant, extent, tiled))
            elif tiled:
                self._dimensions.append((reach, tiled))
            else:
                self._still *= reach
        self.tiles = [(index, many, self.at(index)) for index, many in combinations(self.axes)]

    def at(self, index: Sequence[int]) -> int:
        """Elements at `index`, one entry per axis of `axes`."""
        elements, axes = self._still, self.axes
        for reach, tiled in self._dimensions:
            for slot, step in tiled:
                axis = axes[slot]
                reach += step * ((axis.last if index[slot] == axis.count - 1 else axis.tile) - 1)
            elements *= reach
        for reach, low, extent, tiled in self._clipped:
            for slot, step in tiled:
                axis = axes[slot]
                reach += step * ((axis.last if index[slot] == axis.count - 1 else axis.tile) - 1)
                low += step * index[slot] * axis.tile
            reach = min(low + reach, extent) - max(low, 0)
            if reach <= 0:
                return 0
            elements *= reach
        return elements

    def largest(self) -> int:
        """Elements of the largest tile: what its buffer must hold."""
        return max([elements for _, _, elements in self.tiles])


def combinations(axes: Sequence[Axis]) -> list[tuple[tuple[int, ...], int]]:
    """(representative index, multiplicity) of all kinds of tiles over several axes."""
    found: list[tuple[tuple[int, ...], int]] = [((), 1)]
    for axis in axes:
        if axis.cuts:
            starts = [0, *axis.cuts]
            stretches = [(start, end - start) for start, end in zip(starts, [*axis.cuts, axis.count], strict=True)]
            found = [((*index, start), times * many) for index, times in found for start, many in stretches]
        else:
            found = [((*index, 0), times * axis.count) for index, times in found]
    return found


def visits(footprint: Footprint, grid: Grid) -> int:
    """How often a walk turns to each tile of an operand: the operand's tile index changes with the innermost axis that
    moves it, and the axes outside that one which do not move it make the walk come back."""
    if not footprint.positions:
        return 1
    times = 1
    for slot in range(footprint.positions[-1]):
        if slot not in footprint.positions:
            times *= grid.axes[slot].count
    return times
