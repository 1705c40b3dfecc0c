"""The tiles of a loop nest in the order in which they run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from math import prod
from typing import TypeVar

from simdc.cost.kernel import TiledKernel, VectorProgram
from simdc.cost.tiling import Tiling, TilingError, loop_bounds
from simdc.frozen import Frozen

T = TypeVar("T")


class Tile(Frozen):
    """One tile: for each loop the tile's index, the loop values that it covers and the loop's number of tiles."""

    index: Mapping[str, int]
    values: Mapping[str, range]
    counts: Mapping[str, int]

    def size(self, loops: Iterable[str]) -> int:
        """Number of points of the tile along `loops`."""
        return prod(len(self.values[loop]) for loop in loops)

    def place(self, loops: Iterable[str]) -> tuple[int, ...]:
        return tuple(self.index[loop] for loop in loops)

    def begins(self, loops: Iterable[str]) -> bool:
        """Whether each of `loops` stands at its first tile."""
        return all(self.index[loop] == 0 for loop in loops)

    def finishes(self, loops: Iterable[str]) -> bool:
        """Whether each of `loops` stands at its last tile."""
        return all(self.index[loop] == self.counts[loop] - 1 for loop in loops)


def walk(bounds: Mapping[str, int], tiling: Tiling) -> Iterator[Tile]:
    """Every tile of the loops in `bounds`, the last loop of the tiling's order moving fastest.

    The last tile of a loop has what is left of the bound. Loops of the tiling that `bounds` lacks are passed over.
    """
    order = [loop for loop in tiling.order if loop in bounds]
    cuts = {loop: _cut(bounds[loop], size) for loop, size in tiling.as_dict().items() if loop in bounds}
    counts = {loop: len(pieces) for loop, pieces in cuts.items()}
    for pieces in product(*(enumerate(cuts[loop]) for loop in order)):
        yield Tile(
            index={loop: i for loop, (i, _) in zip(order, pieces, strict=True)},
            values={loop: values for loop, (_, values) in zip(order, pieces, strict=True)},
            counts=counts,
        )


def _cut(bound: int, size: int) -> list[range]:
    return [range(start, min(start + size, bound)) for start in range(0, bound, size)]


def neighbours(items: Iterable[T]) -> Iterator[tuple[T | None, T, T | None]]:
    """Each item between the one before it and the one after it; None beyond either end."""
    before: T | None = None
    current: T | None = None
    for after in items:
        if current is not None:
            yield before, current, after
        before, current = current, after
    if current is not None:
        yield before, current, None


def whole_loops(kernel: TiledKernel, tiling: Tiling) -> Tiling:
    """A tile as long as the layer's own loop is the whole loop, also where the machine rounds the loop up."""
    bounds = loop_bounds(kernel)
    sizes = (
        size if size < bounds[loop] else sys.maxsize for loop, size in zip(tiling.order, tiling.sizes, strict=True)
    )
    return Tiling(tiling.order, tuple(sizes))


def check_rows(kernel: TiledKernel, tiling: Tiling) -> None:
    """Raise TilingError where a loop is cut that a nest keeps whole: what its blocks computed would be wrong."""
    if not isinstance(kernel, VectorProgram):
        return
    sizes = tiling.as_dict()
    for nest in kernel.nests:
        for loop, bound in nest.loops:
            if loop in nest.whole and sizes[loop] < bound:
                raise TilingError(
                    f"rows along '{loop}' have {bound} elements and stay whole, the tile has {sizes[loop]}"
                )
