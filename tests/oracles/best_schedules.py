"""The search for schedules against every schedule there is, on random small layers and tight machines.

    python tests/oracles/best_schedules.py --cases 300 --seed 1 --workers 2

Each schedule is priced by `ExactModel` alone, one after the other. For every objective the search must find the least,
prove it, and, stopped early, give a bound that does not lie above it. Prints the first layer on which it does not.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import permutations, product
from math import factorial, inf, prod
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from simdc.choices import OBJECTIVES
from simdc.cost import Cost, ExactModel, Hardware, Kernel, Tiling, TilingError, energy_of
from simdc.cost.hardware import Prices, SramPrices
from simdc.cost.kernel import Contraction
from simdc.cost.search import objective_for, search
from simdc.cost.tiling import loop_bounds
from simdc.frozen import evolve
from tests.oracles.random_layers import random_contraction
from tests.oracles.random_programs import random_program
from tests.oracles.tight_machines import tight_machine

EXACT = ExactModel()
FEWEST, MOST = 20, 4_000
"""Schedules of a layer that are worth pricing one and all."""

KINDS = ("conv2d", "random pool", "linear", "random scatter", "conv2d", "random reduction", "matmul", "random phases")
KINDS = (*KINDS, "conv2d", "random element-wise", "random rows")
FEW_STEPS = 3_000
"""So few that most searches end before they have proven anything."""
CLOSE = 1e-12
"""Of energies: they are sums of floats, added up in another order in a bound."""

Least = dict[str, float]


class Layer(NamedTuple):
    kernel: Kernel
    machine: Hardware


def random_layers(seed: int, count: int) -> Iterator[Layer]:
    """Contractions and programs in turn, on machines whose ports, widths, memories and prices are drawn each apart."""
    random = Random(seed)
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        draw = random_program if kind.startswith("random") else random_contraction
        kernel = draw(random)
        while kernel.kind != kind or not FEWEST <= schedules(kernel) <= MOST:
            kernel = draw(random)
        yield Layer(kernel, evolve(tight_machine(random, kernel), prices=random_prices(random)))


def random_prices(random: Random) -> Prices:
    """Each price is nothing now and then."""

    def price(most: float) -> float:
        return random.choice((0.0, random.random() * most, random.random() * most))

    sram = SramPrices(*(price(0.1) for _ in range(7)))
    return Prices("drawn", price(5.0), price(5.0), price(20.0), sram, price(0.1), price(0.1))


def schedules(kernel: Kernel) -> int:
    """How many differ: a loop of one iteration has one size, and it does not matter where it stands."""
    bounds = [bound for bound in loop_bounds(kernel).values() if bound > 1]
    return prod(bounds) * factorial(len(bounds))


def all_costs(kernel: Kernel, machine: Hardware, model: ExactModel = EXACT) -> Iterator[Cost]:
    """Of every schedule that the machine can run."""
    bounds = loop_bounds(kernel)
    still = tuple(loop for loop, bound in bounds.items() if bound == 1)
    for order in permutations([loop for loop in bounds if loop not in still]):
        for sizes in product(*(range(1, bounds[loop] + 1) for loop in order)):
            try:
                yield model.evaluate(kernel, Tiling((*still, *order), (1,) * len(still) + sizes), machine)
            except TilingError:
                continue


def least_of_all(kernel: Kernel, machine: Hardware, model: ExactModel = EXACT) -> Least:
    """By objective, infinite where nothing fits."""
    on_systolic = isinstance(kernel, Contraction)
    least = dict.fromkeys(OBJECTIVES, inf)
    for cost in all_costs(kernel, machine, model):
        cycles, energy = cost.cycles.compute + cost.cycles.stall, energy_of(cost, machine, on_systolic=on_systolic)
        found = {"cycles": cycles, "energy": energy.total, "dram": sum(cost.dram_bits), "edp": energy.total * cycles}
        for name, value in found.items():
            least[name] = min(least[name], value)
    return least


def complaint(kernel: Kernel, machine: Hardware, least_by_name: Least, model: ExactModel = EXACT) -> str | None:
    """What is wrong with the search of a layer, if anything is."""
    for name, least in least_by_name.items():
        objective = objective_for(name, kernel, machine)
        for steps in (inf, FEW_STEPS):
            try:
                tiling, cost, proof = search(kernel, machine, objective, steps, rule=model.rule)
            except TilingError as error:
                if least < inf and steps == inf:
                    return f"{name}: refused ({error}), but there is a schedule of {least}"
                continue
            if cost != model.evaluate(kernel, tiling, machine) or proof.best != objective(cost):
                return f"{name}: the cost of {tiling} is not what the search says"
            if proof.bound > least * (1 + CLOSE):
                return (
                    f"{name}, {steps} steps: no schedule is said to have less than {proof.bound}, but one has {least}"
                )
            if steps == inf and not least <= proof.best <= least * (1 + CLOSE):
                return f"{name}: the best is said to be {proof.best}, but it is {least}"
            if (proof.proven == "all") != (proof.bound == proof.best) or (steps == inf and proof.proven != "all"):
                return f"{name}, {steps} steps: {proof} is not consistent, or not proven"
    return None


def check(seed: int, count: int) -> tuple[Counter[str], str | None]:
    """How many layers of each kind came out right, and what is wrong with the first that did not."""
    right: Counter[str] = Counter()
    for kernel, machine in random_layers(seed, count):
        wrong = complaint(kernel, machine, least_of_all(kernel, machine))
        if wrong is not None:
            return right, f"{wrong}\n{kernel}\n{machine}"
        right[kernel.kind] += 1
    return right, None


def _chunk(task: tuple[int, int]) -> tuple[Counter[str], str | None]:
    return check(*task)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args(arguments)
    chunk, seeds = len(KINDS), Random(options.seed)
    tasks = [(seeds.getrandbits(48), min(chunk, options.cases - done)) for done in range(0, options.cases, chunk)]
    right: Counter[str] = Counter()
    with get_context("spawn").Pool(options.workers) as pool:
        for found, wrong in pool.imap_unordered(_chunk, tasks):
            right.update(found)
            if wrong is not None:
                pool.terminate()
                print(wrong)
                return 1
    for kind, number in sorted(right.items()):
        print(f"{kind:28}{number:>9,}")
    print(f"{right.total():,} layers: the search finds and proves the best schedule of all, for every objective")
    return 0


if __name__ == "__main__":
    sys.exit(main())
