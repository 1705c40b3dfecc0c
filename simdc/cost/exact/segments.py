"""All the kinds of neighbourhoods that a walk over a grid of tiles has, with how often each occurs.

A neighbourhood is a tile with the one before and the one after it. Walking is counting: the innermost axis steps
until it wraps, then the next one steps. In the middle of the innermost axis the outer axes stand still, so their
tiles only matter by kind; at a wrap one outer axis steps and those inside it wrap. That leaves a dozen or two
neighbourhoods per layer, however many tiles there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simdc.cost.grid import Axis, combinations

Index = tuple[int, ...]


def segments(axes: Sequence[Axis]) -> Iterator[tuple[int, Index | None, Index, Index | None]]:
    """(how often, tile before, tile, tile after) over axes that each have more than one tile; None beyond the ends."""
    if not axes:
        yield 1, None, (), None
        return
    outer, inner = axes[:-1], axes[-1]
    last = inner.count - 1
    still = combinations(outer)
    for i, times in _stretches(inner, 1, last, (-1, 0, 1)):
        for index, outer_times in still:
            yield times * outer_times, (*index, i - 1), (*index, i), (*index, i + 1)
    for times, before, after in _steps(outer):
        if after is not None:
            yield times, None if before is None else (*before, last), (*after, 0), (*after, 1)
        if before is not None:
            yield times, (*before, last - 1), (*before, last), None if after is None else (*after, 0)


def _steps(axes: Sequence[Axis]) -> Iterator[tuple[int, Index | None, Index | None]]:
    """(how often, index before, index after) of every kind of step, the first and the last included."""
    yield 1, None, (0,) * len(axes)
    for level, axis in enumerate(axes):
        inside = axes[level + 1 :]
        wrapped, fresh = tuple(other.count - 1 for other in inside), (0,) * len(inside)
        for i, times in _stretches(axis, 1, axis.count, (-1, 0)):
            for index, outer_times in combinations(axes[:level]):
                yield times * outer_times, (*index, i - 1, *wrapped), (*index, i, *fresh)
    yield 1, tuple(axis.count - 1 for axis in axes), None


def _stretches(axis: Axis, start: int, end: int, window: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Split tiles [start, end) so that within a stretch the tiles at i + each offset of `window` are of one kind."""
    cuts = sorted({start, *(c for cut in axis.cuts for w in window if start < (c := cut - w) < end)})
    for first, stop in zip(cuts, [*cuts[1:], end], strict=True):
        if stop > first:
            yield first, stop - first
