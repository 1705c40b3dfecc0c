"""A tiled loop nest as a grid of tiles: the size of each tile along each axis, and where along an axis tiles differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

from .hardware import Hardware
from .kernel import Affine, Kernel, Operand, VectorProgram
from .tiling import Tiling, loop_bounds


class Axis:
    """One loop cut into `count` tiles of `tile` iterations; the last has `last`.

    `cuts` are the tile indices at which something about a tile changes (its size, whether its footprint is clipped):
    between two cuts all tiles are alike.
    """

    __slots__ = ("bound", "count", "cuts", "last", "loop", "tile")

    def __init__(self, loop: str, bound: int, tile: int, extra_cuts: Iterable[int] = ()):
        self.loop = loop
        self.bound = bound
        self.tile = min(tile, bound)
        self.count = -(-bound // self.tile)
        self.last = bound - (self.count - 1) * self.tile
        cuts = set(extra_cuts)
        if self.last != self.tile:
            cuts.add(self.count - 1)
        self.cuts = sorted(cut for cut in cuts if 0 < cut < self.count)

    def size(self, index: int) -> int:
        return self.last if index == self.count - 1 else self.tile


def stored_bounds(kernel: Kernel, hardware: Hardware) -> dict[str, int]:
    """Loop bounds as the machine runs them: channels rounded up to the array where it stores padding."""
    bounds = loop_bounds(kernel)
    if hardware.stores_padding:
        if isinstance(kernel, VectorProgram):
            steps = {"c": hardware.simd.lanes} if kernel.lanes == "c" else {}
        else:
            steps = {kernel.rows: hardware.systolic.rows, kernel.columns: hardware.systolic.columns}
        for loop, step in steps.items():
            bounds[loop] = -(-bounds[loop] // step) * step
    return bounds


def make_axes(
    bounds: dict[str, int], tiling: Tiling, operands: Sequence[Operand], hardware: Hardware
) -> tuple[Axis, ...]:
    """The axes of the loops in `bounds`, in the tiling's order, cut where an operand's footprint is clipped."""
    axes = [
        Axis(loop, bounds[loop], size) for loop, size in zip(tiling.order, tiling.sizes, strict=True) if loop in bounds
    ]
    if not hardware.stores_padding:
        by_loop = {axis.loop: axis for axis in axes}
        for operand in operands:
            for expression, extent in zip(operand.index, operand.shape, strict=True):
                _cut_where_clipped(expression, extent, by_loop)
    return tuple(axes)


def _cut_where_clipped(expression: Affine, extent: int, by_loop: dict[str, Axis]) -> None:
    """Set apart every tile whose range can leave [0, extent): those at the border of an axis."""
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
        alone = set(range(low + 1)) | set(range(high, axis.count)) if low < high else set(range(axis.count))
        axis.cuts = sorted({*axis.cuts, *(cut for cut in alone if 0 < cut < axis.count)})


class Footprint:
    """Bits of an operand that a tile touches, as a function of the tile's index along the axes that move the operand.

    `axes` are those axes, outermost first; `positions` are their places among all axes that have more than one tile.
    """

    __slots__ = ("_clip", "_dimensions", "axes", "bits", "positions")

    def __init__(self, operand: Operand, axes: Sequence[Axis], *, clip: bool, bits: int | None = None):
        self.bits = operand.bits if bits is None else bits
        self._clip = clip
        moving = set(operand.loops)
        tiled_axes = [axis for axis in axes if axis.count > 1]
        self.positions = tuple(i for i, axis in enumerate(tiled_axes) if axis.loop in moving)
        self.axes = tuple(tiled_axes[i] for i in self.positions)
        slot = {axis.loop: i for i, axis in enumerate(self.axes)}
        still = {axis.loop: axis.tile for axis in axes if axis.count == 1}
        self._dimensions: list[tuple[int, int, int, list[tuple[int, int]]]] = []
        for expression, extent in zip(operand.index, operand.shape, strict=True):
            fixed = sum(step * (still[loop] - 1) for loop, step in expression.terms if loop in still)
            tiled = [(slot[loop], step) for loop, step in expression.terms if loop in slot]
            self._dimensions.append((fixed, expression.constant, extent, tiled))

    def at(self, index: Sequence[int]) -> int:
        """Bits at `index`, one entry per axis of `axes`."""
        axes = self.axes
        sizes = [axis.last if i == axis.count - 1 else axis.tile for axis, i in zip(axes, index, strict=True)]
        elements = 1
        for fixed, constant, extent, tiled in self._dimensions:
            reach = fixed
            for slot, step in tiled:
                reach += step * (sizes[slot] - 1)
            if self._clip:
                low = constant
                for slot, step in tiled:
                    low += step * index[slot] * axes[slot].tile
                reach = min(low + reach, extent - 1) - max(low, 0)
                if reach < 0:
                    return 0
            elements *= reach + 1
        return elements * self.bits

    def largest(self) -> int:
        """Bits of the largest tile: what its buffer must hold."""
        if not self._clip:
            return self.at([0] * len(self.axes))
        return max(self.at(index) for index, _ in combinations(self.axes))


def intervals(axis: Axis) -> list[tuple[int, int]]:
    """(first tile, number of tiles) of each stretch of alike tiles."""
    starts = [0, *axis.cuts]
    return [(start, end - start) for start, end in zip(starts, [*axis.cuts, axis.count], strict=True)]


def combinations(axes: Sequence[Axis]) -> list[tuple[tuple[int, ...], int]]:
    """(representative index, multiplicity) of all kinds of tiles over several axes."""
    found: list[tuple[tuple[int, ...], int]] = [((), 1)]
    for axis in axes:
        stretches = intervals(axis)
        found = [((*index, start), times * length) for index, times in found for start, length in stretches]
    return found


def visits(footprint: Footprint, axes: Sequence[Axis]) -> tuple[int, list[tuple[int, int]]]:
    """How often a walk over `axes`, each with more than one tile, turns to each tile of an operand, and the tiles as
    (how many, bits of each).

    The operand's tile index changes with the innermost axis that moves it; axes outside that one which do not move
    the operand make the walk come back to each tile.
    """
    if not footprint.positions:
        return 1, [(1, footprint.at(()))]
    outside = axes[: footprint.positions[-1]]
    returns = prod(axis.count for i, axis in enumerate(outside) if i not in footprint.positions)
    return returns, [(times, footprint.at(index)) for index, times in combinations(footprint.axes)]
