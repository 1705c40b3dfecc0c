"""Compares the compiled core, the plain one and the classes of `exact` on random contractions, tilings and machines.

    python compile_core.py; python tests/same_forms.py --draws 100000

Tight memories refuse some tilings, some numbers go beyond 64 bits, some machines have borders that clip. Exit code 1 at
the first difference.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from random import Random

from attrs import evolve

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from simdc.cost import ExactModel, Hardware, Tiling, TilingError
from simdc.cost.exact import _cost, _tiled  # pyright: ignore[reportPrivateUsage]
from simdc.cost.exact.flat import flat_contraction
from simdc.cost.flat import core
from simdc.cost.kernel import Contraction, Loop
from simdc.cost.result import Cost
from simdc.cost.rule import GENESYS
from tests.oracles.channels import random_channels, with_channels
from tests.oracles.random_layers import random_contraction, random_machine, random_tiling
from tests.oracles.tight_machines import tight_machine

MODEL = ExactModel()
FLOWS = ("weight_stationary", "output_stationary", "input_stationary")


class Classes(ExactModel):
    """Never asks the core."""

    def evaluate(self, kernel: Contraction, tiling: Tiling, hardware: Hardware) -> Cost:
        return _tiled(kernel, tiling, hardware, GENESYS).cost()


def drawn(random: Random) -> tuple[Contraction, Tiling, Hardware]:
    kernel = random_contraction(random)
    machine = random_machine(random) if random.random() < 0.7 else tight_machine(random, kernel)
    machine = evolve(machine, stores_padding=random.random() < 0.85)
    tiling = random_tiling(random, kernel, 500)
    if random.random() < 0.2:
        machine = evolve(machine, stores_padding=True)
        grown = (Loop(loop.name, loop.bound * 2 ** random.randrange(18)) for loop in kernel.loops)
        kernel = kernel._replace(loops=tuple(grown))
    if random.random() < 0.3:
        machine = with_channels(machine, random_channels(random))
    systolic = evolve(machine.systolic, dataflow=random.choice(FLOWS), tile_overhead_cycles=random.randrange(3))
    return kernel, tiling, evolve(machine, systolic=systolic)


def answer(model: ExactModel, kernel: Contraction, tiling: Tiling, machine: Hardware) -> Cost | str:
    try:
        return model.evaluate(kernel, tiling, machine)
    except TilingError as error:
        return str(error)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare both forms of the core with the classes of exact.")
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    compiled = core.compiled_form()
    if compiled is None:
        print("the core is not compiled: python compile_core.py", file=sys.stderr)
        return 1
    random, found = Random(chosen.seed), Counter[str]()

    def counted(*given: list[int]) -> int:
        try:
            return compiled.price(*given)  # pyright: ignore
        except OverflowError:
            found["beyond 64 bits"] += 1
            raise

    for _ in range(chosen.draws):
        case = drawn(random)
        wanted = answer(Classes(), *case)
        for form in (compiled._replace(price=counted), None):
            core.COMPILED = form
            _cost.cache_clear()  # pyright: ignore
            given = answer(MODEL, *case)
            if given != wanted:
                print(f"{'plain' if form is None else 'compiled'}: {given}, not {wanted}: {case}")
                return 1
        found["refused" if isinstance(wanted, str) else "priced"] += 1
        found["by the core"] += flat_contraction(case[0], case[2], MODEL.rule) is not None
    print(f"{chosen.draws:,} draws, none differs: {', '.join(f'{what} {count:,}' for what, count in found.items())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
