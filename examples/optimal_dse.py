"""How much of Table VIII is the machine, and how much the greedy tiling: its extremes with the best schedules.

    python examples/optimal_dse.py                       ResNet-50 on 64 x 64: minutes on two cores
    python examples/optimal_dse.py resnet18 --array 16 --count 4

All machines of the paper's space are priced under `exact` with greedy tilings. Then every layer is searched on those
that came out best, on those that no schedule can make fast, as a bound shows, and on the one that came out worst. The
others are not searched: one of them may be better still than the best that is printed, or worse than the worst.
"""

from __future__ import annotations

from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any, cast

import numpy as np
from paper_dse import PORTS, SIZES, TABLE_VIII, allocation, explore, load, paper_space, show

from simdc.cost import Hardware, Kernel
from simdc.cost.model import array_kernel
from simdc.cost.search import objective_for, search
from simdc.cost.search.relaxed import Relaxed
from simdc.cost.tiling import loop_bounds
from simdc.explore.space import machine_with

Layers = tuple[tuple[Kernel, int], ...]
"""Kernels, and how often a network has each."""


def best_cycles(layers: Layers, machine: Hardware) -> int:
    """With the best even tiling and loop order of each layer."""
    found = (
        (search(kernel, machine, objective_for("cycles", kernel, machine), even_only=True), times)
        for kernel, times in layers
    )
    return sum(int(one.cost.cycles.total) * times for one, times in found)


def least_cycles(layers: Layers, machine: Hardware) -> float:
    """A bound for any schedules, from ports alone: what must be computed and what must be moved at all."""
    total = 0.0
    for kernel, times in layers:
        relaxed, loops = Relaxed(array_kernel(kernel), machine), list(loop_bounds(kernel))
        total += times * min(float(relaxed.cost({}, {}, loop).cycles.total) for loop in loops)
    return total


def extremes(name: str, side: int, count: int, workers: int) -> None:
    findings = explore(name, paper_space(side), "exact", "greedy")
    survey, space = findings.survey, findings.space
    base = cast("Hardware", space.base)
    greedy = survey.values["cycles"]
    workload = load(name).workload(base, "exact")
    layers = tuple((kernel, times) for ((_, kernel), *_), _, times in workload.occurrences())

    def fields_of(row: int) -> dict[str, Any]:
        choices = survey.choices(np.array([row]))[0].tolist()
        return {axis.name: axis.options[option][0] for axis, option in zip(space.axes, choices, strict=True)}

    ports = [number for number, axis in enumerate(space.axes) if axis.name in PORTS]
    _, first, place = np.unique(survey.choices(slice(None))[:, ports], axis=0, return_index=True, return_inverse=True)
    bounds = np.array([least_cycles(layers, machine_with(base, fields_of(int(row)))) for row in first])
    slow = np.argsort(-bounds[place.reshape(-1)], kind="stable")[:count]
    rows = [*np.argsort(greedy, kind="stable")[:count].tolist(), *slow.tolist(), int(greedy.argmax())]
    fields = [fields_of(row) for row in rows]
    machines = [machine_with(base, each) for each in fields]
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        searched = list(pool.map(partial(best_cycles, layers), machines))

    print(f"{name} on {side}x{side}, model exact, {len(greedy):,} machines, {len(rows)} of them searched")
    heads = ("W", "I", "O", "V") * 2
    print(f"{'':30} {' '.join(f'{head:>5}' for head in heads)} {'greedy [cycle]':>15} {'searched [cycle]':>17}")

    def line(what: str, place: int) -> None:
        where = show(allocation({path: fields[place][path] for path in (*SIZES, *PORTS)}))
        print(f"{what:30} {where} {greedy[rows[place]]:>15,.0f} {searched[place]:>17,}")

    best, worst = min(range(len(rows)), key=searched.__getitem__), max(range(len(rows)), key=searched.__getitem__)
    line("best by greedy tilings", 0)
    line("worst by greedy tilings", len(rows) - 1)
    line("best of the searched", best)
    line("worst of the searched", worst)
    ratios = (greedy[rows[-1]] / greedy[rows[0]], searched[worst] / searched[best])
    paper = f", the paper {TABLE_VIII[side].worst_over_best}" if name == "resnet50" else ""
    print(f"worst over best: {ratios[0]:.3f} by greedy tilings, {ratios[1]:.3f} by the best schedules{paper}")


def main() -> None:
    parser = ArgumentParser(description="Table VIII under exact with the best schedules.")
    parser.add_argument("network", nargs="?", default="resnet50")
    parser.add_argument("--array", type=int, default=64, choices=list(TABLE_VIII))
    parser.add_argument("--count", type=int, default=12, help="machines to search at either end (default 12)")
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    extremes(chosen.network, chosen.array, chosen.count, chosen.workers)


if __name__ == "__main__":
    main()
