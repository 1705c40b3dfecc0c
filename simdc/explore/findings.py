"""What an exploration has found, ready to be shown: as a table, as data, or drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from simdc.named import NamedTuple
from simdc.workers import run_here

from . import choose
from .exploration import Exploration
from .sensitivity import Swing, sensitivity
from .space import METRICS, OBJECTIVES, Economy, Space, Value
from .survey import Survey
from .tasks import Runner

# How many machines a ranking has unless somebody asks for more.
RANKED = 10
WITHIN = (1.01, 1.05, 1.1, 1.2, 1.5, 2.0, 5.0, 10.0)


class FoundMachine(NamedTuple):
    """A row of a survey: its `fields` by dotted path, the labels of its options by axis."""

    number: int
    labels: dict[str, str]
    fields: dict[str, Value]
    values: dict[str, float]
    sums: dict[str, float]


class Findings(NamedTuple):
    """`cheap` has a machine for each of the space's economies; `spread` the share of machines whose objective is at
    most so many times the best; `interrupted` that not all machines were priced."""

    exploration: Exploration
    survey: Survey
    best: FoundMachine
    worst: FoundMachine
    ranking: tuple[FoundMachine, ...]
    cheap: tuple[tuple[Economy, FoundMachine], ...]
    front_of: tuple[str, ...]
    front: tuple[FoundMachine, ...]
    swings: tuple[Swing, ...]
    spread: Mapping[float, float]

    @property
    def space(self) -> Space:
        return self.survey.space

    def objective(self, machine: FoundMachine) -> float:
        return machine.values[self.space.metric]

    def over_best(self, machine: FoundMachine) -> float:
        least = self.objective(self.best)
        # A network that moves nothing has 0 bits on every machine: all are the best, none 0 / 0 times it.
        return self.objective(machine) / least if least else 1.0


def find(exploration: Exploration, survey: Survey, ranked: int = RANKED, runner: Runner = run_here) -> Findings:
    """Raises SimdcError when the survey has no machine. Of an interrupted exploration nothing more is priced, so that
    it has no swings."""
    if not len(survey.numbers):
        raise survey.space.error(_why_none(survey))
    best = choose.best(survey)
    objective: Any = survey.values[survey.space.metric]
    names = survey.space.pareto or (survey.space.metric, *survey.sums)
    front: list[int] = choose.front(survey, names).tolist() if len(names) > 1 else [best]
    return Findings(
        exploration,
        survey,
        machine_at(survey, best),
        machine_at(survey, choose.worst(survey)),
        tuple(machine_at(survey, int(row)) for row in choose.ranking(survey, ranked)),
        tuple((each, machine_at(survey, choose.economic(survey, each))) for each in survey.space.economy),
        names,
        tuple(machine_at(survey, row) for row in front),
        () if survey.missing else tuple(sensitivity(exploration, survey, best, runner)),
        # 1.05: 0.03 tells that of 400 machines 12 are within 5 % of the best.
        {share: np.count_nonzero(objective <= share * objective[best]) / len(objective) for share in WITHIN},
    )


def machine_at(survey: Survey, row: int) -> FoundMachine:
    choice: list[int] = survey.choices(row).tolist()
    labels: dict[str, str] = {}
    fields: dict[str, Value] = {}
    for axis, option in zip(survey.space.axes, choice, strict=True):
        labels[axis.name] = axis.labels[option]
        fields.update(zip(axis.paths, axis.options[option], strict=True))
    return FoundMachine(
        int(survey.numbers[row]),
        labels,
        fields,
        {name: float(column[row]) for name, column in survey.values.items()},
        {name: float(column[row]) for name, column in survey.sums.items()},
    )


def _why_none(survey: Survey) -> str:
    if survey.missing:
        return f"none of {survey.admitted:,} machines was priced before the interruption"
    reasons = [f"{times:,} {refusal_text(*refusal)}" for refusal, times in survey.infeasible.most_common(5)]
    if survey.over_limit:
        limits = ", ".join(f"{limit.metric} at most {limit.high:,g}" for limit in survey.space.limits)
        reasons.append(f"{survey.over_limit:,} are over a limit ({limits})")
    return f"none of {survey.admitted:,} machines is left: {'; '.join(reasons)}"


def refusal_text(layer: str, buffer: str) -> str:
    """What is said of machines behind how many they are."""
    if buffer:
        return f"are infeasible: {buffer} too small for '{layer}'"
    return f"are infeasible: no tiling of '{layer}' that the model prices; `simdc cost` on one of them says why"


def unit_of(name: str, space: Space) -> str:
    """The unit of a metric or of a constraint's sum, empty where its terms have none in common."""
    if name in METRICS:
        return METRICS[name]
    # Buffers in bits add up to bits; rows * columns, or 0.5 * area, has no unit that a name tells.
    terms = next(each.terms for each in space.constraints if each.name == name)
    units = {field_unit(term.paths[0]) if len(term.paths) == 1 and term.weight == 1 else "" for term in terms}
    return units.pop() if len(units) == 1 else ""


def headed(name: str, space: Space) -> str:
    """`energy [pJ]`: a metric or a constraint with its unit behind it."""
    label = next((word for word, metric in OBJECTIVES.items() if metric == name), name)
    unit = unit_of(name, space)
    return f"{label.removesuffix('_bits')} [{unit}]" if unit else label


def field_unit(path: str) -> str:
    """The unit that the end of a field's name tells."""
    for ending, unit in (("_bits_per_cycle", "bit/cycle"), ("_bits", "bit"), ("_ns", "ns"), ("_w", "W")):
        if path.endswith(ending):
            return unit
    return "pJ" if "_pj_" in path else ""


def short_names(space: Space) -> dict[str, str]:
    """The shortest endings of axis names that differ; fields of the SIMD array keep its name."""
    names = [axis.name for axis in space.axes]
    out: dict[str, str] = {}
    for name in names:
        # systolic.buffers.weight_bits beside systolic.buffers.ifmap_bits is weight_bits; simd.lanes stays simd.lanes.
        parts = name.split(".")
        endings = (
            ".".join(parts[start:]) for start in range(len(parts) - 1, -1, -1) if parts[0] != "simd" or not start
        )
        out[name] = next(
            ending for ending in endings if sum(each == ending or each.endswith("." + ending) for each in names) == 1
        )
    return out


def shown(value: Any, unit: str) -> str:
    """A number for people: whole KiB as such; a word as it is."""
    if isinstance(value, str):
        return value
    # 8 x 1,024 bits are a KiB: 2,097,152 bits are 256 KiB.
    if unit == "bit" and value and value % 8192 == 0:
        return f"{value / 8192:,.0f} KiB"
    if isinstance(value, bool):
        return "yes" if value else "no"
    whole = isinstance(value, int) or float(value).is_integer()
    if whole and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if 1e3 < abs(value) < 1e12 else f"{value:,.6g}"
