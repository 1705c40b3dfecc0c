"""Speed of the search for schedules and of the batch form, measured here and now, beside their targets.

python benchmarks/search.py            about a minute
python benchmarks/search.py --nets     also cycles, energy and DRAM traffic against greedy, on all preset machines
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np

import simdc
from simdc.cost import ExactModel, energy_of
from simdc.cost.kernel import Contraction
from simdc.cost.schedules import bound_many, evaluate_many
from simdc.cost.search import objective_for, search
from simdc.cost.tiling import loop_bounds

TILINGS = 200_000


def _seconds(work: Callable[[], object], times: int = 3) -> float:
    taken: list[float] = []
    for _ in range(times):
        start = perf_counter()
        work()
        taken.append(perf_counter() - start)
    return median(taken)


def searches() -> None:
    network = simdc.load("resnet50")
    for name in ("HI1", "HI2", "HI3"):
        hardware = simdc.load_hardware(name)
        kernels = network.workload(hardware).kernels
        found = [search(kernel, hardware, objective_for("cycles", kernel, hardware)) for kernel in kernels]
        seconds = _seconds(
            lambda kernels=kernels, machine=hardware: [
                search(kernel, machine, objective_for("cycles", kernel, machine)) for kernel in kernels
            ]
        )
        candidates = sum(one.certificate.candidates for one in found)
        print(
            f"search of all {len(kernels)} distinct layers of ResNet-50 on {name}: "
            f"{seconds:.2f} s (target: at most 2 s), {candidates:.2g} schedules, "
            f"{candidates / seconds:.2g} a second disposed of (target: 1e6)"
        )


def batches() -> None:
    hardware = simdc.load_hardware("HI3")
    layers = {layer.name: layer.kernel for layer in simdc.evaluate(simdc.load("resnet50"), hardware)}
    random = np.random.default_rng(1)
    for name in ("layer1.0.conv2", "layer2.0.conv3", "layer4.1.conv2"):
        bounds = loop_bounds(layers[name])
        sizes = np.column_stack([random.integers(1, bound + 1, TILINGS) for bound in bounds.values()])
        order, kernel = list(bounds), layers[name]
        least = _seconds(lambda k=kernel, o=order, s=sizes: bound_many(k, o, s, hardware))
        exact = _seconds(lambda k=kernel, o=order, s=sizes: evaluate_many(k, o, s, hardware))
        print(
            f"{name}: {TILINGS / least:,.0f} tilings a second with counts and a bound (target: 1,000,000), "
            f"{TILINGS / exact:,.0f} exact (target: 100,000)"
        )


def against_greedy() -> None:
    model = ExactModel()
    print(f"{'network':28} {'machine':8} {'cycles':>8} {'energy':>8} {'DRAM':>8}   searched for cycles, over greedy")
    for net, train, machines in (
        ("resnet18", False, ("HI1", "HI2", "HI3")),
        ("resnet50", False, ("HI1", "HI2", "HI3")),
        ("resnet18", True, ("HT1", "HT2", "HT3")),
        ("resnet50", True, ("HT1", "HT2", "HT3")),
    ):
        network = simdc.load(net, 32).training_step() if train else simdc.load(net)
        for name in machines:
            hardware = simdc.load_hardware(name)
            sums = np.zeros((2, 3))
            for ((_, kernel), *_), _, times in network.workload(hardware).occurrences():
                greedy = model.evaluate(kernel, model.greedy(kernel, hardware), hardware)
                best = search(kernel, hardware, objective_for("cycles", kernel, hardware), even_only=True).cost
                assert best.cycles.total <= greedy.cycles.total
                for row, cost in enumerate((greedy, best)):
                    energy = energy_of(cost, hardware, on_systolic=isinstance(kernel, Contraction)).total
                    sums[row] += times * np.array([cost.cycles.total, energy, cost.dram_bits.total])
            ratios = "".join(f"{ratio:9.4f}" for ratio in sums[1] / sums[0])
            print(f"{net + (', training, batch 32' if train else ''):28} {name:8}{ratios}", flush=True)


def main() -> None:
    parser = ArgumentParser(description="Measure the search for schedules.")
    parser.add_argument("--nets", action="store_true", help="compare with greedy on all preset machines: minutes")
    chosen = parser.parse_args()
    searches()
    batches()
    if chosen.nets:
        against_greedy()


if __name__ == "__main__":
    main()
