"""Random (layer, tiling, loop order, machine) cases on which `exact`, the tile simulator and the event simulator agree.

    python tests/oracles/random_cases.py --cases 100000 --seed 1 --workers 2

Stops at the first difference and prints the smallest case that it can shrink it to, as Python.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from random import Random

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from simdc.backends.simulate import simulate
from simdc.cost import ExactModel, TilingError
from simdc.cost.kernel import Kernel, VectorProgram
from tests.oracles.event_simulator import play
from tests.oracles.random_layers import (
    Case,
    random_contraction,
    random_machine,
    random_tiling,
    with_random_widths,
)
from tests.oracles.random_networks import random_kernels
from tests.oracles.random_programs import random_program
from tests.oracles.shrink import as_python, shrink

MAX_TILES = 160
PLAYED = 10
"""One case of so many is also played by the event simulator."""

CHUNK = 500
EXACT = ExactModel()


def random_cases(seed: int, count: int) -> Iterator[Case]:
    """The same cases for the same seed. Programs that keep sums in vector memory get an order that completes them."""
    random = Random(seed)
    for kernel in islice(_kernels(random), count):
        machine = random_machine(random)
        tiling = random_tiling(random, kernel, random.choice((8, 40, MAX_TILES)))
        while not _completes(kernel, tiling, machine):
            tiling = random_tiling(random, kernel, random.choice((1, 8, 40)))
        yield Case(kernel, tiling, machine)


def _kernels(random: Random) -> Iterator[Kernel]:
    """Drawn layers and the layers of whole networks, in about equal numbers."""
    while True:
        layers = random_kernels(random)
        random.shuffle(layers)
        for kernel in layers:
            yield with_random_widths(random, kernel)
            yield random_contraction(random) if random.random() < 0.6 else random_program(random)


def _completes(kernel: Kernel, tiling: object, machine: object) -> bool:
    """False for the refusals that roomy memories know: an accumulator that never leaves vector memory is left, or a
    loop is cut that must stay whole."""
    if not isinstance(kernel, VectorProgram):
        return True
    try:
        EXACT.evaluate(kernel, tiling, machine)  # pyright: ignore[reportArgumentType]
    except TilingError as error:
        if not any(words in str(error) for words in ("before it is complete", "cannot be cut")):
            raise
        return False
    return True


def differs(case: Case) -> bool:
    """Whether `exact` and the tile simulator answer differently."""
    return EXACT.evaluate(*case) != simulate(*case)


def check(seed: int, count: int) -> tuple[Counter[str], Case | None]:
    """How many cases of each kind agreed, and the first that did not."""
    agreed: Counter[str] = Counter()
    for number, case in enumerate(random_cases(seed, count)):
        if differs(case) or (number % PLAYED == 0 and simulate(*case) != play(*case)):
            return agreed, case
        agreed[case.kernel.kind] += 1
    return agreed, None


def _chunk(task: tuple[int, int]) -> tuple[Counter[str], Case | None]:
    return check(*task)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args(arguments)
    seeds = Random(options.seed)
    sizes = [min(CHUNK, options.cases - done) for done in range(0, options.cases, CHUNK)]
    tasks = [(seeds.getrandbits(48), size) for size in sizes]
    agreed: Counter[str] = Counter()
    started = time.perf_counter()
    with get_context("spawn").Pool(options.workers) as pool:
        for found, bad in pool.imap_unordered(_chunk, tasks):
            agreed.update(found)
            if bad is not None:
                pool.terminate()
                print(as_python(shrink(bad, differs) if differs(bad) else bad))
                print("exact:    ", EXACT.evaluate(*bad), "\nsimulator:", simulate(*bad), "\nevents:   ", play(*bad))
                return 1
            if sys.stderr.isatty():
                print(f"\r{agreed.total():,} of {options.cases:,}", end="", file=sys.stderr)
    seconds = time.perf_counter() - started
    for kind, number in sorted(agreed.items()):
        print(f"{kind:28}{number:>9,}")
    rate = agreed.total() / seconds
    print(f"{agreed.total():,} cases agree on every count and cycle; {seconds:.0f} s, {rate:.0f} cases a second")
    return 0


if __name__ == "__main__":
    sys.exit(main())
