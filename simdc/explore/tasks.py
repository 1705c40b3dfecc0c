"""The part of an exploration that takes time, cut into tasks that any process can do in any order.

The cut depends on the space alone, so that results do not depend on who does what: workers, a cluster, or a run that
was interrupted and continues from its journal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from simdc import __version__
from simdc.cost.structure import unstructure

from .points import Points
from .pricing import Priced, Rules, Work, price_points
from .space import Space

MANY_POINTS, FEW_POINTS = 2**15, 2**6
"""Points of a task where they are priced at once, and where one by one or row by row."""


class Task(NamedTuple):
    """Points `order[start:stop]` of the unit with number `unit`."""

    unit: int
    start: int
    stop: int


class Job(NamedTuple):
    """All that a worker needs to know. `works[k]` are the kernels at points with kernel number k."""

    space: Space
    works: Mapping[int, tuple[Work, ...]]
    points: tuple[Points, ...]
    rules: Rules
    tasks: tuple[Task, ...]

    def do(self, number: int) -> Priced:
        unit, start, stop = self.tasks[number]
        points = self.points[unit]
        chosen = points.order[start:stop]
        works = [work for work in self.works[int(points.kernel[chosen[0]])] if work.unit == points.unit]
        columns = {path: values[chosen] for path, values in points.columns.items()}
        if not works:
            networks = len(next(iter(self.works.values()))[0].times)
            return Priced(
                np.zeros((len(self.rules.counts), networks, stop - start)), np.zeros(stop - start, np.int64), ()
            )
        return price_points(works, self.space.base, columns, self.rules)

    def fingerprint(self) -> str:
        """Equal for jobs whose tasks give equal results."""
        base = unstructure(self.space.base)
        said = (__version__, base, self.space.axes, self.space.constraints, self.works, self.rules, self.tasks)
        return hashlib.sha256(repr(said).encode()).hexdigest()


def cut(points: Sequence[Points], length: int) -> tuple[Task, ...]:
    """The smaller unit first, so that the first machines are complete early. All points of a task have one set of
    kernels."""
    tasks: list[Task] = []
    for unit in sorted(range(len(points)), key=lambda unit: points[unit].length):
        kernel = points[unit].kernel[points[unit].order]
        changes = [0, *(np.flatnonzero(np.diff(kernel)) + 1).tolist(), len(kernel)]
        for first, last in pairwise(changes):
            tasks += [Task(unit, start, min(start + length, last)) for start in range(first, last, length)]
    return tuple(tasks)
