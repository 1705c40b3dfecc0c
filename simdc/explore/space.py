"""A space of machines: a base machine, fields to vary, budgets to keep, and what is wanted."""

from __future__ import annotations

from math import inf, prod
from typing import Any

from simdc.cost.changed import ReadWhole, changed
from simdc.cost.machines import AnyMachine, SomeMachine
from simdc.cost.structure import leaf_values, structure, unstructure, with_extension
from simdc.errors import SimdcError
from simdc.named import NamedTuple

Value = int | float | bool | str

METRICS = {"cycles": "cycle", "runtime_s": "s", "energy_pj": "pJ", "dram_bits": "bit", "edp_pj_s": "pJ s"}
"""What a machine is judged by, each with its unit. A smaller one is better."""
OBJECTIVES = {
    "cycles": "cycles",
    "runtime": "runtime_s",
    "energy": "energy_pj",
    "dram_bits": "dram_bits",
    "edp": "edp_pj_s",
}
"""The metric that an objective asks for."""


class SpaceAxis(NamedTuple):
    """One choice: `options[i]` has a value for each field of `paths`. A plain field is an axis of one path."""

    name: str
    paths: tuple[str, ...]
    options: tuple[tuple[Value, ...], ...]
    labels: tuple[str, ...]


class Term(NamedTuple):
    """`weight` times the product of fields."""

    weight: float
    paths: tuple[str, ...]


class Constraint(NamedTuple):
    """A sum of terms that has to lie in [`low`, `high`]."""

    name: str
    terms: tuple[Term, ...]
    low: float = -inf
    high: float = inf


class Limit(NamedTuple):
    """A metric has to be at most `high`."""

    metric: str
    high: float


class Economy(NamedTuple):
    """The machine with the least of `resource`, a constraint's sum, among those within `within` of the best."""

    resource: str
    within: float


class Space(NamedTuple):
    """`pareto` names metrics and constraints, all of which should be small. `file` is for messages."""

    base: AnyMachine
    axes: tuple[SpaceAxis, ...]
    constraints: tuple[Constraint, ...] = ()
    limits: tuple[Limit, ...] = ()
    objective: str = "cycles"
    pareto: tuple[str, ...] = ()
    economy: tuple[Economy, ...] = ()
    file: str = ""

    @property
    def size(self) -> int:
        """Machines before constraints."""
        # Python's integers: 30 axes of 8 options are 2**90 machines, of which constraints may admit a few.
        return prod(len(axis.options) for axis in self.axes)

    @property
    def metric(self) -> str:
        return OBJECTIVES[self.objective]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that somebody asks for, and cycles."""
        # Energy needs prices and a term for every memory, so it is worked out only where asked for.
        wanted = {"cycles", self.metric, *self.pareto, *(limit.metric for limit in self.limits)}
        return tuple(metric for metric in METRICS if metric in wanted)

    def machine(self, choice: tuple[int, ...]) -> AnyMachine:
        """The machine that takes option `choice[i]` of axis i."""
        values: dict[str, Value] = {}
        for axis, option in zip(self.axes, choice, strict=True):
            values.update(zip(axis.paths, axis.options[option], strict=True))
        return machine_with(self.base, values)

    def with_fields(self, values: dict[str, Value]) -> AnyMachine:
        return machine_with(self.base, values)

    def error(self, message: str, path: str = "") -> SimdcError:
        return SimdcError(message, file=self.file or None, path=path or None)


def machine_with(base: SomeMachine, values: dict[str, Value]) -> SomeMachine:
    """`base` with fields at dotted paths replaced. Raises HardwareError."""
    try:
        return changed(base, values)
    except ReadWhole:
        pass
    for path in values:
        base = with_extension(base, path)
    # As data, by path: no class of the machine is named here, and `structure` checks every value.
    data = unstructure(base, every=True)
    for path, value in values.items():
        *parents, leaf = path.split(".")
        here: dict[str, Any] = data
        for step in parents:
            here = here[step]
        here[leaf] = value
    return structure(type(base), data)


def field_of(machine: AnyMachine, path: str) -> Any:
    """The value at a dotted path."""
    part: Any = machine
    *parents, leaf = path.split(".")
    for name in parents:
        field = part.frozen_fields.get(name)
        if field is None or "part" not in field.metadata:
            return leaf_values(unstructure(machine, every=True))[path]
        part = getattr(part, name)
    return unstructure(part, every=True)[leaf]
