"""All the kinds of neighbourhoods that the tiles of a grid have in loop order, with how often each occurs.

A neighbourhood is a tile with the one before and the one after it: together they say how long its segment lasts.
Tiles are counted like numbers with one digit an axis: the innermost axis steps until it wraps, then the next one steps.
While the innermost axis steps the outer ones stand still, so their tiles only matter by kind; at a wrap one outer axis
steps and those inside it wrap. That leaves a dozen or two neighbourhoods per layer, however many tiles there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simdc.cost.axis import Axis, Places, combinations
from simdc.named import NamedTuple


class Neighbourhood(NamedTuple):
    """`times` occurrences of a tile, `here`, between two others; None beyond the ends. `entered` and `left` number the
    axis that steps before and after it; those inside that one wrap."""

    times: int
    before: Places | None
    here: Places
    after: Places | None
    entered: int
    left: int


def segments(axes: Sequence[Axis]) -> Iterator[Neighbourhood]:
    """Over axes that each have more than one tile."""
    if not axes:
        yield Neighbourhood(1, None, (), None, 0, 0)
        return
    # 3 x 4 tiles: of each inner row of 4 the 2 in the middle, 3 * 2 = 6. The walk begins, the outer axis steps twice,
    # the walk ends: a first tile after 3 of these 4 moments, a last tile before 3 of them: 6. Together 12.
    outer, inner, own = axes[:-1], axes[-1], len(axes) - 1
    last = inner.count - 1
    middle = inner.segments(1, last, (-1, 0, 1))
    for times, still in combinations(outer):
        for many, (before, here, after) in middle:
            yield Neighbourhood(times * many, (*still, before), (*still, here), (*still, after), own, own)
    first, second, before_last, end = (inner.place(index) for index in (0, 1, last - 1, last))
    for times, before, after, stepped in _steps(outer):
        if after is not None:
            left = None if before is None else (*before, end)
            yield Neighbourhood(times, left, (*after, first), (*after, second), stepped, own)
        if before is not None:
            entered = None if after is None else (*after, first)
            yield Neighbourhood(times, (*before, before_last), (*before, end), entered, own, stepped)


def _steps(axes: Sequence[Axis]) -> Iterator[tuple[int, Places | None, Places | None, int]]:
    """(how often, places before, places after, axis) of every kind of step, the first and the last included."""
    firsts = tuple([axis.place(0) for axis in axes])
    lasts = tuple([axis.place(axis.count - 1) for axis in axes])
    yield 1, None, firsts, 0
    for number, axis in enumerate(axes):
        # Where this axis steps, those inside go from their last tile to their first; those outside stand still: with
        # axes of 2, 3 and 4 tiles the second steps twice for each tile of the first, from (a, b, 3) to (a, b + 1, 0).
        steps = axis.segments(1, axis.count, (-1, 0))
        for times, still in combinations(axes[:number]):
            for many, (before, after) in steps:
                wrapped, fresh = lasts[number + 1 :], firsts[number + 1 :]
                yield times * many, (*still, before, *wrapped), (*still, after, *fresh), number
    yield 1, lasts, None, 0
