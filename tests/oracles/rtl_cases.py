"""Random schedules that the RTL has hardware for, on the RTL: whole numbers, every count and every result.

    python -m tests.oracles.rtl_cases --schedules 10000 --seed 1

Prints how many were played and the first that differ.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from simdc.backends.rtl import VERILOG, Played, RtlCase, Unplayable, play
from simdc.cost import ExactModel, TilingError
from simdc.cost.hardware import Bandwidths, Hardware
from simdc.cost.kernel import Affine, Contraction, Kernel, Loop, Operand, VectorProgram, affine
from simdc.frozen import evolve
from tests.oracles.random_layers import random_machine, random_tiling, window, with_random_widths
from tests.oracles.random_networks import random_kernels
from tests.oracles.random_programs import random_program

WIDTHS = (4, 8, 16, 32)
SUM_WIDTHS = (8, 16, 32)
EXACT = ExactModel()
BUNDLE = 250


def random_rtl_contraction(random: Random) -> Contraction:
    """A convolution with groups, a batch, strides, dilations and padding; a volume; or a product of stacks."""
    sizes = {
        "g": random.choice((1, 1, 2, 3)),
        "oc": random.randint(1, 11),
        "ic": random.randint(1, 11),
        "n": random.randint(1, 3),
    }
    image: dict[str, tuple[str, str]] = {"oh": ("kh", "h"), "ow": ("kw", "w"), "od": ("kd", "d")}
    outs = random.choice((("oh", "ow"), ("oh", "ow"), ("oh", "ow"), ("ow",), (), ("od", "oh", "ow")))
    index: list[Affine] = []
    extents: list[int] = []
    for out in outs:
        tap = image[out][0]
        bounds = window(random, out, tap)
        if len(outs) == 3:
            bounds = (min(bounds[0], 3), min(bounds[1], 2), *bounds[2:])
        sizes[out], sizes[tap], extent, expression = bounds
        index.append(expression)
        extents.append(extent)
    taps = [image[out][0] for out in outs]
    stacked = random.random() < 0.3  # a product of stacks: other weights for each image
    names = [loop for loop in ("g", "oc", "ic", *taps, "n", *outs) if loop in sizes]

    def over(name: str, widths: Sequence[int], loops: Sequence[str]) -> Operand:
        order = list(loops)
        random.shuffle(order)
        shape = tuple(sizes[loop] for loop in order)
        return Operand(name, random.choice(widths), shape, tuple(map(affine, order)))

    channels = over("ifmap", WIDTHS, ["n", "g", "ic"])
    return Contraction(
        "random",
        tuple(Loop(loop, sizes[loop]) for loop in names),
        channels._replace(shape=(*channels.shape, *extents), index=(*channels.index, *index)),
        over("weight", WIDTHS, ["g", "oc", "ic", *taps, *(["n"] if stacked else [])]),
        over("psum", SUM_WIDTHS, ["g", "oc", "n", *outs]),
        random.choice(WIDTHS),
        over("bias", WIDTHS, ["g", "oc"]) if random.random() < 0.5 else None,
    )


def random_rtl_machine(random: Random) -> Hardware:
    """As many PEs as the RTL is built with, or fewer; ports of any width up to its own."""

    def port() -> int:
        return random.choice(
            (random.randint(1, 12), random.randint(1, 100), random.randint(1, 512), 8 << random.randint(0, 6))
        )

    machine = random_machine(random)
    array = evolve(
        machine.systolic,
        rows=random.randint(1, 6),
        columns=random.randint(1, 6),
        bandwidths=Bandwidths(port(), port(), port()),
        weight_load=random.choice(("resident", "resident", "hidden", "exposed")),
        tile_overhead_cycles=random.choice((0, 0, 1, random.randint(2, 9))),
    )
    return evolve(machine, systolic=array)


def random_rtl_program(random: Random, kernel: VectorProgram) -> RtlCase | None:
    """The program on up to 6 lanes, in a schedule that `exact` does not refuse; None where none of ten is."""
    machine = random_machine(random)
    simd = evolve(
        machine.simd,
        lanes=random.randint(1, 6),
        bandwidth_bits_per_cycle=random.choice(
            (random.randint(1, 40), random.randint(1, 127), 1 << random.randint(0, 6))
        ),
        pipeline_stages=6,
        raw_wait_cycles=random.choice((1, 2, 2, 3)),
    )
    machine = evolve(machine, simd=simd)
    for most in (40, 40, 12, 12, 12, 4, 4, 4, 1, 1):
        tiling = random_tiling(random, kernel, most)
        try:
            EXACT.evaluate(kernel, tiling, machine)
        except TilingError:
            continue
        return RtlCase(kernel, tiling, machine)
    return None


def _with_widths(random: Random, program: VectorProgram) -> VectorProgram:
    drawn = with_random_widths(random, program)
    assert isinstance(drawn, VectorProgram)
    return drawn


def random_rtl_cases(seed: int) -> Iterator[RtlCase]:
    """Contractions and vector programs, drawn ones and those of the layers of networks, in turn."""
    random = Random(seed)
    layers = iter(list[Kernel]())
    while True:
        program: Kernel | None = random_program(random) if random.random() < 0.5 else next(layers, None)
        if program is None:
            layers = iter(random_kernels(random))
        if isinstance(program, VectorProgram):
            case = random_rtl_program(random, _with_widths(random, program))
            if case is not None:
                yield case
        kernel = random_rtl_contraction(random)
        tiling = random_tiling(random, kernel, random.choice((6, 20, 60)))
        yield RtlCase(kernel, tiling, random_rtl_machine(random))


def play_random(count: int, seed: int, sources: Path = VERILOG) -> Iterator[tuple[RtlCase, Played]]:
    """So many schedules that the RTL has hardware for; others are drawn anew."""
    cases = random_rtl_cases(seed)
    played = 0
    while played < count:
        bundle = [next(cases) for _ in range(min(BUNDLE, count - played + 10))]
        for case, one in zip(bundle, play(bundle, EXACT, seed + played, sources), strict=True):
            if not isinstance(one, Unplayable) and played < count:
                played += 1
                yield case, one


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    total: Counter[str] = Counter()
    for case, played in play_random(options.schedules, options.seed):
        total[type(case.kernel).__name__] += 1
        total.update(schedules=1, tiles=played.tiles, cycles=played.cycles, results=played.elements)
        if played.differences:
            total["off"] += 1
            if total["off"] <= 3:
                print(case, *played.differences, sep="\n  ")
    numbers = ", ".join(
        f"{total[name]:,} {name}"
        for name in ("schedules", "Contraction", "VectorProgram", "tiles", "cycles", "results", "off")
    )
    print(f"{numbers}; {time.perf_counter() - started:.0f} s")
    return 1 if total["off"] else 0


if __name__ == "__main__":
    sys.exit(main())
