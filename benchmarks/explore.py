"""Speed of `simdc explore`, measured here and now, beside its targets.

    python benchmarks/explore.py            about half a minute

Each number is the median of several runs in processes of their own, so that nothing is warm but the file system.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

import simdc
from simdc.cost.machines import AnyMachine
from simdc.cost.workload import Workload
from simdc.explore.exploration import Exploration, NetworkChoice
from simdc.explore.sensitivity import survey_machines
from simdc.explore.space import Space

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "examples"))

MACHINES = {("simdit", "greedy"): 10_000, ("exact", "greedy"): 100, ("exact", "default"): 30}
FIELDS = {
    "systolic.buffers.weight_bits": (2**20, 2**23),
    "systolic.buffers.ifmap_bits": (2**19, 2**23),
    "systolic.buffers.psum_bits": (2**19, 2**23),
    "simd.vmem_bits": (2**20, 2**23),
    "systolic.bandwidths.weight_bits_per_cycle": (8, 2048),
    "systolic.bandwidths.ifmap_bits_per_cycle": (8, 2048),
    "systolic.bandwidths.psum_bits_per_cycle": (32, 2048),
    "simd.bandwidth_bits_per_cycle": (32, 2048),
}
"""Ranges that random machines are drawn from: no two have a field in common."""


class Run(NamedTuple):
    what: str
    seconds: float
    machines: int


def paper_table() -> list[Run]:
    """The 64 x 64 space of the paper's Table VIII and everything that is found in it, but for loading the network."""
    paper_dse: Any = import_module("paper_dse")
    space = paper_dse.paper_space(64)
    simdc.load("resnet50")
    start = perf_counter()
    findings = paper_dse.explore("resnet50", space)
    assert findings.best.values["cycles"] == 3719340
    return [Run("table", perf_counter() - start, findings.survey.admitted)]


def product() -> list[Run]:
    """Every machine of that product, whatever it adds up to: pricing and putting together."""
    paper_dse: Any = import_module("paper_dse")
    space: Space = paper_dse.paper_space(64)._replace(constraints=())
    choice = resnet50("simdit", space.base)
    start = perf_counter()
    exploration = Exploration(space, [choice], "simdit")
    exploration.run()
    survey = exploration.survey()
    assert survey.values["cycles"].min() < 3719340
    return [Run("product", perf_counter() - start, survey.admitted)]


def resnet50(model: str, base: AnyMachine) -> NetworkChoice:
    network = simdc.load("resnet50")
    network.workload(base, model)

    def workload(machine: AnyMachine) -> Workload:
        return network.workload(machine, model)

    return NetworkChoice("resnet50", "inference", workload)


def lists() -> list[Run]:
    """Machines that have nothing in common."""
    base, generator, runs = simdc.load_hardware("HI3"), np.random.default_rng(0), list[Run]()
    for (model, tiling), count in MACHINES.items():
        columns = {path: generator.integers(low, high, count).tolist() for path, (low, high) in FIELDS.items()}
        choice = resnet50(model, base)
        start = perf_counter()
        survey = survey_machines(base, columns, [choice], model, tiling=tiling)
        runs.append(Run(f"{model}, {tiling}", perf_counter() - start, count))
        assert len(survey.numbers) > 0.9 * count
    return runs


PARTS = {"table": paper_table, "product": product, "lists": lists}


def measured(part: str, repetitions: int) -> tuple[dict[str, Run], float]:
    """Medians of a part's runs, and of the whole process."""
    runs: dict[str, list[Run]] = {}
    processes: list[float] = []
    for _ in range(repetitions):
        start = perf_counter()
        child = subprocess.run(
            [sys.executable, __file__, "--part", part], cwd=ROOT, capture_output=True, text=True, check=True
        )
        processes.append(perf_counter() - start)
        for row in json.loads(child.stdout):
            runs.setdefault(row[0], []).append(Run(*row))
    middle = {what: Run(what, median(run.seconds for run in each), each[0].machines) for what, each in runs.items()}
    return middle, median(processes)


def main() -> None:
    parser = ArgumentParser(description="Measure simdc explore against its targets.")
    parser.add_argument("--part", choices=list(PARTS), help="run one part here and print JSON")
    parser.add_argument("--repetitions", type=int, default=3)
    chosen = parser.parse_args()
    if chosen.part:
        print(json.dumps(PARTS[chosen.part]()))
        return
    print(f"Python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores; ResNet-50; medians")
    found = {part: measured(part, chosen.repetitions) for part in PARTS}
    runs = {what: run for each, _ in found.values() for what, run in each.items()}
    table, product_run = runs["table"], runs["product"]
    lines = [
        ("the 64 x 64 space of Table VIII, simdit", f"{table.seconds:.2f} s", "at most 2 s"),
        ("  its process, from start to end", f"{found['table'][1]:.2f} s", ""),
        (
            f"all {product_run.machines:,} machines of its product, simdit",
            f"{product_run.machines / product_run.seconds:,.0f} a second",
            "at least 1,000,000",
        ),
    ]
    for what, target in (("simdit, greedy", "at least 10,000"), ("exact, greedy", ""), ("exact, default", "")):
        run = runs[what]
        lines.append((f"any machines, {what}", f"{run.machines / run.seconds:,.0f} a second", target))
    for what, value, target in lines:
        print(f"{what:58}  {value:>32}  {target}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
