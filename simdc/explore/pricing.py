"""What the kernels of one unit cost at many points, by a model that takes them at once or one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simdc.choices import SPACE_OBJECTIVES
from simdc.cost.batch import machines_like
from simdc.cost.energy import energy_of
from simdc.cost.forms import Forms, cheapest, least_for, value_for
from simdc.cost.kernel import Contraction, FusedProducts, Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel
from simdc.cost.model_table import load_model
from simdc.cost.result import Cost
from simdc.cost.tiling import Tiling, TilingError
from simdc.named import NamedTuple

from . import dependence
from .ahead import TILINGS, LayersAhead
from .guarded import hold_each, hold_many, hold_one
from .point_grid import PointGrid, plain
from .schedulers import SCHEDULERS, Scheduler
from .space import Value, machine_with

FEW_A_ROW = 8
"""Points that share a tiling: with so few, layers are priced sooner all together, point by point."""


class Work(NamedTuple):
    """A distinct layer of the networks to price, in whichever of its `forms` is the cheapest: `times[i]` is how often
    network i has it, first as `layer`; `phase` is the phase of these networks."""

    forms: Forms
    phase: str
    layer: str
    times: tuple[int, ...]

    @property
    def kernel(self) -> Kernel:
        """In its first form."""
        return self.forms[0][1]

    @property
    def unit(self) -> str:
        if has_both_units(self.forms):
            return dependence.EITHER
        return dependence.SYSTOLIC if isinstance(self.kernel, Contraction) else dependence.SIMD


def has_both_units(forms: Forms) -> bool:
    """Whether the layer may run on either unit, or runs on both."""
    return len(forms) > 1 or any(isinstance(kernel, FusedProducts) for _, kernel in forms)


COUNTED: dict[str, Callable[[Cost, AnyMachine, bool], Any]] = {
    "cycles": lambda cost, machines, on_systolic: cost.cycles.total,
    "dram_bits": lambda cost, machines, on_systolic: cost.dram_bits.total,
    "energy_pj": lambda cost, machines, on_systolic: energy_of(cost, machines, on_systolic=on_systolic).total,
}
"""What adds up over layers that ran on the systolic array, or else on the lanes. The other metrics follow from these
and the clock."""


def _counted(name: str, kernel: Kernel, cost: Cost, machines: AnyMachine) -> Any:
    return COUNTED[name](cost, machines, isinstance(kernel, Contraction))


class Priced(NamedTuple):
    """`values` [counts, networks, points]; `refused` [points] is 0, or 1 + the position in `reasons` of the
    (layer, buffer) that is too small there; the buffer is empty where something else is wrong with the tiling. Values
    of refused points are NaN."""

    values: NDArray[np.float64]
    refused: NDArray[np.int64]
    reasons: tuple[tuple[str, str], ...]


class Rules(NamedTuple):
    """By what points are priced: a model and a scheduler, which is made for `objective`, by name; `counts` are names
    of COUNTED."""

    model: str
    tiling: str
    objective: str
    counts: tuple[str, ...]

    @property
    def separable(self) -> bool:
        """Whether it is known what the model looks at. Another may look at any field for any layer."""
        return load_model(self.model).separable

    @property
    def searched(self) -> bool:
        """Whether pricing a point takes seconds."""
        return self.tiling == "search"

    @property
    def at_once(self) -> bool:
        """Whether many points are priced in one go."""
        return self.tiling == "greedy" and load_model(self.model).prices_many

    @property
    def together(self) -> bool:
        """Whether all layers are priced on one machine in one go."""
        return self.tiling in TILINGS and load_model(self.model).prices_together

    @property
    def by_row(self) -> bool:
        """Whether points that share their tilings are priced in one go."""
        return self.tiling == "greedy" and load_model(self.model).prices_rates


def price_points(
    works: Sequence[Work], base: AnyMachine, columns: Mapping[str, NDArray[np.generic]], rules: Rules
) -> Priced:
    """All of `works` at each point: a machine like `base` with the values that `columns` [points] has for it."""
    models = {work.phase: load_model(rules.model, work.phase) for work in works}
    count = len(next(iter(columns.values()), [0]))
    # Points of a task have one set of kernels: what decides them is a number, also where arrays stand for all others.
    fixed = {path: plain(values[0]) for path, values in columns.items() if dependence.shapes_kernels(path)}
    base, columns = machine_with(base, fixed), {path: each for path, each in columns.items() if path not in fixed}
    # Which form is the cheapest may change with any field, and is found machine by machine.
    several = any(has_both_units(work.forms) for work in works)
    # 8 buffer sizes x 5 bandwidths: 40 points, 8 rows and 5 columns; each row needs one greedy tiling, not five.
    grid = PointGrid.of(columns, count, rules.separable)
    distinct, place = grid.distinct()
    # 100 machines with a tiling each are priced one by one, 100 with 5 between them row by row.
    by_row = rules.by_row and not (rules.together and len(np.unique(distinct.row)) * FEW_A_ROW > len(distinct.row))
    price = _one_by_one if several else _at_once if rules.at_once else _row_by_row if by_row else _one_by_one
    priced = price(works, base, distinct, rules, models)
    return Priced(priced.values[:, :, place], priced.refused[place], priced.reasons)


def _at_once(
    works: Sequence[Work], base: AnyMachine, grid: PointGrid, rules: Rules, models: Mapping[str, AnyModel]
) -> Priced:
    """Where most pairs of a row and a column are points, the whole grid is priced, so that what depends on rows alone
    is computed once for each."""
    shape = grid.shape
    # 10 rows and 20 columns: 150 points are priced as a grid of 200 cells, 90 points as a list of 90.
    if shape[0] * shape[1] <= 2 * len(grid.row):
        fields = {path: values[:, None] for path, values in grid.rows.items()}
        fields |= {path: values[None, :] for path, values in grid.columns.items()}
        where: Any = (grid.row, grid.column)
    else:
        fields = {path: values[grid.row] for path, values in grid.rows.items()}
        fields |= {path: values[grid.column] for path, values in grid.columns.items()}
        shape, where = grid.row.shape, slice(None)
    machines = machines_like(base, fields)

    def changed(place: tuple[int, ...]) -> dict[str, Value]:
        return {path: plain(np.broadcast_to(values, shape)[place]) for path, values in fields.items()}

    totals: list[list[Any]] = [[0.0] * len(works[0].times) for _ in rules.counts]
    refused: Any = np.zeros((), np.int64)
    reasons: list[tuple[str, str]] = []
    with np.errstate(all="ignore"):
        for work in works:
            cost, its_refused, buffers = models[work.phase].price_many(work.kernel, machines)
            reached = np.asarray(its_refused)
            hold_many(rules.model, work.layer, cost, reached, changed)
            if reached.any():
                # Two reasons so far, and this layer can lack weight or ifmap buffer: its 0, 1, 2 become 0, 3, 4.
                numbers = np.array([0, *range(len(reasons) + 1, len(reasons) + len(buffers))])
                refused = np.where(refused == 0, numbers[reached], refused)
                reasons += [(work.layer, buffer) for buffer in buffers[1:]]
            for total, name in zip(totals, rules.counts, strict=True):
                value = np.asarray(_counted(name, work.kernel, cost, machines), float)
                for network, times in enumerate(work.times):
                    total[network] = total[network] + times * value if times else total[network]
    refused = np.broadcast_to(refused, shape)[where]
    values = np.array([[np.broadcast_to(each, shape)[where] for each in row] for row in totals])
    values[:, :, refused > 0] = np.nan
    return Priced(values, refused, tuple(reasons))


def _row_by_row(
    works: Sequence[Work], base: AnyMachine, grid: PointGrid, rules: Rules, models: Mapping[str, AnyModel]
) -> Priced:
    """Each tiling is made once, and priced on all machines of its row at once."""
    values = np.zeros((len(rules.counts), len(works[0].times), len(grid.row)))
    refused = np.zeros(len(grid.row), np.int64)
    reasons: dict[tuple[str, str], int] = {}
    for row in np.unique(grid.row).tolist():
        points = np.flatnonzero(grid.row == row)
        changed = [partial(grid.fields, int(point)) for point in points]
        machine = machine_with(base, {path: plain(each[row]) for path, each in grid.rows.items()})
        fields = {path: each[grid.column[points]] for path, each in grid.columns.items()}
        # The largest of each rate bounds every number on the way, and so tells whether int64 will do.
        dearest = machine_with(machine, {path: plain(each.max()) for path, each in fields.items()})
        machines = machines_like(machine, fields)
        for work in works:
            model = models[work.phase]
            try:
                cost = model.price_rates(work.kernel, model.greedy(work.kernel, machine), dearest, fields)
            except TilingError as error:
                refused[points] = reasons.setdefault((work.layer, error.buffer), len(reasons) + 1)
                values[:, :, points] = np.nan
                break
            hold_each(model, work.layer, work.kernel, cost, machine, changed)
            for number, name in enumerate(rules.counts):
                counted = np.broadcast_to(_counted(name, work.kernel, cost, machines), points.shape).astype(float)
                values[number][:, points] += np.multiply.outer(np.array(work.times, float), counted)
    return Priced(values, refused, tuple(reasons))


def _one_by_one(
    works: Sequence[Work], base: AnyMachine, grid: PointGrid, rules: Rules, models: Mapping[str, AnyModel]
) -> Priced:
    schedule, count = SCHEDULERS[rules.tiling](rules.objective), len(grid.row)
    table = np.zeros((len(rules.counts), len(works), count))
    refused = np.zeros(count, np.int64)
    reasons: dict[tuple[str, str], int] = {}
    tilings: dict[tuple[int, int], dict[Kernel, Tiling]] = {}
    # By the same number as a single run: cycles, or what a search makes small.
    objective = SPACE_OBJECTIVES[rules.objective] if rules.searched else "cycles"
    ahead = LayersAhead([(work.forms, work.phase) for work in works], models, rules.tiling)
    memories = load_model(rules.model).rule.memories
    for point in _by_memory(grid, memories) if schedule.rates_matter else range(count):
        row = int(grid.row[point])
        changed = grid.fields(point)
        machine = machine_with(base, changed)
        value = value_for(objective, machine)
        # Negative keys are points, others rows: where rates matter no two points share a tiling.
        shared, left_over = -1 - point if schedule.rates_matter else row, np.ones(len(works), bool)
        for columns in ahead.on(machine):
            # Held to what no schedule can break as they were found.
            left_over[columns.layers] = False
            for number, name in enumerate(rules.counts):
                table[number, columns.layers, point] = COUNTED[name](columns.cost, machine, columns.on_systolic)
        for place in np.flatnonzero(left_over).tolist():
            work, model = works[place], models[works[place].phase]
            price = _tiled_once(schedule, model, machine, tilings.setdefault((place, shared), {}))
            try:
                _, kernel, _, cost = cheapest(work.forms, price, value, least_for(objective, model, machine))
            except TilingError as error:
                refused[point] = reasons.setdefault((work.layer, error.buffer), len(reasons) + 1)
                break
            hold_one(model, work.layer, kernel, cost, machine, changed)
            for number, name in enumerate(rules.counts):
                table[number, place, point] = float(_counted(name, kernel, cost, machine))
    values = _of_networks(works, table)
    values[:, :, refused > 0] = np.nan
    return Priced(values, refused, tuple(reasons))


def _of_networks(works: Sequence[Work], table: NDArray[np.float64]) -> NDArray[np.float64]:
    """What networks cost [counts, networks, points], of what each layer does [counts, layers, points]."""
    values = np.zeros((len(table), len(works[0].times), table.shape[2]))
    # Layer by layer: sums of floats depend on the order, and another batch changes no other network's.
    for place, work in enumerate(works):
        for network, times in enumerate(work.times):
            if times:
                values[:, network] += times * table[:, place]
    return values


def _tiled_once(
    schedule: Scheduler, model: AnyModel, machine: AnyMachine, tilings: dict[Kernel, Tiling]
) -> Callable[[Kernel], tuple[Tiling, Cost]]:
    """Prices a kernel with the tiling that it has in `tilings`, made where there is none yet."""

    def price(kernel: Kernel) -> tuple[Tiling, Cost]:
        if kernel not in tilings:
            tilings[kernel] = schedule(model, kernel, machine)
        return tilings[kernel], model.evaluate(kernel, tilings[kernel], machine)

    return price


def _by_memory(grid: PointGrid, memories: Sequence[str]) -> list[int]:
    """The points of each column together, the one with most memory first, then from the least on: what the search finds
    on one of them helps it on the next."""
    memory = sum((values[grid.row].astype(float) for path, values in grid.rows.items() if path in memories), 0.0)
    ascending = np.lexsort((np.broadcast_to(memory, grid.row.shape), grid.column))
    # Memories of 1, 2 and 4 KiB in one column are visited as 4, 1, 2.
    columns = np.split(ascending, np.flatnonzero(np.diff(grid.column[ascending])) + 1)
    return [int(point) for each in columns for point in (*each[-1:], *each[:-1])]
