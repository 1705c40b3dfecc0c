"""Cutting loops into the fewest parts that fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import gcd

from simdc.cost.kernel import Operand
from simdc.cost.numbers import ceil_div, divisors
from simdc.named import NamedTuple


class Box(NamedTuple):
    """An operand taken apart for asking again and again how large its tile is: dimensions that one loop steps through
    one by one, and all others, each with the size of the tensor there."""

    # ifmap[ic, 2*oh + kh] of 64 x 112 with 8 bits: plain ("ic", 64), sliding (("oh", 2), ("kh", 1)) with 112.

    bits: int
    plain: tuple[tuple[str, int], ...]
    sliding: tuple[tuple[tuple[tuple[str, int], ...], int], ...]


@lru_cache(maxsize=8192)
def box(operand: Operand) -> Box:
    dimensions = [(terms, extent) for (terms, _), extent in zip(operand.index, operand.shape, strict=True)]
    plain = tuple((terms[0][0], extent) for terms, extent in dimensions if len(terms) == 1 and terms[0][1] == 1)
    sliding = tuple((terms, extent) for terms, extent in dimensions if len(terms) != 1 or terms[0][1] != 1)
    return Box(operand.bits, plain, sliding)


def tile_bits(operand: Box, tile: Mapping[str, int], clip: bool) -> int:
    """Bits of the operand's tile; a clipped one is never larger than the tensor. An upper bound: where a border takes
    more from each tile, the largest has less."""
    # Of Box above with ic 16, oh 4, kh 3: 8 * 16 * (1 + 2 * 3 + 2) = 1,152 bits.
    bits, plain, sliding = operand
    for loop, extent in plain:
        size = tile[loop]
        bits *= extent if clip and extent < size else size
    for terms, extent in sliding:
        span = 1
        for loop, step in terms:
            span += step * (tile[loop] - 1)
        bits *= extent if clip and extent < span else span
    return bits


def first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The smallest n in [low, high] for which `holds`, or `high`; once it holds it must hold for all larger n."""
    # Holds from 6 on, low 1: asks 1, 2, 4, 8, then between 4 and 8: 6, 5.
    step = 1
    while low < high and not holds(low):
        low, step = min(low + step, high), step * 2
    step //= 2
    failed = low - step
    while step > 1 and low - failed > 1:
        middle = (low + failed) // 2
        low, failed = (middle, failed) if holds(middle) else (low, middle)
    return low


def split_evenly(
    loops: Sequence[str], bounds: Mapping[str, int], tile: dict[str, int], fits: Callable[[], bool]
) -> bool:
    """Cut the loops into the fewest parts that fit, the same number for each; the last part may be smaller. False when
    not even single iterations fit."""

    def parts_fit(parts: int) -> bool:
        for loop in loops:
            # Bound 10 in 3 parts: tiles of 4, 4, 2.
            tile[loop] = ceil_div(bounds[loop], parts)
        return fits()

    if parts_fit(1) or not loops:
        return True
    return parts_fit(first(parts_fit, 2, max(bounds[loop] for loop in loops)))


def split_exactly(
    loops: Sequence[str], bounds: Mapping[str, int], tile: dict[str, int], fits: Callable[[], bool]
) -> bool:
    """Cut the loops into the fewest equal parts that fit, the same number for each; False when no number does."""
    # 56 rows and 42 columns: 1, 2, 7 or 14 parts, the divisors of 14.
    for parts in divisors(gcd(*[bounds[loop] for loop in loops]) or 1):
        for loop in loops:
            tile[loop] = bounds[loop] // parts
        if fits():
            return True
    return False
