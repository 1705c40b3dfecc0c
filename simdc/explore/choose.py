"""What to tell of a survey: its best and worst machines, its front, and the cheap machines that are almost best.

Ties: of equal machines the one with the lowest number, which is the one that comes first in the space.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .space import Economy
from .survey import Survey

Rows = NDArray[np.int64]
SLACK = 1e-12
"""So that a machine on the edge of a share is within it, however the share is rounded."""


def best(survey: Survey) -> int:
    """The row with the least objective."""
    return int(np.argmin(survey.values[survey.space.metric]))


def worst(survey: Survey) -> int:
    return int(np.argmax(survey.values[survey.space.metric]))


def ranking(survey: Survey, count: int) -> Rows:
    """The best rows, best first."""
    objective = survey.values[survey.space.metric]
    return np.argsort(objective, kind="stable")[:count]


def economic(survey: Survey, economy: Economy) -> int:
    """Of the machines within a share of the best objective the one with the least of the resource; among these with the
    least of the other constraints' sums, in the order of the space; then with the best objective."""
    objective = survey.values[survey.space.metric]
    others = [name for name in survey.sums if name != economy.resource]
    near = np.flatnonzero(objective <= objective.min() * (1 + economy.within) * (1 + SLACK))
    # Each column keeps the machines that are least in it, so a later one decides between equals only.
    for column in (survey.sums[economy.resource], *(survey.sums[name] for name in others), objective):
        near = near[column[near] == column[near].min()]
    return int(near[0])


def front(survey: Survey, names: Sequence[str]) -> Rows:
    """Rows that no other row beats in one of the columns without losing in another. Of rows that are equal in all of
    them the first. In order of the first column."""
    columns: list[Any] = [survey.column(name) for name in names]
    rows = np.lexsort((np.arange(len(columns[0])), *columns[::-1]))
    columns = [column[rows] for column in columns[1:]]
    if len(columns) == 1:
        # (1, 5), (2, 3), (3, 4): least second column before each is inf, 5, 3, so (3, 4) is beaten, by (2, 3).
        ahead = np.concatenate([[np.inf], np.minimum.accumulate(columns[0])[:-1]])
        return rows[columns[0] < ahead]
    # In lexical order nothing beats the first row; all that it does not lose to anywhere else is beaten by it.
    kept: list[int] = []
    while len(rows):
        kept.append(int(rows[0]))
        alive = np.logical_or.reduce([column < column[0] for column in columns])
        rows, columns = rows[alive], [column[alive] for column in columns]
    return np.array(kept, np.int64)


def landscape(survey: Survey, first: int, second: int) -> NDArray[np.float64]:
    """The least objective over all other choices for each pair of options of two axes [first, second]; NaN where there
    is no machine."""
    axes = survey.space.axes
    least: Any = np.full((len(axes[first].options), len(axes[second].options)), np.inf)
    choices = survey.choices(slice(None))
    np.minimum.at(least, (choices[:, first], choices[:, second]), survey.values[survey.space.metric])
    # Infinity would stretch the colours of a map; NaN is left out of them.
    least[np.isinf(least)] = np.nan
    return least
