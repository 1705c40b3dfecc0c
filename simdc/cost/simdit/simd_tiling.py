"""The released program's tiling generator for the SIMD array and the rule by which a tile fits its vector memory.

The machine has two vector memories. The release checks the tile of one tensor against one of them; the batch norm
family and the gradient of max pooling keep more than one tensor in it.
"""

from __future__ import annotations

from simdc.frozen import Frozen

from ..numbers import divisors
from .arithmetic import SCALARS, Arithmetic, common_divisors
from .simd_dims import SimdDims, SimdTile, make_tile


class MemoryRule(Frozen):
    """What shares one vector memory: `(pixels * n + vectors_per_tile) * c + reserved * lanes` elements must fit, and
    `channel_share * c` elements as well."""

    windowed: bool = False
    """Pixels are those under the windows, not the positions of the windows."""
    both_sides: bool = False
    """Pixels are those under the windows and the positions of the windows."""
    vectors_per_tile: int = 0
    """Further tensors with one element per channel."""
    reserved: int = 0
    """Vectors of one element per lane that are set aside."""
    channel_share: int = 1
    """How many times a vector of the tile's channels must fit."""
    channels_last: bool = False
    """Grow the batch before the channels."""
    minimum: int = 1
    """The release demands room for this many vectors of one element per lane."""


ELEMENT_WISE = MemoryRule()
# The release's assertions: tiling fails where they do, even where a smaller tile would fit.
POOL = MemoryRule(windowed=True, minimum=49)
MAX_POOL_GRAD = MemoryRule(windowed=True, both_sides=True, minimum=50)
MEAN_VAR = MemoryRule(reserved=1, channel_share=2, channels_last=True)
BATCH_NORM = MemoryRule(channel_share=4, channels_last=True)
BATCH_NORM_GRAD = MemoryRule(vectors_per_tile=3, channels_last=True)


def greedy_tile(
    dims: SimdDims, rule: MemoryRule, lanes: int, element_bits: int, memory_bits: int, calc: Arithmetic = SCALARS
) -> SimdTile:
    """Image first, by common divisors of its sides, then channels and batch. Raises TilingError."""
    minimum = rule.minimum * lanes * element_bits
    calc.refuse(
        minimum > memory_bits,
        "vector memory",
        lambda: f"the released generator needs at least {minimum} bits, one of the two memories has {memory_bits}",
    )
    room = memory_bits // element_bits - rule.reserved * lanes
    extra = rule.vectors_per_tile

    def fits(q: int) -> bool:
        return (_pixels(make_tile(dims, 1, lanes, dims.h // q, dims.w // q), rule) + extra) * lanes <= room

    splits = common_divisors(dims.h, dims.w)
    # An image of 56x56 is tried in parts of 56, 28, 14, 8, 7, 4, 2 and 1: the release's common divisors.
    q = calc.first_of(splits, fits, splits[-1])
    h, w = dims.h // q, dims.w // q
    pixels = _pixels(make_tile(dims, 1, lanes, h, w), rule)

    def batch(channels: int) -> int:
        def batch_fits(q: int) -> bool:
            return (pixels * (dims.n // q) + extra) * channels <= room

        return dims.n // calc.first_of(divisors(dims.n), batch_fits, dims.n)

    def channels(images: int) -> int:
        share = memory_bits // element_bits // rule.channel_share
        vectors = calc.smallest(room // ((pixels * images + extra) * lanes), share // lanes, dims.c // lanes)
        return lanes * calc.largest(1, vectors)

    if rule.channels_last:
        # The release does so for the batch norm family only; all other layers take channels first.
        n = batch(lanes)
        c = channels(n)
    else:
        c = channels(1)
        n = batch(c)
    tile = make_tile(dims, n, c, h, w)
    what = "the released generator's smallest tile (it splits images by common divisors and no windows)"
    check_tile(tile, rule, lanes, element_bits, memory_bits, what, calc)
    return tile


def check_tile(
    tile: SimdTile,
    rule: MemoryRule,
    lanes: int,
    element_bits: int,
    memory_bits: int,
    what: str = "the tile",
    calc: Arithmetic = SCALARS,
) -> None:
    """Raise TilingError when a tile exceeds one of the two vector memories."""
    elements = (_pixels(tile, rule) * tile.n + rule.vectors_per_tile) * tile.c + rule.reserved * lanes
    need = calc.largest(elements, rule.channel_share * tile.c) * element_bits
    calc.refuse(
        need > memory_bits,
        "vector memory",
        lambda: f"{what} needs {need} bits, one of the two memories has {memory_bits}",
    )


def _pixels(tile: SimdTile, rule: MemoryRule) -> int:
    if rule.both_sides:
        return tile.ih * tile.iw + tile.h * tile.w
    return tile.ih * tile.iw if rule.windowed else tile.h * tile.w
