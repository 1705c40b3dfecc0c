"""Makes a large layer small and keeps its tile structure: how many tiles a loop has, which is ragged, how they meet.

Along each loop the smallest bound and tile are taken that look the same: 1, 2, 3 or more tiles, a smaller last
tile or none, whole or broken passes of the array, channels that fill it or not. Order, strides, dilations, padding and
the windows stay. The array and its buffers shrink along, the buffers by as much as the tiles in them.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from math import prod

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, FusedProducts, TiledKernel, VectorProgram
from simdc.cost.numbers import ceil_div, round_up
from simdc.cost.rule import GENESYS, MachineRule
from simdc.cost.spread import spread_of
from simdc.cost.structure import with_field
from simdc.cost.tiling import Tiling, loop_bounds
from simdc.cost.whole import whole_loops
from simdc.frozen import evolve
from simdc.named import NamedTuple

from .fused import largest_needs
from .largest_tile import contraction_needs_bits, program_need_bits
from .resize import resized, window_loops

MOST_TILES = 4
"""Along one loop: the first, one in the middle, the last but one and the last."""
MOST_IN_ALL = 1100
LARGEST_WINDOW = 12
"""Windows up to this size stay as they are."""
SMALL_ARRAY = 5
"""Rows, columns and lanes of the small machine. Not 2, 3 or 4, which are numbers of tiles: where so many tiles end and
where rounding up to the array ends must be able to differ."""


class Scaled(NamedTuple):
    kernel: TiledKernel
    tiling: Tiling
    hardware: Hardware


def scale_down(kernel: TiledKernel, tiling: Tiling, hardware: Hardware, rule: MachineRule = GENESYS) -> Scaled:
    """A small layer, tiling and machine of the same tile structure."""
    array, simd = hardware.systolic, hardware.simd
    rows, columns, lanes = (min(side, SMALL_ARRAY) for side in (array.rows, array.columns, simd.lanes))
    if isinstance(kernel, Contraction):
        alone = spread_of(kernel, array).widths
        sides = {loop: (width, min(width, SMALL_ARRAY)) for loop, width in alone.items()}
    elif isinstance(kernel, FusedProducts):
        sides = {kernel.lanes: (simd.lanes, lanes), kernel.streamed: (array.columns, columns)}
    else:
        sides = {kernel.lanes: (simd.lanes, lanes)}
    bounds, tiles, windows = loop_bounds(kernel), tiling.as_dict(), window_loops(kernel)
    kept = _fixed_loops(kernel)
    sizes: dict[str, tuple[int, int]] = {}
    for most in range(MOST_TILES, 1, -1):
        for loop, bound in bounds.items():
            side = sides.get(loop, (1, 1))
            keep = loop in windows and bound <= LARGEST_WINDOW and ceil_div(bound, tiles[loop]) <= most
            keep = keep or loop in kept  # A view looks at fixed places of its window.
            sizes[loop] = (bound, tiles[loop]) if keep else smallest_alike(bound, tiles[loop], *side, most)
        for loops in _shared_dimensions(kernel):
            alike = tuple((bounds[loop], tiles[loop], *sides.get(loop, (1, 1))) for loop in loops)
            sizes |= zip(loops, smallest_together(alike, most), strict=True)
        if prod(ceil_div(bound, tile) for bound, tile in sizes.values()) <= MOST_IN_ALL:
            break
    small_tiling = Tiling(tiling.order, tuple(sizes[loop][1] for loop in tiling.order))
    small_bounds = {loop: bound for loop, (bound, _) in sizes.items()}
    if isinstance(kernel, FusedProducts):
        # No tile cuts these two: they stay whole, and as many passes of the array as they were, up to two.
        for loop, side, small_side in ((kernel.first.rows, array.rows, rows), (kernel.lone, array.columns, columns)):
            small_bounds[loop] = smallest_alike(kernel.whole[loop], kernel.whole[loop], side, small_side, MOST_TILES)[0]
    small_kernel = resized(kernel, small_bounds)
    small_array = evolve(array, rows=rows, columns=columns)
    if array.hazard == "refuse":
        # Small tiles have few positions. An array that does not wait takes as long whatever its latency.
        small_array = evolve(small_array, accumulate_latency_cycles=1)
    small = evolve(hardware, systolic=small_array, simd=evolve(simd, lanes=lanes))
    return Scaled(
        small_kernel, small_tiling, _shrink_buffers(small, (kernel, tiling, hardware), small_kernel, small_tiling, rule)
    )


@lru_cache(maxsize=65536)
def smallest_alike(bound: int, tile: int, side: int, small_side: int, most: int) -> tuple[int, int]:
    """The smallest (bound, tile) along one loop that look like the given ones. The loop lies along `side` elements of
    an array (1 if along none), of which the small machine has `small_side`."""
    for exact in (True, False):
        wanted = _looks(bound, min(tile, bound), side, most, exact=exact)
        for small_bound in range(1, 4 * most * small_side + 4):
            for small_tile in range(1, small_bound + 1):
                if _looks(small_bound, small_tile, small_side, most, exact=exact) == wanted:
                    return small_bound, small_tile
    return bound, tile


@lru_cache(maxsize=4096)
def smallest_together(loops: tuple[tuple[int, int, int, int], ...], most: int) -> tuple[tuple[int, int], ...]:
    """As `smallest_alike` for loops of one bound, each with a (bound, tile, side, small side), that keep one bound."""
    for exact in (True, False):
        wanted = [_looks(bound, min(tile, bound), side, most, exact=exact) for bound, tile, side, _ in loops]
        for small_bound in range(1, loops[0][0] + 1):
            found: list[int] = []
            for look, (_, _, _, small_side) in zip(wanted, loops, strict=True):
                sizes = range(1, small_bound + 1)
                alike = (size for size in sizes if _looks(small_bound, size, small_side, most, exact=exact) == look)
                found.append(next(alike, 0))
            if all(found):
                return tuple((small_bound, tile) for tile in found)
    return tuple((bound, tile) for bound, tile, _, _ in loops)


def _fixed_loops(kernel: TiledKernel) -> Collection[str]:
    """Loops that must stay as long as they are: those that a view or an order needs. A row may be
    shorter, and whole."""
    if not isinstance(kernel, VectorProgram):
        return ()
    return whole_loops(kernel._replace(nests=tuple(nest._replace(whole=()) for nest in kernel.nests)))


def _shared_dimensions(kernel: TiledKernel) -> list[tuple[str, ...]]:
    """Loops that each run through one whole dimension of a tensor, in nests of their own: what one writes the others
    read, so they end at the same place."""
    # A row's parts: written along l, which lies on the lanes, and added up along p.
    if not isinstance(kernel, VectorProgram):
        return []
    bounds = kernel.bounds
    found: dict[tuple[str, int], dict[str, None]] = {}
    for operand in kernel.operands:
        for place, (expression, extent) in enumerate(zip(operand.index, operand.shape, strict=True)):
            names = [loop for loop, step in expression.terms if step == 1 and bounds[loop] == extent > 1]
            if len(expression.terms) == 1 and names:
                found.setdefault((operand.name, place), {})[names[0]] = None
    return [tuple(loops) for loops in found.values() if len(loops) > 1]


def _looks(bound: int, tile: int, side: int, most: int, *, exact: bool) -> tuple[object, ...]:
    """What is kept of a loop. Rounding channels up may add tiles; how many is kept only if `exact`: a small array has
    not always room for as many."""
    count = ceil_div(bound, tile)
    padded = round_up(bound, side)
    padded_count = ceil_div(padded, padded if tile == bound else tile)
    return (
        tile == bound,
        min(count, most),
        min(padded_count, most) if exact else padded_count > count,
        bound % tile == 0,
        min(tile, 2 if count > 1 else 3),
        min(ceil_div(tile, side), 2),
        tile % side == 0,
        bound % side == 0,
    )


def _shrink_buffers(
    small: Hardware,
    original: tuple[TiledKernel, Tiling, Hardware],
    kernel: TiledKernel,
    tiling: Tiling,
    rule: MachineRule,
) -> Hardware:
    """The small machine with buffers that are as full as the large one's: what was too large for one still is."""
    given, given_tiling, hardware = original
    if isinstance(given, Contraction) and isinstance(kernel, Contraction):
        before = contraction_needs_bits(given, given_tiling, hardware)
        after = contraction_needs_bits(kernel, tiling, small)
        needs = [
            (buffer, before[buffer.operand], after[buffer.operand])
            for buffer in rule.buffers
            if buffer.operand in before
        ]
    elif isinstance(given, VectorProgram) and isinstance(kernel, VectorProgram):
        before_bits = program_need_bits(given, given_tiling, hardware)
        needs = [(rule.program_memory(hardware), before_bits, program_need_bits(kernel, tiling, small))]
    elif isinstance(given, FusedProducts) and isinstance(kernel, FusedProducts):
        memories = {buffer.capacity: buffer for buffer in (*rule.buffers, rule.vector_memory)}
        needs = [
            (memories[before.field], before.need_bits, after.need_bits)
            for before, after in zip(
                largest_needs(given, given_tiling, hardware, rule),
                largest_needs(kernel, tiling, small, rule),
                strict=True,
            )
        ]
    else:
        return small
    for buffer, need_bits, small_need_bits in needs:
        room_bits = _in_proportion(buffer.usable_bits(hardware), need_bits, small_need_bits)
        small = with_field(small, buffer.capacity, max(1, buffer.parts * room_bits))
    return small


def _in_proportion(limit_bits: int, need_bits: int, small_need_bits: int) -> int:
    """Room for the small need if and only if there was room for the large one."""
    if need_bits <= limit_bits:
        return max(small_need_bits, limit_bits * small_need_bits // max(1, need_bits))
    return min(small_need_bits - 1, limit_bits * small_need_bits // need_bits)
