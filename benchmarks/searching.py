"""Rows: the best schedules of a network's layers, and many tilings of one layer at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import process_time
from typing import NamedTuple

from machines import PORTS
from row import Row


class Searched(NamedTuple):
    """A preset, what is changed of it, and seconds that the layers of ResNet-50 may take there together."""

    title: str
    preset: str
    changed: dict[str, object]
    goal: float


SEARCHED = {
    "HI1": Searched("HI1", "HI1", {}, 1),
    "HI2": Searched("HI2", "HI2", {}, 1),
    "HI3": Searched("HI3", "HI3", {}, 1),
    **{
        f"ports{bits}": Searched(f"HI3, all ports {bits} bits a cycle", "HI3", dict.fromkeys(PORTS, bits), 10)
        for bits in (8, 16, 32, 64)
    },
    "odd": Searched(
        "HI3, 48 x 40 PEs, 40 lanes", "HI3", {"systolic.rows": 48, "systolic.columns": 40, "simd.lanes": 40}, 10
    ),
    "clipped": Searched("HI3, borders clipped", "HI3", {"stores_padding": False}, 10),
    "HT1": Searched("training step, HT1", "HT1", {}, 8),
    "HT2": Searched("training step, HT2", "HT2", {}, 8),
    "HT3": Searched("training step, HT3", "HT3", {}, 8),
}
TILINGS = 200_000
LAYERS = ("layer1.0.conv2", "layer2.0.conv3", "layer4.1.conv2")


def _search(name: str, taken: Callable[[list[float]], float]) -> float:
    """What was `taken` of the seconds of each layer."""
    import simdc
    from simdc.cost import with_field
    from simdc.cost.search import objective_for, search

    _, preset, changed, _ = SEARCHED[name]
    hardware = simdc.load_hardware(preset)
    for path, value in changed.items():
        hardware = with_field(hardware, path, value)
    network = simdc.load("resnet50", 32).training_step() if preset.startswith("HT") else simdc.load("resnet50")
    seconds: list[float] = []
    for kernel in network.workload(hardware).kernels:
        start = process_time()
        search(kernel, hardware, objective_for("cycles", kernel, hardware))
        seconds.append(process_time() - start)
    return taken(seconds)


def _tilings(work: str) -> float:
    """Seconds for a million tilings of layers of ResNet-50, in arrays, by a function of `simdc.cost.schedules`."""
    import numpy as np

    import simdc
    from simdc.cost import schedules
    from simdc.cost.tiling import loop_bounds

    hardware, random = simdc.load_hardware("HI3"), np.random.default_rng(1)
    kernels = {layer.name: layer.kernel for layer in simdc.evaluate(simdc.load("resnet50"), hardware)}
    taken = 0.0
    for name in LAYERS:
        bounds = loop_bounds(kernels[name])
        sizes = np.column_stack([random.integers(1, bound + 1, TILINGS) for bound in bounds.values()])
        start = process_time()
        getattr(schedules, work)(kernels[name], list(bounds), sizes, hardware)
        taken += process_time() - start
    return taken * 1e6 / (TILINGS * len(LAYERS))


ROWS = {
    **{
        f"search_{name}": Row(f"search, {searched.title}", partial(_search, name, sum), searched.goal)
        for name, searched in SEARCHED.items()
    },
    **{
        f"slowest_{name}": Row(f"its slowest layer, {searched.title}", partial(_search, name, max), 1)
        for name, searched in SEARCHED.items()
    },
    "bounded": Row("a million tilings of a convolution, bounded", partial(_tilings, "bound_many"), 1, 1),
    "priced": Row("the same, priced exactly", partial(_tilings, "evaluate_many"), 10, 10),
}
