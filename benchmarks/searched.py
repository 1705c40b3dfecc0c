"""What the search for schedules saves: cycles, energy and DRAM traffic over greedy tilings, on all preset machines.

python benchmarks/searched.py            some minutes
"""

from __future__ import annotations

import numpy as np

import simdc
from simdc.cost import ExactModel, energy_of
from simdc.cost.kernel import Contraction
from simdc.cost.search import objective_for, search


def main() -> None:
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


if __name__ == "__main__":
    main()
