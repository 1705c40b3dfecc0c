"""Rows: batches and lengths of one network, and spaces of machines."""

from __future__ import annotations

import json
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from machines import FIELDS, NOTHING_IN_COMMON
from row import Row

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def _batches(network: str, batches: range, *, train: bool = False) -> float:
    """Seconds for many batches of a network that are on one line, the two ends left out."""
    import simdc
    from simdc.commands.between import RunsBetween

    hardware = simdc.load_hardware("HT3" if train else "HI3")

    def compiled(batch: int) -> Any:
        read = simdc.load(network, batch)
        return simdc.compile(read.training_step() if train else read, hardware)

    runs = RunsBetween(compiled, batches[0] - 1, batches.stop)
    start = process_time()
    for batch in batches:
        runs.at(batch)
    return process_time() - start


def _each(batches: range) -> float:
    """Seconds a batch of a training step."""
    return _batches("mobilenet_v2", batches, train=True) / len(batches)


def _curve(step: int) -> float:
    """Seconds for lengths of a decode step, so far from each other, the two ends left out."""
    import simdc
    from simdc.commands.lengths import StepPrices
    from simdc.ir.token_run import decode_step

    hardware, first, last = simdc.load_hardware("HI3"), 128, 8128
    prices = StepPrices(
        lambda length: simdc.compile(simdc.load("llama_8b", run=decode_step(length)), hardware), first, last
    )
    start = process_time()
    prices.steps(range(first, last, step))
    return process_time() - start


def _explore(words: list[str], machines: int) -> float:
    """Seconds of `explore` from the space's text to every machine, of machines with nothing in common."""
    from simdc.cli import main as command

    random = Random(1)
    options = [
        {"name": str(number), "set": {path: FIELDS[path](random) for path in NOTHING_IN_COMMON}}
        for number in range(machines)
    ]
    space = {"schema": "simdc-space/1", "base": "HI3", "choices": {"machine": options}}
    with TemporaryDirectory() as folder:
        path = Path(folder, "space.json")
        path.write_text(json.dumps(space), encoding="utf-8")
        start = process_time()
        assert command(["explore", *words, "--space", str(path), "--quiet", "-o", str(Path(folder, "out.txt"))]) == 0
        return process_time() - start


def _paper_space() -> Any:
    """The space of the paper's Table VIII with 64 x 64 PEs: powers of two of sizes and ports, around their budgets."""
    sys.path.insert(0, str(EXAMPLES))
    return import_module("paper_dse").paper_space(64)


def _table_viii() -> float:
    """Seconds for all of its machines that keep the budgets, and what is found in them."""
    import simdc

    space = _paper_space()
    simdc.load("resnet50")
    start = process_time()
    findings = import_module("paper_dse").explore("resnet50", space)
    assert findings.best.values["cycles"] == 3719340
    return process_time() - start


def _product() -> float:
    """Seconds for a million of its machines, budgets or not."""
    import simdc
    from simdc.cost.machines import AnyMachine
    from simdc.cost.workload import Workload
    from simdc.explore.exploration import Exploration, NetworkChoice

    space, network = _paper_space()._replace(constraints=()), simdc.load("resnet50")
    network.workload(space.base, "simdit")

    def workload(machine: AnyMachine) -> Workload:
        return network.workload(machine, "simdit")

    choice = NetworkChoice("resnet50", "inference", workload)
    start = process_time()
    exploration = Exploration(space, [choice], "simdit")
    exploration.run()
    survey = exploration.survey()
    assert survey.values["cycles"].min() < 3719340
    return (process_time() - start) * 1e6 / survey.admitted


ROWS = {
    "batches_100": Row("100 batches of ResNet-50", partial(_batches, "resnet50", range(3, 1000, 10))),
    "batches_1000": Row("1,000 of them", partial(_batches, "resnet50", range(3, 1003)), 1),
    "batches_100_mobile": Row("100 batches of MobileNetV2", partial(_batches, "mobilenet_v2", range(3, 1000, 10))),
    "batches_1000_mobile": Row("1,000 of them", partial(_batches, "mobilenet_v2", range(3, 1003)), 1),
    "batches_training": Row(
        "a training step of MobileNetV2 in one more batch of a sweep", partial(_each, range(3, 1000, 200))
    ),
    "curve": Row("200 lengths of a decode step, 8B Llama", partial(_curve, 40), 0.2),
    "curve_1000": Row("1,000 lengths of it", partial(_curve, 8), 1),
    "explore_batches": Row(
        "`explore`: ResNet-50 in 3 batches on 300 machines", lambda: _explore(["resnet50", "--batch", "1,8,32"], 300)
    ),
    "explore_batches_greedy": Row(
        "the same, greedy tilings",
        lambda: _explore(["resnet50", "--batch", "1,8,32", "--tiling", "greedy"], 300),
    ),
    "explore_many_batches": Row(
        "`explore`: ResNet-50 in 32 batches on 50 machines", lambda: _explore(["resnet50", "--batch", "1:32"], 50)
    ),
    "explore_lengths": Row(
        "`explore`: 64 lengths of a decode step, 8B Llama, on 50 machines",
        lambda: _explore(["llama_8b", "--decode", "--context", "128:8192:128"], 50),
    ),
    "explore_searched": Row(
        "`explore --tiling search`: ResNet-50 on 10 machines",
        lambda: _explore(["resnet50", "--tiling", "search"], 10),
        5,
    ),
    "table_viii": Row("`explore`: the space of the paper's Table VIII, model `simdit`", _table_viii, 2, 2),
    "product": Row("a million machines of its product, budgets or not", _product, 1, 1),
}
