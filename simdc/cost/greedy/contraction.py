"""Greedy tile of a contraction, in the release's order (SimDIT section V): window, input channels, image, batch,
output channels; then groups, which the release does not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import prod

from simdc.cost.axis import Axis
from simdc.cost.flat.greedy import SMALL_WINDOW
from simdc.cost.folds import fold_loops
from simdc.cost.grid import stored_bounds
from simdc.cost.hardware import Hardware
from simdc.cost.hazards import is_refused
from simdc.cost.kernel import Contraction
from simdc.cost.numbers import ceil_div
from simdc.cost.rule import MachineRule
from simdc.cost.spread import spread_of
from simdc.named import NamedTuple

from .splitting import Box, box, split_evenly, split_exactly, tile_bits


class LoopGroups(NamedTuple):
    """The loops of a contraction by what they do: summed over beside the rows, along the image, along the batch, or
    moving every operand."""

    # ifmap[n, ic, 2*oh + kh, 2*ow + kw], weight[oc, ic, kh, kw], psum[n, oc, oh, ow], rows ic, columns oc:
    # window kh, kw; image oh, ow, which reuse weights and share a dimension with the window; batch n; no groups.

    window: tuple[str, ...]
    image: tuple[str, ...]
    batch: tuple[str, ...]
    groups: tuple[str, ...]


@lru_cache(maxsize=4096)
def loop_groups(kernel: Contraction) -> LoopGroups:
    loops = [loop.name for loop in kernel.loops]
    weight, ifmap, psum = (set(o.loops) for o in (kernel.weight, kernel.ifmap, kernel.psum))
    shared = {loop for expression in kernel.ifmap.index if len(expression.terms) > 1 for loop, _ in expression.terms}
    reused = [loop for loop in loops if loop not in weight]
    return LoopGroups(
        window=tuple(loop for loop in loops if loop not in psum and loop != kernel.rows),
        image=tuple(loop for loop in reused if loop in shared),
        batch=tuple(loop for loop in reused if loop not in shared),
        groups=tuple(loop for loop in loops if loop in weight and loop in ifmap and loop in psum),
    )


def contraction_tile(kernel: Contraction, hardware: Hardware, rule: MachineRule) -> dict[str, int]:
    """Tile size of each loop; the innermost tile if nothing fits. Where folds of few positions wait, input channels are
    cut, then the window, until folds have enough positions; if they never do, those that have most are taken. Tiles
    that the array refuses are passed over; if it refuses all of them, the first one gets folds of one position."""
    array, bounds = hardware.systolic, stored_bounds(kernel, hardware)
    law, spread = rule.fold_law(array), spread_of(kernel, array)
    loops = fold_loops(kernel, spread.stays)
    first = _filled(kernel, hardware, rule, Room(bounds[kernel.rows], 1))
    # 7 positions and 112 input channels on 16 rows: tried with 64, 32 and 16 channels, until 16 positions fit.
    enough = min(law.enough if spread.stays == "weight" else 1, prod([bounds[loop] for loop in loops.positions]))
    best, most = first | dict.fromkeys(loops.positions, 1), 0
    for room in (None, *_less_and_less(kernel, array.rows, first)):
        tile = first if room is None else _filled(kernel, hardware, rule, room)
        positions = prod([tile[loop] for loop in loops.positions])
        axes = {loop: Axis(loop, bound, tile[loop], clip=False) for loop, bound in bounds.items()}
        if positions > most and not is_refused(kernel, spread, axes, law):
            best, most = tile, positions
        if most >= enough:
            break
    return best


class Room(NamedTuple):
    """How much of what is summed over a tile may have: this many iterations along the rows, and the window in at least
    this many parts along each of its loops."""

    rows: int
    window_parts: int


def _less_and_less(kernel: Contraction, width: int, tile: Mapping[str, int]) -> Iterator[Room]:
    """Half as many blocks of rows as the tile has, then a quarter, ... then one, with smaller and smaller windows."""
    blocks = ceil_div(tile[kernel.rows], width)
    while blocks > 1:
        blocks //= 2
        yield Room(blocks * width, 1)
    longest, parts = max([tile[loop] for loop in loop_groups(kernel).window], default=1), 1
    while parts < longest:
        parts = min(2 * parts, longest)
        yield Room(width, parts)


def _filled(kernel: Contraction, hardware: Hardware, rule: MachineRule, most: Room) -> dict[str, int]:
    """The tile by the release's rules. When the window is small the image is cut into equal parts if it can be."""
    array, clip = hardware.systolic, not hardware.stores_padding
    limits = rule.usable_bits(hardware)
    bounds = stored_bounds(kernel, hardware)
    rows, columns = kernel.rows, kernel.columns
    window, image, batch, groups = loop_groups(kernel)
    tile = dict.fromkeys(bounds, 1)
    tile[rows], tile[columns] = min(array.rows, bounds[rows]), min(array.columns, bounds[columns])
    innermost = dict(tile)

    weight, ifmap, psum = box(kernel.weight), box(kernel.ifmap), box(kernel.psum)
    bias = None if kernel.bias is None else box(kernel.bias)

    def room(operand: Box | None, limit_bits: int) -> int:
        """How many times the operand's current tile fits into its buffer at a time."""
        # Half of 32 KiB are 131,072 bits. 16 x 16 channels of 3x3 weights with 8 bits are 18,432 bits: 7 times, so 112
        # input channels on 16 rows.
        if operand is None:
            return bounds[columns]
        return limit_bits // tile_bits(operand, tile, clip)

    def inputs_fit() -> bool:
        return room(weight, limits["weight"]) > 0 and room(ifmap, limits["ifmap"]) > 0

    def image_fits() -> bool:
        return room(psum, limits["psum"]) > 0 and room(ifmap, limits["ifmap"]) > 0

    def group_fits() -> bool:
        return inputs_fit() and image_fits() and room(bias, limits["bias"]) > 0

    split_evenly(window, {loop: ceil_div(bounds[loop], most.window_parts) for loop in window}, tile, inputs_fit)
    row_tiles = min(room(weight, limits["weight"]), room(ifmap, limits["ifmap"]))
    tile[rows] = min(bounds[rows], array.rows * max(1, row_tiles), max(most.rows, array.rows))
    if any(bounds[loop] > SMALL_WINDOW for loop in window) or not split_exactly(image, bounds, tile, image_fits):
        split_evenly(image, bounds, tile, image_fits)
    for loop in batch:
        if bounds[loop] > 1:
            split_exactly((loop,), bounds, tile, image_fits)
    # Input channels have their final size by now; output channels take what room that leaves.
    column_tiles = min(
        room(weight, limits["weight"]),
        room(psum, limits["psum"]),
        room(bias, limits["bias"]),
    )
    if min(row_tiles, column_tiles) < 1:
        return innermost
    tile[columns] = min(bounds[columns], array.columns * column_tiles)
    if tile[rows] == bounds[rows] and tile[columns] == bounds[columns]:
        for loop in groups:
            split_evenly((loop,), bounds, tile, group_fits)
    return tile
