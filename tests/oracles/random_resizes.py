"""Random resizes and their gradients under `exact` and the tile simulator. The whole campaign:

python -m tests.oracles.random_resizes --cases 2000
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from random import Random

from simdc.backends.simulate import simulate
from simdc.cost import ExactModel, TilingError
from simdc.cost.kernel import VectorProgram
from simdc.ir.ops.resize import ResizeGradOp, ResizeOp
from simdc.ir.sampling import COORDINATES, MODES, ROUNDINGS
from tests.ir.tensors import tensor
from tests.oracles.random_layers import Case, random_tiling, with_random_widths
from tests.oracles.tight_machines import tight_machine

EXACT = ExactModel()
MAX_TILES = 24
"""Of the phase that all loops meet in; a resize has up to a hundred phases."""


def random_resize(random: Random) -> VectorProgram:
    """Every size, word and width on its own. Half of the images are so large that rows come first, columns after."""

    def size() -> int:
        return random.randint(1, random.choice((6, 20, 60)))

    image = tensor(random.randint(1, 3), random.randint(1, 9), size(), size())
    target = [size(), size()]
    if random.random() < 0.2:
        target = [side * random.randint(1, 3) for side in image.type.get_shape()[2:]]
    mode, coordinates, rounding = (random.choice(tuple(words)) for words in (MODES, COORDINATES, ROUNDINGS))
    op = ResizeOp("resize", image, size=target, mode=mode, coordinates=coordinates, rounding=rounding)
    kernel = (op if random.random() < 0.6 else ResizeGradOp.of("back", op, op.result)).kernel()
    return with_random_widths(random, kernel)


def resize_cases(random: Random, count: int) -> Iterator[Case]:
    """Each with a machine of its own and a greedy or random tiling; what does not fit the machine is drawn again."""
    while count:
        kernel = random_resize(random)
        machine = tight_machine(random, kernel)
        greedy = random.random() < 0.3
        tiling = EXACT.greedy(kernel, machine) if greedy else random_tiling(random, kernel, MAX_TILES)
        case = Case(kernel, tiling, machine)
        try:
            EXACT.evaluate(*case)
        except TilingError:
            continue
        count -= 1
        yield case


def check(seed: int, count: int) -> tuple[Counter[str], list[Case]]:
    """How many of each kind there were, those that walk rows and columns apart counted once more, and the cases in
    which any field of the cost differs from the simulator's."""
    drawn: Counter[str] = Counter()
    wrong: list[Case] = []
    for case in resize_cases(Random(seed), count):
        program = case.kernel
        drawn[program.kind] += 1
        drawn["in two walks"] += any(o.name == "resized_rows" for phase in program.nests for o in phase.outputs)
        if EXACT.evaluate(*case) != simulate(*case):
            wrong.append(case)
    return drawn, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    drawn, wrong = check(options.seed, options.cases)
    print(f"{dict(drawn)}: exact and the simulator differ in {len(wrong)}")
    for case in wrong[:3]:
        print(case, EXACT.evaluate(*case), simulate(*case), sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
