"""The part of an exploration that takes time, cut into tasks that any process can do in any order.

The cut depends on the space alone, so that results do not depend on who does what: workers, a cluster, or a run that
was interrupted and continues from its journal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from simdc import __version__
from simdc.cost.model_table import source_of
from simdc.cost.structure import unstructure
from simdc.named import NamedTuple

from .points import Points
from .pricing import Priced, Rules, Work, price_points
from .space import Space

MANY_POINTS, FEW_POINTS = 2**15, 2**6
"""Points of a task where they are priced at once, and where one by one or row by row."""


class Task(NamedTuple):
    """Points `order[start:stop]` of the unit with number `unit`. With a `layer`, that of the unit's kernels alone: what
    takes minutes is cut by kernels and not into fewer points, since what a search finds at one point helps it at the
    next. Tasks of the same points add up."""

    unit: int
    start: int
    stop: int
    layer: int | None = None


class Job(NamedTuple):
    """All that a worker needs to know. `works[k]` are the kernels at points with kernel number k."""

    space: Space
    works: Mapping[int, tuple[Work, ...]]
    points: tuple[Points, ...]
    rules: Rules
    tasks: tuple[Task, ...]

    def do(self, number: int) -> Priced:
        unit, start, stop, layer = self.tasks[number]
        points = self.points[unit]
        chosen = points.order[start:stop]
        works = works_at(self.works, points, start)
        if layer is not None:
            works = works[layer : layer + 1]
        columns = {path: values[chosen] for path, values in points.columns.items()}
        if not works:
            return Priced(np.zeros(self._shape(number)), np.zeros(stop - start, np.int64), ())
        return price_points(works, self.space.base, columns, self.rules)

    def accepts(self, number: int, priced: Priced) -> bool:
        """Whether `priced` may be what task `number` gives: its shape, reasons for what is refused, and numbers that
        are none exactly there."""
        if not 0 <= number < len(self.tasks) or priced.values.shape != self._shape(number):
            return False
        refused = priced.refused
        return (
            refused.shape == priced.values.shape[2:]
            and bool(((refused >= 0) & (refused <= len(priced.reasons))).all())
            and bool((np.isnan(priced.values) == (refused > 0)).all())
            # A comparison with NaN is false, so this asks for numbers as well.
            and bool((priced.values[:, :, refused == 0] >= 0).all())
        )

    def fingerprint(self) -> str:
        """Equal for jobs whose tasks give equal results."""
        # Another version may price otherwise: what it finished is not mixed with ours.
        made_by = (__version__, source_of(self.rules.model))
        base = unstructure(self.space.base)
        said = (made_by, base, self.space.axes, self.space.constraints, self.works, self.rules, self.tasks)
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def _shape(self, number: int) -> tuple[int, int, int]:
        """Counts, networks, points."""
        _, start, stop, _ = self.tasks[number]
        return len(self.rules.counts), len(next(iter(self.works.values()))[0].times), stop - start


Finish: TypeAlias = Callable[[int, Priced], None]
"""Told the number and the result of each finished task, in the process that asked for it."""
Runner: TypeAlias = Callable[[Job, Sequence[int], Finish], None]
"""Does the tasks with these numbers, in any order."""


def works_at(works: Mapping[int, tuple[Work, ...]], points: Points, place: int) -> list[Work]:
    """The kernels that points have at `order[place]`, of their own unit."""
    return [work for work in works[int(points.kernel[points.order[place]])] if work.unit == points.unit]


def cut(
    points: Sequence[Points], length: int, by_layer: Mapping[int, tuple[Work, ...]] | None = None
) -> tuple[Task, ...]:
    """The smaller unit first, so that the first machines are complete early. All points of a task have one set of
    kernels; given those, as in a job's `works`, a task has one of them."""
    tasks: list[Task] = []
    for unit in sorted(range(len(points)), key=lambda unit: points[unit].length):
        kernel = points[unit].kernel[points[unit].order]
        # Kernel numbers 0 0 0 1 1: a change at 3, so tasks of two points are 0-2, 2-3 and 3-5.
        changes = [0, *(np.flatnonzero(np.diff(kernel)) + 1).tolist(), len(kernel)]
        for first, last in pairwise(changes):
            works = [] if by_layer is None else works_at(by_layer, points[unit], first)
            tasks += [
                Task(unit, start, min(start + length, last), layer)
                for start in range(first, last, length)
                for layer in (range(len(works)) if works else [None])
            ]
    return tuple(tasks)
