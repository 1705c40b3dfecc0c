"""The tile sizes that a loop can have, by how many tiles they make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from simdc.cost.grid import padded_bounds
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import ArrayKernel, VectorProgram
from simdc.cost.spread import spread_of
from simdc.cost.tiling import loop_bounds
from simdc.cost.whole import whole_loops
from simdc.named import NamedTuple

Sizes = NDArray[np.int64]


class Cuts(NamedTuple):
    """The ways to cut one loop into tiles, the uncut loop first; arrays [ways].

    The kernel gives the loop `own` iterations; the machine runs `bound`: `own` rounded up to whole arrays where padding
    is stored. Each way has a number of tiles (`counts`), a tile size (`sizes`), that size as the machine runs it
    (`stored`: `bound` for the uncut loop) and the least number of folds along the loop over all its tiles (`passes`).
    20 input channels on 16 rows are 32: uncut counts 1, sizes 20, stored 32, passes 2; in tiles of 16: 2, 16, 16, 2.
    """

    loop: str
    own: int
    bound: int
    counts: Sizes
    sizes: Sizes
    stored: Sizes
    passes: Sizes

    @property
    def ways(self) -> int:
        return int(self.counts.shape[0])

    def of(self, kind: type[np.int64] | type[object]) -> Cuts:
        """Numbers of this type, but for the sizes: bounds are computed with the others."""
        parts = (part.astype(kind) for part in (self.counts, self.stored, self.passes))
        return self._replace(**dict(zip(("counts", "stored", "passes"), parts, strict=True)))

    def first(self, ways: int) -> Cuts:
        """Only so many ways, with the fewest tiles."""
        parts = (self.counts, self.sizes, self.stored, self.passes)
        return Cuts(self.loop, self.own, self.bound, *(part[:ways] for part in parts))


def even(kernel: ArrayKernel, hardware: Hardware) -> list[Cuts]:
    """For each loop and each number of tiles the smallest size, and the smallest of those with which an array passes
    along the loop least often. `passes` holds for any size with as many tiles. A loop that must stay whole has one
    way."""
    return _allowed(kernel, [_even(*loop) for loop in _loops(kernel, hardware)])


def all_sizes(kernel: ArrayKernel, hardware: Hardware) -> list[Cuts]:
    """For each loop every size that it may have."""
    found: list[Cuts] = []
    for loop, own, bound, width in _loops(kernel, hardware):
        sizes = [*range(own - 1, 0, -1)]
        found.append(_cuts(loop, own, bound, sizes, [_passes(bound, size, width) for size in (bound, *sizes)]))
    return _allowed(kernel, found)


def _allowed(kernel: ArrayKernel, cuts: list[Cuts]) -> list[Cuts]:
    """Without the ways that cut a loop which must stay whole: a row of 2,048 has one way, not 2,048."""
    if not isinstance(kernel, VectorProgram):
        return cuts
    whole = whole_loops(kernel)
    return [one.first(1) if one.loop in whole else one for one in cuts]


def _loops(kernel: ArrayKernel, hardware: Hardware) -> Iterator[tuple[str, int, int, int]]:
    """Each loop with its own bound, its bound as the machine runs it, and the width of the array along it."""
    own = loop_bounds(kernel)
    bounds = padded_bounds(own, kernel, hardware)
    if isinstance(kernel, VectorProgram):
        widths = {kernel.lanes: hardware.simd.lanes}
    else:
        widths = spread_of(kernel, hardware.systolic).widths
    for loop, bound in own.items():
        yield loop, bound, bounds[loop], widths.get(loop, 1)


def _even(loop: str, own: int, bound: int, width: int) -> Cuts:
    sizes: list[int] = []
    passes = [_passes(bound, bound, width)]
    # 20 channels, not padded, in 2 tiles on 8 rows: 10 + 10 are 2 + 2 folds, 12 + 8 only 2 + 1. Both sizes are tried.
    for count in _counts(bound, own):
        fewest = _with_fewest_passes(bound, own, count, width)
        for size in sorted({-(-bound // count), fewest}):
            sizes.append(size)
            passes.append(_passes(bound, fewest, width))
    return _cuts(loop, own, bound, sizes, passes)


def _cuts(loop: str, own: int, bound: int, sizes: Sequence[int], passes: Sequence[int]) -> Cuts:
    stored = [bound, *sizes]
    counts = [-(-bound // size) for size in stored]
    return Cuts(loop, own, bound, _array(counts), _array([own, *sizes]), _array(stored), _array(passes))


def _array(numbers: Sequence[int]) -> Sizes:
    return np.array(numbers, dtype=np.int64)


def _with_fewest_passes(bound: int, own: int, count: int, width: int) -> int:
    """The smallest size that makes `count` tiles with the fewest passes. A multiple of the width has no more passes
    than any other size; where none is possible the largest size has the fewest."""
    least, most = -(-bound // count), min(-(-bound // (count - 1)) - 1, own - 1)
    # bound 20, count 2, width 8: sizes 10 to 19; 2 folds in the first tile and 1 in the last, so 20 - 8 = 12.
    full = -(-least // width)
    last = _passes(bound, min(full * width, most), width) - (count - 1) * full
    return max(least, -(-(bound - last * width) // (count - 1)))


def _counts(bound: int, own: int) -> Iterator[int]:
    """Numbers of tiles, more than one, that some size below `own` makes, smallest first."""
    # bound 10: sizes 9, 4, 3, 2, 1 make 2, 3, 4, 5 and 10 tiles; 6 to 9 tiles are made by no size.
    size = own - 1
    while size >= 1:
        count = -(-bound // size)
        if count > 1:
            yield count
        # The next smaller size that makes more tiles.
        size = -(-bound // count) - 1


def _passes(bound: int, size: int, width: int) -> int:
    """How often the array passes along the loop, over all its tiles."""
    # bound 20, size 12, width 8: one full tile of 2 folds, a rest of 8 with 1.
    full, rest = divmod(bound, size)
    return full * -(-size // width) - (-rest // width)
