"""What happens when one choice of a machine changes and all others stay, and machines that somebody lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simdc.choices import DEFAULT_MODEL
from simdc.cost.machines import AnyMachine
from simdc.named import NamedTuple
from simdc.workers import run_here

from .admitted import listed_machines
from .exploration import Exploration, NetworkChoice
from .space import Space, SpaceAxis
from .survey import Survey
from .tasks import Runner

FEW_TASKS = 2
"""So few are done here: other processes take longer to start."""


class Swing(NamedTuple):
    """The objective with each option of an axis in the place of option `chosen`; NaN where some layer does not fit."""

    axis: int
    chosen: int
    values: NDArray[np.float64]


def sensitivity(exploration: Exploration, survey: Survey, row: int, runner: Runner = run_here) -> list[Swing]:
    """Around the machine in this row of the survey, one axis at a time, whatever the constraints say."""
    center = survey.choices(row)
    # The best often uses a budget up; held to it, every neighbour with more of anything would be missing.
    space = exploration.space._replace(constraints=(), limits=(), pareto=())
    around: list[NDArray[np.int64]] = []
    for axis, each in enumerate(space.axes):
        # Center (1, 0), axes of 2 and 3 options: (0, 0), (1, 0) and (1, 0), (1, 1), (1, 2): four machines of six.
        variants = np.tile(center, (len(each.options), 1))
        variants[:, axis] = np.arange(len(each.options))
        around.append(variants)
    choices = np.unique(np.concatenate(around), axis=0)
    objective = _known(survey, choices)
    if exploration.space.constraints or exploration.space.limits or survey.missing:
        # Else all others were priced, too, and are too small.
        others = [choice for choice in choices.tolist() if tuple(choice) not in objective]
        objective |= _priced(exploration, space, np.array(others, np.int64), runner) if others else {}
    return [
        Swing(axis, int(center[axis]), np.array([objective.get(tuple(each), np.nan) for each in variants.tolist()]))
        for axis, variants in enumerate(around)
    ]


Objectives = dict[tuple[int, ...], float]
"""By the option of each axis, of machines that can run all networks."""


def _known(survey: Survey, choices: NDArray[np.int64]) -> Objectives:
    """Of those with these options [machines, axes] that the survey has."""
    numbers = np.ravel_multi_index(tuple(choices.T), [len(axis.options) for axis in survey.space.axes])
    rows, ends = (np.searchsorted(survey.numbers, numbers, side) for side in ("left", "right"))
    found = rows < ends
    known, values = choices[found], survey.values[survey.space.metric][np.compress(found, rows)]
    return {tuple(choice): value for choice, value in zip(known.tolist(), values.tolist(), strict=True)}


def _priced(exploration: Exploration, space: Space, choices: NDArray[np.int64], runner: Runner) -> Objectives:
    rules = exploration.job.rules
    found = Exploration(space, exploration.networks, rules.model, rules.tiling, listed_machines(space, choices))
    found.run(runner if len(found.job.tasks) > FEW_TASKS else run_here)
    return _known(found.survey(), choices)


def survey_machines(
    base: AnyMachine,
    columns: Mapping[str, Sequence[Any]],
    networks: Sequence[NetworkChoice],
    model: str = DEFAULT_MODEL,
    metrics: Sequence[str] = ("cycles",),
    tiling: str = "default",
) -> Survey:
    """Any machines: number i is like `base` with the i-th value that `columns` has for each field. Those that are too
    small for some layer are missing from the survey's rows. Values are taken as they are, unchecked."""
    rows = tuple(
        zip(
            *(values.tolist() if isinstance(values, np.ndarray) else values for values in columns.values()), strict=True
        )
    )
    axis = SpaceAxis("machine", tuple(columns), rows, tuple(map(str, range(len(rows)))))
    space = Space(base, (axis,), pareto=tuple(metrics))
    found = Exploration(space, networks, model, tiling)
    found.run()
    return found.survey()
