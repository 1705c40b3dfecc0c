"""Rows: a network that was priced before is priced again, on other machines."""

from __future__ import annotations

from functools import partial
from random import Random
from statistics import median
from time import process_time
from typing import Any

from machines import ARRAYS, EVERY, MEMORIES, one_changed, unrelated
from row import Row


def _again(network: Any, base: Any, tiling: str, fields: tuple[str, ...], model_name: str) -> float:
    """Seconds to price a network once more on a machine with one field changed."""
    from simdc.cost.model_table import load_model

    model, random = load_model(model_name), Random(0)
    machines = [one_changed(base, random, fields) for _ in range(40)]
    tiler = model.greedy if tiling == "greedy" else None
    network.workload(base, model_name).price(model, base, tiler)
    taken: list[float] = []
    for machine in machines:
        start = process_time()
        network.workload(machine, model_name).price(model, machine, tiler)
        taken.append(process_time() - start)
    return median(taken)


def _inference(tiling: str = "default", fields: tuple[str, ...] = EVERY, model: str = "exact") -> float:
    import simdc

    return _again(simdc.load("resnet50"), simdc.load_hardware("HI3"), tiling, fields, model)


def _training(tiling: str = "default", model: str = "exact") -> float:
    import simdc

    step = simdc.load("resnet50", 32).training_step()
    return _again(step, simdc.load_hardware("HT3"), tiling, EVERY, model)


def _machines(tiling: str) -> float:
    """Seconds a machine, of machines with nothing in common."""
    import simdc
    from simdc.cost import ExactModel

    model, base = ExactModel(), simdc.load_hardware("HI3")
    workload, machines = simdc.load("resnet50").workload(base), unrelated(base, Random(1), 30)
    workload.price(model, base)
    start = process_time()
    for machine in machines:
        workload.price(model, machine, model.greedy if tiling == "greedy" else None)
    return (process_time() - start) / len(machines)


ROWS = {
    "again": Row("ResNet-50 again, any field changed", _inference, 0.2e-3, 5e-3),
    "memories": Row("the same, a memory changed", lambda: _inference(fields=MEMORIES), 0.2e-3, 5e-3),
    "arrays": Row("the same, rows, columns or lanes changed", lambda: _inference(fields=ARRAYS)),
    "greedy": Row("the same, any field, greedy tilings", lambda: _inference("greedy"), 0.2e-3, 5e-3),
    "simdit": Row("the same, model `simdit`", lambda: _inference(model="simdit"), 2e-3, 2e-3),
    "training": Row("its training step, batch 32, any field changed", _training, 1e-3, 25e-3),
    "training_greedy": Row("the same, greedy tilings", lambda: _training("greedy"), 1e-3, 25e-3),
    "training_simdit": Row("the same, model `simdit`", lambda: _training(model="simdit")),
    "machines": Row("ResNet-50 on machines with nothing in common, each", partial(_machines, "default")),
    "machines_greedy": Row(
        "machines with nothing in common, greedy tilings, each", partial(_machines, "greedy"), 1 / 15_000, 1 / 500
    ),
}
