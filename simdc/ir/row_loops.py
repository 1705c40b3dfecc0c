"""The loops of a program over rows, and how operands that broadcast are indexed by them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

from xdsl.ir import SSAValue

from simdc.cost.kernel import Loop, Operand, affine

from .base import shape_of, width_bits

LANES = "n"


class RowLoops:
    """The loops over a tensor of `shape` whose dimensions `row` make up a row: dimensions side by side are one loop if
    every operand indexes them alike. `alike` are the shapes of operands that broadcast to it, written with all its
    dimensions. The lanes lie along the longest loop beside the row that moves each of `results` (shapes, too), or
    along one that runs once, and stand outermost; the row's loops are innermost."""

    # [2, 12, 128, 100], rows along dimension 3: 3,072 rows, n = 3,072 and k = 100. With a mask [1, 1, 128, 100] beside
    # it the first two dimensions are a loop g = 24 and n = 128: the mask moves with n, not with g.

    def __init__(
        self,
        shape: tuple[int, ...],
        row: Sequence[int],
        alike: Iterable[tuple[int, ...]] = (),
        results: Iterable[tuple[int, ...]] = (),
    ):
        results = [*results]
        self._runs = _runs(shape, row, [*alike, *results], results)
        sizes = [_part(shape, run) for run in self._runs]
        outside = [number for number, run in enumerate(self._runs) if not run or run[0] not in row]
        free = [n for n in outside if all(_part(result, self._runs[n]) == sizes[n] for result in results)]
        lanes = max(free, key=lambda number: sizes[number])
        others = iter(("g", "g2", "g3", "g4", "g5"))
        inside = iter(("k", "k2", "k3", "k4", "k5", "k6"))
        self._names = [
            LANES if number == lanes else next(others) if number in outside else next(inside)
            for number in range(len(sizes))
        ]
        bounds = dict(zip(self._names, sizes, strict=True))
        order = sorted(bounds, key=lambda name: (name[0] == "k", name != LANES))
        self.outer = tuple(Loop(name, bounds[name]) for name in order if name[0] != "k")
        self.inner = tuple(Loop(name, bounds[name]) for name in order if name[0] == "k")

    @property
    def length(self) -> int:
        """Elements of a row."""
        return prod(loop.bound for loop in self.inner)

    def operand(self, name: str, value: SSAValue, shape: tuple[int, ...] | None = None) -> Operand:
        """A tensor as these loops index it; `shape` is its own, written with all dimensions that it broadcasts over."""
        return self._indexed(name, value, shape_of(value) if shape is None else shape, (*self.outer, *self.inner))

    def beside(self, name: str, value: SSAValue, shape: tuple[int, ...]) -> Operand:
        """The same of a tensor that has one element for all of a row."""
        # Of planes of one pixel a scale has as many elements as the image, and does not move along the plane.
        return self._indexed(name, value, shape, self.outer)

    def _indexed(self, name: str, value: SSAValue, shape: tuple[int, ...], loops: Sequence[Loop]) -> Operand:
        bounds = {loop.name: loop.bound for loop in loops}
        parts = [(loop, _part(shape, run)) for loop, run in zip(self._names, self._runs, strict=True)]
        moving = [(loop, size) for loop, size in parts if bounds.get(loop) == size]
        if not moving:
            return Operand(name, width_bits(value), (1,), (affine(),))
        sizes, index = tuple(size for _, size in moving), tuple(affine(loop) for loop, _ in moving)
        return Operand(name, width_bits(value), sizes, index)

    def loop_of(self, dim: int) -> str:
        """The loop that runs along a dimension, or along several with it."""
        return next(loop for loop, run in zip(self._names, self._runs, strict=True) if dim in run)


def _part(shape: tuple[int, ...], run: Sequence[int]) -> int:
    return prod(shape[dim] for dim in run)


def _runs(
    shape: tuple[int, ...], row: Sequence[int], others: Sequence[tuple[int, ...]], results: Sequence[tuple[int, ...]]
) -> list[list[int]]:
    """Dimensions by loops. Dimensions of size 1 go with those before them. A loop that runs once is put
    before them where none beside the row moves every result."""

    def kind(dim: int) -> tuple[bool, ...]:
        return (dim in row, *(other[dim] == shape[dim] for other in others))

    runs: list[list[int]] = []
    for dim in range(len(shape)):
        if runs and (dim in row) == (runs[-1][0] in row):
            long = [each for each in runs[-1] if shape[each] > 1]
            if shape[dim] == 1 or not long or kind(long[0]) == kind(dim):
                runs[-1].append(dim)
                continue
        runs.append([dim])
    # The sum over all images of one channel: its rows are added up along the only loop beside them.
    free = [run for run in runs if run[0] not in row and all(_part(one, run) == _part(shape, run) for one in results)]
    return runs if free else [[], *runs]
