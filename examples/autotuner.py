"""An auto-tuner in a few lines: random search over the tilings of a layer, judged a hundred thousand at a time.

`evaluate_many` takes an array of tile sizes and gives arrays of costs, so a tuner needs no loop in Python. The branch
and bound of `simdc.cost.search` finds the best schedule of the same layer.

    python examples/autotuner.py
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

import simdc
from simdc.cost import ExactModel
from simdc.cost.schedules import evaluate_many
from simdc.cost.search import objective_for, search
from simdc.cost.tiling import loop_bounds

LAYER, MACHINE, TILINGS, SEED = "layer4.1.conv2", "HI3", 100_000, 1


def main() -> None:
    hardware, network = simdc.load_hardware(MACHINE), simdc.load("resnet50")
    kernel = next(layer.kernel for layer in simdc.evaluate(network, hardware) if layer.name == LAYER)
    bounds = loop_bounds(kernel)

    # Logarithmic steps: small tiles and large ones are tried alike.
    random = np.random.default_rng(SEED)
    order = tuple(bounds)
    sizes = np.column_stack([np.exp(random.uniform(0, np.log(bounds[loop] + 1), TILINGS)) for loop in order])
    start = perf_counter()
    legal, cost = evaluate_many(kernel, order, np.maximum(sizes.astype(np.int64), 1), hardware)
    seconds = perf_counter() - start
    best = np.where(legal, cost.cycles.total, np.iinfo(np.int64).max).argmin()

    found = search(kernel, hardware, objective_for("cycles", kernel, hardware))
    model = ExactModel()
    greedy = model.evaluate(kernel, model.greedy(kernel, hardware), hardware)
    print(f"{LAYER} on {MACHINE}: {', '.join(f'{loop} {bound}' for loop, bound in bounds.items())}")
    print(f"{'greedy':28} {greedy.cycles.total:>12,} cycles")
    print(f"{'best of ' + format(TILINGS, ',') + ' random':28} {cost.cycles.total[best]:>12,} cycles")
    print(f"{'branch and bound':28} {found.cost.cycles.total:>12,} cycles")
    print(f"{legal.mean():.0%} of the random tilings fit; {TILINGS / seconds:,.0f} a second")


if __name__ == "__main__":
    main()
