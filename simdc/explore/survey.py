"""Every admitted machine with what it costs, put together from the points of its units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simdc.named import NamedTuple

from .admitted import Admitted, axis_values
from .points import Points
from .pricing import Priced
from .space import Space

CHUNK = 2**18
"""Machines put together at a time: their numbers stay in the processor's cache."""

Columns = dict[str, NDArray[np.float64]]


class Survey(NamedTuple):
    """The machines of a space that can run all networks, in order of `numbers`.

    A machine's number is its position in the whole space, row-major over the axes, the last of which varies fastest.
    `values` has a column for each metric, `sums` one for each constraint. `infeasible` counts machines that are too
    small by (layer, buffer), the first that is met, with an empty buffer where the tiling is at fault otherwise;
    `over_limit` those that exceed a limit on a metric; `missing` those that were not priced.
    """

    space: Space
    networks: tuple[str, ...]
    numbers: NDArray[np.int64]
    values: Columns
    sums: Columns
    admitted: int
    infeasible: Counter[tuple[str, str]]
    over_limit: int = 0
    missing: int = 0

    def choices(self, rows: Any) -> NDArray[np.int64]:
        """The option of each axis [rows, axes]."""
        shape = [len(axis.options) for axis in self.space.axes]
        return np.stack(np.unravel_index(self.numbers[rows], shape), axis=-1).astype(np.int64)

    def column(self, name: str) -> NDArray[np.float64]:
        """A metric or the sum of a constraint."""
        return self.values[name] if name in self.values else self.sums[name]


class PricedUnit(NamedTuple):
    """`complete` [points] is false where something has not been priced: what `priced` has there means nothing yet."""

    points: Points
    priced: Priced
    complete: NDArray[np.bool_]
    counts: tuple[str, ...]


def put_together(
    space: Space, admitted: Admitted, units: Sequence[PricedUnit], networks: Sequence[str], weights: Sequence[float]
) -> Survey:
    """Of several networks a machine's metric is the sum of each network's, times its weight."""
    names = [constraint.name for constraint in space.constraints]
    # As many rows as there can be, filled from the start, so that a space of millions is in memory once.
    numbers = np.empty(admitted.size, np.int64)
    table: Columns = {name: np.empty(admitted.size) for name in (*space.metrics, *names)}
    infeasible: Counter[tuple[str, str]] = Counter()
    missing = over_limit = filled = 0
    for chunk in _chunks([len(component.options) for component in admitted.components]):
        refused = _refusals(units, chunk, infeasible)
        columns = _metrics(space, admitted, units, weights, chunk)
        complete = _complete(units, chunk)
        missing += int((~complete & ~refused).sum())
        kept = complete & ~refused
        for limit in space.limits:
            over = kept & (columns[limit.metric] > limit.high)
            over_limit += int(over.sum())
            kept &= ~over
        columns |= _sums(admitted, chunk, len(kept))
        rows = slice(filled, filled + int(kept.sum()))
        filled = rows.stop
        numbers[rows] = _numbers(space, admitted, chunk)[kept]
        for name, values in columns.items():
            table[name][rows] = values[kept]
    numbers = numbers[:filled]
    table = {name: values[:filled] for name, values in table.items()}
    # Components with interleaved axes, [0, 2] and [1], are walked in another order than the space.
    if (numbers[1:] < numbers[:-1]).any():
        order = np.argsort(numbers, kind="stable")
        numbers = numbers[order]
        for name in table:
            table[name] = table[name][order]
    return Survey(
        space,
        tuple(networks),
        numbers,
        {name: table[name] for name in space.metrics},
        {name: table[name] for name in names},
        admitted.size,
        infeasible,
        over_limit,
        missing,
    )


Chunk = tuple[NDArray[np.int64], ...]
"""Of each component the combination that every machine of the chunk has."""


def _chunks(counts: Sequence[int]) -> Iterator[Chunk]:
    total = int(np.prod(counts, dtype=object)) if counts else 1
    for start in range(0, total, CHUNK):
        machines = np.arange(start, min(start + CHUNK, total))
        yield tuple(np.unravel_index(machines, counts)) if counts else ()


def _places(unit: PricedUnit, chunk: Chunk) -> Any:
    """The unit's point of each machine."""
    place: Any = 0
    for component, combination in zip(unit.points.places, chunk, strict=True):
        place = place + component[combination]
    return place


def _refusals(units: Sequence[PricedUnit], chunk: Chunk, infeasible: Counter[tuple[str, str]]) -> NDArray[np.bool_]:
    done: Any = np.zeros(len(chunk[0]) if chunk else 1, bool)
    for unit in units:
        if not unit.priced.refused.any():
            continue
        # A machine that lacks two buffers counts once, for the first unit at fault.
        found = np.where(done, 0, unit.priced.refused[_places(unit, chunk)])
        for number, times in enumerate(np.bincount(found)[1:]):
            if times:
                infeasible[unit.priced.reasons[number]] += int(times)
        done = done | (found > 0)
    return done


def _complete(units: Sequence[PricedUnit], chunk: Chunk) -> NDArray[np.bool_]:
    done: Any = np.ones(len(chunk[0]) if chunk else 1, bool)
    for unit in units:
        if not unit.complete.all():
            done = done & unit.complete[_places(unit, chunk)]
    return done


def _metrics(
    space: Space, admitted: Admitted, units: Sequence[PricedUnit], weights: Sequence[float], chunk: Chunk
) -> Columns:
    places = [_places(unit, chunk) for unit in units]

    def total(name: str, network: int) -> Any:
        """Over the units; each network's own."""
        parts = [
            unit.priced.values[unit.counts.index(name), network][place]
            for unit, place in zip(units, places, strict=True)
        ]
        return sum(parts[1:], parts[0])

    clock_ns: Any = _field(space, admitted, chunk, "clock_ns")
    out: Columns = {}
    for network, weight in enumerate(weights):
        counts: dict[str, object] = {name: total(name, network) for name in units[0].counts}
        for metric in space.metrics:
            value = metric_of(metric, counts, clock_ns)
            out[metric] = weight * value if network == 0 else out[metric] + weight * value
    return out


def metric_of(metric: str, counts: Mapping[str, object], clock_ns: Any) -> Any:
    """A metric of one network from what adds up over its layers; run time and energy do, their product does not."""
    if metric == "runtime_s":
        return counts["cycles"] * clock_ns * 1e-9
    if metric == "edp_pj_s":
        return counts["energy_pj"] * (counts["cycles"] * clock_ns * 1e-9)
    return counts[metric]


def counts_for(metrics: Sequence[str]) -> tuple[str, ...]:
    """What has to be counted for these metrics."""
    wanted = {"cycles", *metrics, *(["energy_pj"] if "edp_pj_s" in metrics else [])}
    return tuple(name for name in ("cycles", "dram_bits", "energy_pj") if name in wanted)


def _field(space: Space, admitted: Admitted, chunk: Chunk, path: str) -> Any:
    for number, axis in enumerate(space.axes):
        if path in axis.paths:
            return axis_values(axis, path)[_option(admitted, chunk, number)]
    return getattr(space.base, path)


def _option(admitted: Admitted, chunk: Chunk, axis: int) -> NDArray[np.int64]:
    for component, combination in zip(admitted.components, chunk, strict=True):
        if axis in component.axes:
            return component.options[combination, component.axes.index(axis)]
    raise KeyError(axis)


def _sums(admitted: Admitted, chunk: Chunk, count: int) -> Columns:
    out = {name: np.full(count, value) for name, value in admitted.constants.items()}
    for component, combination in zip(admitted.components, chunk, strict=True):
        out |= {name: values[combination] for name, values in component.sums.items()}
    return out


def _numbers(space: Space, admitted: Admitted, chunk: Chunk) -> NDArray[np.int64]:
    shape = [len(axis.options) for axis in space.axes]
    number: Any = np.zeros(len(chunk[0]) if chunk else 1, np.int64)
    for component, combination in zip(admitted.components, chunk, strict=True):
        offset = np.zeros(len(component.options), np.int64)
        for place, axis in enumerate(component.axes):
            # Axes of 3 and 4 options: choice (2, 1) is machine 2 * 4 + 1 = 9 of 12.
            offset += component.options[:, place] * int(np.prod(shape[axis + 1 :], dtype=object))
        number = number + offset[combination]
    return number
