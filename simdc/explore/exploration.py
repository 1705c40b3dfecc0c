"""An exploration from space and networks to the survey of its machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from simdc.choices import DEFAULT_MODEL
from simdc.cost.machines import AnyMachine
from simdc.cost.model import Uncosted, check_machine
from simdc.cost.model_table import load_model
from simdc.cost.structure import option_paths
from simdc.cost.tiling import TilingError
from simdc.cost.workload import Workload
from simdc.errors import SimdcError
from simdc.named import NamedTuple
from simdc.workers import WorkerLost, run_here

from . import dependence
from .admitted import Admitted, admitted_machines
from .ahead import LayersAhead
from .guarded import hold_one
from .journal import Journal
from .points import Points, unit_points
from .pricing import Priced, Rules, Work, has_both_units
from .space import Space
from .survey import PricedUnit, Survey, counts_for, put_together
from .tasks import FEW_POINTS, MANY_POINTS, Job, Runner, cut

# 2**26 numbers of 8 bytes are 512 MiB a column.
MAX_MACHINES = 2**26
"""Compared at once: a machine takes 8 bytes for its number, each metric and each constraint."""


class NetworkChoice(NamedTuple):
    """A network of an exploration. `workload` gives its kernels for the element widths of a machine and for what it
    runs as one layer; `weight` is how much its metrics count."""

    name: str
    phase: str
    workload: Callable[[AnyMachine], Workload]
    weight: float = 1.0


class Exploration:
    """What networks cost on the machines of a space: `run` does the work, `survey` tells what is done.

    Raises SimdcError when no machine keeps the constraints. `admitted` takes the place of the machines that do.
    """

    def __init__(
        self,
        space: Space,
        networks: Sequence[NetworkChoice],
        model: str = DEFAULT_MODEL,
        tiling: str = "default",
        admitted: Admitted | None = None,
    ):
        self.space, self.networks = space, tuple(networks)
        self.admitted = admitted_machines(space) if admitted is None else admitted
        if self.admitted.size > MAX_MACHINES:
            raise space.error(
                f"{self.admitted.size:,} machines keep the constraints, at most {MAX_MACHINES:,} can be compared"
            )
        try:
            # A field that varies has other values than the base's.
            options = option_paths()
            varied = [path for axis in space.axes for path in axis.paths if path in options]
            for machine in (space.base, *_with_fractions(space)):
                check_machine(load_model(model), machine, varied)
        except ValueError as error:
            raise space.error(str(error)) from None
        if load_model(model).forward_only and any(each.phase == "training" for each in networks):
            raise space.error(f"the model '{model}' prices forward layers only; compare networks in inference")
        counts = counts_for(space.metrics)
        if "energy_pj" in counts and not space.base.has_prices:
            raise space.error(
                f"asks for energies, and {space.base.name} has no energy prices: give them in its file, such as "
                "memories.dram.read_pj_per_bit, or ask for cycles, runtime or dram_bits"
            )
        # The same tilings; and greedy ones do not depend on bandwidths, so that far fewer are made.
        if tiling == "default" and load_model(model).default_is_greedy:
            tiling = "greedy"
        rules = Rules(model, tiling, space.objective, counts)
        several = load_model(model).takes_forms and any(
            _have_forms(self.networks, machine) for machine in (space.base, *_with_other_options(space))
        )
        units = (*dependence.UNITS, dependence.EITHER) if several else dependence.UNITS
        points = tuple(
            unit_points(
                space,
                self.admitted,
                unit,
                energy="energy_pj" in counts,
                separable=rules.separable and unit != dependence.EITHER,
                together=dependence.shapes_tilings if tiling == "greedy" else dependence.shapes_rates,
            )
            for unit in units
        )
        self.uncosted: dict[str, str] = {}
        """Layers that the model has no price for, with the reason: they are missing from every number."""
        kernels = _works(space, self.networks, points, several=several)
        works = {key: self._costed(each, model) for key, each in kernels.items()}
        lacking = [_layers(each.works) - _layers(works[key]) for key, each in kernels.items()]
        # Such a machine would win by what is missing.
        for layer in sorted(set[str]().union(*lacking) - set(lacking[0]).intersection(*lacking)):
            raise space.error(f"the layer '{layer}' has no price on some machines: {self.uncosted[layer]}")
        tasks = cut(points, MANY_POINTS if rules.at_once else FEW_POINTS, works if rules.searched else None)
        self.job = Job(space, works, points, rules, tasks)
        self.finished: dict[int, Priced] = {}

    def _costed(self, works: Kernels, model: str) -> tuple[Work, ...]:
        machine, kept = works.machine, list[Work]()
        models = {work.phase: load_model(model, work.phase) for work in works.works}
        # As they are asked for below, in their first forms: those that are found together have a price that is sound.
        ahead = LayersAhead([(work.forms[:1], work.phase) for work in works.works], models, "greedy")
        sound = {number for columns in ahead.on(machine) for number in columns.layers}
        for number, work in enumerate(works.works):
            priced_by = models[work.phase]
            if number in sound:
                kept.append(work)
                continue
            try:
                cost = priced_by.evaluate(work.kernel, priced_by.greedy(work.kernel, machine), machine)
                hold_one(priced_by, work.layer, work.kernel, cost, machine, {})
            except Uncosted as reason:
                self.uncosted[work.layer] = str(reason)
                continue
            except TilingError:
                pass
            kept.append(work)
        if not kept:
            raise self.space.error(
                f"the model '{model}' has no price for any layer: {next(iter(self.uncosted.values()))}"
            )
        return tuple(kept)

    @property
    def left(self) -> list[int]:
        """Tasks that are not finished."""
        return [number for number in range(len(self.job.tasks)) if number not in self.finished]

    def run(
        self,
        runner: Runner = run_here,
        journal: Journal | None = None,
        after: Callable[[int], None] = lambda number: None,
    ) -> None:
        """Do what is left; `after` is told each task that is done. Interrupted, it keeps what is finished. Raises
        SimdcError when a worker was killed, a journal cannot be written, or a model's answer cannot be."""
        if journal is not None:
            self.finished |= journal.finished

        def finish(number: int, priced: Priced) -> None:
            self.finished[number] = priced
            if journal is not None:
                journal.append(number, priced)
            after(number)

        try:
            runner(self.job, self.left, finish)
        except WorkerLost as lost:
            survey = self.survey()
            done = f"{survey.admitted - survey.missing:,} of {survey.admitted:,} machines are complete"
            remedy = (
                "with --resume FILE the next try would go on from there"
                if journal is None
                else f"{journal.path} keeps them, the same command goes on from there"
            )
            raise SimdcError(f"{lost.message} {done}; {remedy}") from None

    def survey(self) -> Survey:
        """Of the machines for which everything is priced."""
        units = [self._unit(number) for number in range(len(self.job.points))]
        names, weights = [each.name for each in self.networks], [each.weight for each in self.networks]
        return put_together(self.space, self.admitted, units, names, weights)

    def _unit(self, number: int) -> PricedUnit:
        points = self.job.points[number]
        values = np.zeros((len(self.job.rules.counts), len(self.networks), points.length))
        refused = np.zeros(points.length, np.int64)
        complete = np.ones(points.length, bool)
        reasons: dict[tuple[str, str], int] = {}
        for task, (unit, start, stop, _) in enumerate(self.job.tasks):
            if unit != number:
                continue
            chosen = points.order[start:stop]
            priced = self.finished.get(task)
            if priced is None:
                complete[chosen] = False
                continue
            # Tasks by layer have the same points, and a network costs the sum of its layers.
            values[:, :, chosen] += priced.values
            # Reason 1 of a task may be reason 3 of the unit: each task numbers its own from 1.
            local = np.array([0, *(reasons.setdefault(reason, len(reasons) + 1) for reason in priced.reasons)])
            refused[chosen] = np.where(refused[chosen] == 0, local[priced.refused], refused[chosen])
        return PricedUnit(points, Priced(values, refused, tuple(reasons)), complete, self.job.rules.counts)


class Kernels(NamedTuple):
    """The distinct kernels of all networks for the element widths that `machine` has."""

    machine: AnyMachine
    works: tuple[Work, ...]


def _layers(works: Sequence[Work]) -> set[str]:
    return {work.layer for work in works}


def _have_forms(networks: Sequence[NetworkChoice], machine: AnyMachine) -> bool:
    """Whether some layer has several, or runs on both units."""
    return any(has_both_units(forms) for each in networks for forms, _, _ in each.workload(machine).occurrences())


def _with_other_options(space: Space) -> Iterator[AnyMachine]:
    """The base with each option that decides which forms layers have, such as `systolic.row_mapping=window`."""
    for axis in space.axes:
        for option in axis.options:
            fields = dict(zip(axis.paths, option, strict=True))
            if any(isinstance(value, str) and dependence.shapes_kernels(path) for path, value in fields.items()):
                yield space.with_fields(fields)


def _with_fractions(space: Space) -> Iterator[AnyMachine]:
    """The base with each bandwidth that is no whole number of bits a cycle."""
    for axis in space.axes:
        for option in axis.options:
            fields = dict(zip(axis.paths, option, strict=True))
            if any(dependence.is_rate(path) and not isinstance(value, int) for path, value in fields.items()):
                yield space.with_fields(fields)


def _works(
    space: Space, networks: Sequence[NetworkChoice], points: Sequence[Points], *, several: bool
) -> dict[int, Kernels]:
    """By the number that points have for their element widths."""
    found: dict[int, Kernels] = {}
    for each in points:
        for key, first in zip(*np.unique(each.kernel, return_index=True), strict=True):
            if int(key) not in found:
                fields = {path: values[first].item() for path, values in each.columns.items()}
                found[int(key)] = _distinct(networks, space.with_fields(fields), several=several)
    return found


def _distinct(networks: Sequence[NetworkChoice], machine: AnyMachine, *, several: bool) -> Kernels:
    """Each layer with all of its forms or, unless `several` count, with the first."""
    works: dict[object, Work] = {}
    for place, network in enumerate(networks):
        for every, layer, times in network.workload(machine).occurrences():
            forms = every if several else every[:1]
            none = (0,) * len(networks)
            work = works.get((network.phase, forms), Work(forms, network.phase, layer, none))
            counts = (*work.times[:place], times, *work.times[place + 1 :])
            works[network.phase, forms] = work._replace(times=counts)
    return Kernels(machine, tuple(works.values()))
