"""A tiled loop nest as a grid of tiles, and what each tile touches of an operand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

from .axis import ONE, Axis, Numbers, Places, TilePosition, combinations
from .hardware import Hardware
from .kernel import Affine, ArrayKernel, Operand, VectorProgram
from .spread import spread_of
from .tiling import TilingError, loop_bounds

MOST_KINDS = 200_000
"""Kinds of tiles, by size and by what the border leaves of them, that a pricing may tell apart: as many as the product
of the axes' segments. Each table of sizes and times has an entry for each."""


def stored_bounds(kernel: ArrayKernel, hardware: Hardware) -> dict[str, int]:
    """Loop bounds as the machine runs them: channels rounded up to the array where it stores padding."""
    return padded_bounds(loop_bounds(kernel), kernel, hardware)


def padded_bounds(bounds: dict[str, int], kernel: ArrayKernel, hardware: Hardware) -> dict[str, int]:
    """`stored_bounds` of loop bounds that are at hand. Raises TilingError as `spread_of`."""
    if isinstance(kernel, VectorProgram):
        steps = {} if kernel.padded_loop is None else {kernel.padded_loop: hardware.simd.lanes}
    else:
        # Also where nothing is rounded up: a mapping that the array cannot do is refused before a tile is made.
        steps = spread_of(kernel, hardware.systolic).padded
    bounds = dict(bounds)
    if hardware.stores_padding:
        for loop, step in steps.items():
            # 20 channels on 16 rows are stored as 32.
            bounds[loop] = -(-bounds[loop] // step) * step
    return bounds


class Grid:
    """The tiles of a loop nest, run in loop order: the walk.

    `every` has all axes, outermost first, `axes` those with more than one tile: a tile is given by a place along each
    of these, whose numbers are the `slots`. `whole` has the bounds of all other loops. A tile size at or above a loop's
    own bound means the whole loop, rounding up included. Where padding is not stored, tiles whose footprint may be
    clipped at the border of one of `operands` are isolated; raises TilingError where these are too many.
    """

    __slots__ = ("_footprints", "axes", "clip", "every", "numbers", "slots", "whole")

    def __init__(
        self,
        own: Mapping[str, int],
        loops: Mapping[str, int],
        order: Sequence[str],
        sizes: Sequence[int],
        operands: Sequence[Operand],
        hardware: Hardware,
        numbers: Numbers = ONE,
    ):
        """`loops` are those of the nest with their bounds as the machine runs them (`stored_bounds`), `own` has the
        bounds that the kernel gives them."""
        self.clip = not hardware.stores_padding
        self.numbers = numbers
        # 20 channels stored as 32: a tile of 20 is the whole loop, 32, and not tiles of 20 and 12.
        every = [
            numbers.axis(loop, loops[loop], numbers.choose(size < own[loop], size, loops[loop]), self.clip)
            for loop, size in zip(order, sizes, strict=True)
            if loop in loops
        ]
        self.every = _isolated_at_borders(every, operands) if self.clip else every
        self.axes = [axis for axis in self.every if axis.is_tiled]
        # Order oc, ic, oh with ic whole: a place in the walk is (oc, oh), oc has slot 0 and oh slot 1.
        self.slots = {axis.loop: slot for slot, axis in enumerate(self.axes)}
        self.whole = {axis.loop: axis.bound for axis in self.every if not axis.is_tiled}
        self._footprints: dict[object, Footprint] = {}

    def footprint(self, operand: Operand) -> Footprint:
        """The operand's footprint, made once for all operands that the loops index alike."""
        key = (operand.index, operand.shape if self.clip else None)
        found = self._footprints.get(key)
        if found is None:
            found = self._footprints[key] = Footprint(operand, self)
        return found


def _isolated_at_borders(axes: Sequence[Axis], operands: Sequence[Operand]) -> list[Axis]:
    """The axes with all tiles isolated that the border of some operand may clip. Raises TilingError."""
    by_loop = {axis.loop: axis for axis in axes}
    for operand in operands:
        for expression, extent in zip(operand.index, operand.shape, strict=True):
            by_loop |= _isolated_where_clipped(expression, extent, by_loop)
    isolated = [by_loop[axis.loop] for axis in axes]
    if prod([axis.segment_count for axis in isolated if axis.is_tiled]) > MOST_KINDS:
        cut = ", ".join(f"loop {axis.loop} has {axis.segment_count}" for axis in isolated if axis.segment_count > 2)
        raise TilingError(
            f"more than {MOST_KINDS:,} kinds of tiles: the border clips each differently ({cut} kinds): "
            "tile larger, or let the machine store padding (stores_padding)"
        )
    return isolated


def _isolated_where_clipped(expression: Affine, extent: int, by_loop: Mapping[str, Axis]) -> dict[str, Axis]:
    """The axes that index one dimension of `extent` positions, each with the tiles isolated that the tensor's border
    may clip; empty if it clips none."""
    # oh + kh - 1 with oh in tiles of 4 and kh whole, 0 .. 2, on 16 rows: tile 0 begins one row before the tensor and
    # the tile of rows 12 .. 15 ends one behind it; those between are alike. low = 1, high = 3.
    top = expression.constant + sum(step * (by_loop[loop].bound - 1) for loop, step in expression.terms)
    if expression.constant >= 0 and top < extent:
        return {}
    found: dict[str, Axis] = {}
    for loop, step in expression.terms:
        axis = by_loop[loop]
        # Tiles [low, high) stay inside the tensor whatever the other loops of this dimension do.
        low = -(expression.constant // (step * axis.tile)) if expression.constant < 0 else 0
        others = top - step * (axis.bound - 1)
        room = extent - 1 - others
        high = (room // step + 1) // axis.tile if room >= 0 else 0
        # Those before `begin` and from `end` on stay outside, and touch nothing.
        begin = ((-1 - others) // step + 1) // axis.tile if others < 0 else 0
        end = -((expression.constant - extent) // (step * axis.tile)) if expression.constant < extent else 0
        found[loop] = axis.isolate(low, high, begin, end)
    return found


class Footprint:
    """Elements of an operand that a tile touches, by the tile's places along the axes that move the operand.

    `axes` are those axes, outermost first, `slots` their slots in the grid. `total` sums over all tiles, each counted
    once, so a halo is in it as often as tiles have it; `largest` is what the buffer must hold.
    """

    __slots__ = ("_sizes", "_spans", "_still", "axes", "largest", "slots", "total")

    def __init__(self, operand: Operand, grid: Grid):
        numbers = grid.numbers
        whole, slots = grid.whole, [grid.slots[loop] for loop in operand.loops if loop in grid.slots]
        slots.sort()
        self.slots = slots
        self.axes = [grid.axes[slot] for slot in slots]
        self.total = 1
        self._spans: list[Reach] = []
        for (terms, low), extent in zip(operand.index, operand.shape, strict=True):
            # 2*oh + kh, oh in tiles of 4, 3 rows of the window whole: 3 positions, and 2 * (4 - 1) more by oh: 9.
            reach, tiled = 1, list[tuple[int, int]]()
            for loop, step in terms:
                if loop in whole:
                    reach += step * (whole[loop] - 1)
                else:
                    tiled.append((slots.index(grid.slots[loop]), step))
            if not tiled and not grid.clip:
                self.total *= reach
                continue
            span = Reach(reach, low, extent, tiled, grid.numbers) if grid.clip else Reach(reach, 0, 0, tiled, None)
            if tiled:
                self._spans.append(span)
            else:
                self.total *= span.reach(())
        self.largest = self._still = self.total
        self._sizes: dict[Places, int] = {}
        # Rows oh + kh in tiles of 9, 9, 5 and columns ow + kw in tiles of 6, 6: they share no axis, so each is summed
        # by itself, 23 * 12 = 276 in all and 9 * 6 = 54 in the largest.
        for group in _entangled(self._spans):
            alone = group[0].along_one(self.axes) if len(group) == 1 else None
            if alone is not None:
                self.total, self.largest = self.total * alone[0], self.largest * alone[1]
                continue
            own = sorted({slot for span in group for slot, _ in span.tiled})
            total = largest = 0
            for many, places in combinations([self.axes[slot] for slot in own]):
                elements, by_slot = 1, dict(zip(own, places, strict=True))
                for span in group:
                    elements = elements * span.reach(by_slot)
                total = total + many * elements
                # Of many tilings some may have no tile of a kind: what stands in its place lies beyond the last tile.
                largest = numbers.larger(largest, numbers.choose(many > 0, elements, 0))
            self.total = self.total * total
            self.largest = self.largest * largest

    def at(self, places: Places) -> int:
        """Elements at a place for each of `axes`."""
        found = self._sizes.get(places)
        if found is None:
            found = self._still
            for span in self._spans:
                found = found * span.reach(places)
            self._sizes[places] = found
        return found


class Reach:
    """One dimension of a footprint: `still` positions, and more for each axis that moves it: `tiled` has (slot among
    the footprint's axes, step). Positions are clipped to [0, `extent`) where `numbers` are given."""

    __slots__ = ("_extent", "_low", "_numbers", "_still", "tiled")

    def __init__(self, still: int, low: int, extent: int, tiled: Sequence[tuple[int, int]], numbers: Numbers | None):
        self._still, self._low, self._extent, self._numbers = still, low, extent, numbers
        self.tiled = tiled

    def along_one(self, axes: Sequence[Axis]) -> tuple[int, int] | None:
        """Positions of all tiles together and of the largest, where one axis alone moves this dimension and nothing is
        clipped; else None."""
        # 2*oh + kh with 3 rows of the window, oh in tiles of 4, 4, 2: 9 + 9 + 5 = 3 * (3 - 2) + 2 * 10 = 23, at most 9.
        if len(self.tiled) != 1 or self._numbers is not None:
            return None
        ((slot, step),) = self.tiled
        axis = axes[slot]
        return axis.count * (self._still - step) + step * axis.bound, self._still + step * (axis.tile - 1)

    def reach(self, places: Sequence[TilePosition] | Mapping[int, TilePosition]) -> int:
        """Positions along this dimension that a tile touches."""
        reach = self._still
        for slot, step in self.tiled:
            reach = reach + step * (places[slot].size - 1)
        if self._numbers is None:
            return reach
        low = self._low
        for slot, step in self.tiled:
            low = low + step * places[slot].start
        larger, smaller = self._numbers.larger, self._numbers.smaller
        # 10 rows from -1 on, of a tensor of 56: 0 .. 8 remain, 9. From 60 on none does: 56 - 60 is less than 0.
        return larger(smaller(low + reach, self._extent) - larger(low, 0), 0)


def _entangled(spans: Sequence[Reach]) -> list[list[Reach]]:
    """Dimensions in groups: those that share an axis belong together, all others stand alone."""
    # x[i, i] in tiles of 4, 4, 2: 16 + 16 + 4 = 36 elements; summed apart, 10 along each dimension, they were 100.
    if len(spans) < 2:
        return [list(spans)] if spans else []
    groups: list[tuple[set[int], list[Reach]]] = []
    for span in spans:
        slots, members = {slot for slot, _ in span.tiled}, [span]
        for group in [group for group in groups if group[0] & slots]:
            slots |= group[0]
            members += group[1]
            groups.remove(group)
        groups.append((slots, members))
    return [members for _, members in groups]


Reloads = Callable[[Footprint, Grid], int]
"""How often each tile of an operand comes into use in a walk over the grid."""


def reloads(footprint: Footprint, grid: Grid) -> int:
    """The operand's tile changes with the innermost axis that moves it; each step of an axis outside that one that does
    not move the operand goes through its tiles once more."""
    # Walk oc 4 tiles, ic 2, oh 8; ifmap[ic, oh]: oh moves it, and oc, outside, does not -> its 16 tiles load 4 times.
    # psum[oc, oh]: ic, between the two, does not move it -> 2 times. weight[oc, ic]: oh is inside -> once.
    times = 1
    for slot in range(footprint.slots[-1] if footprint.slots else 0):
        if slot not in footprint.slots:
            times = times * grid.axes[slot].count
    return times
