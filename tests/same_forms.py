"""Compares the compiled core, the plain one and the classes of `exact` on random layers, tilings and machines.

    python compile_core.py; python tests/same_forms.py --draws 100000
    python tests/same_forms.py --draws 100000 --climbs 1    default tilings of all layers, not of one in ten

Tight memories refuse some tilings, some numbers go beyond 64 bits, some machines have borders that clip. Exit code 1 at
the first difference.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from random import Random

from simdc.frozen import evolve

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from operator import attrgetter

from simdc.cost import ExactModel, Hardware, Tiling, TilingError, with_field
from simdc.cost.dram import Dram
from simdc.cost.exact import _cost, _tiled  # pyright: ignore[reportPrivateUsage]
from simdc.cost.exact.flat import flat_contraction
from simdc.cost.exact.flat_lanes import flat_program
from simdc.cost.flat import core
from simdc.cost.forms import only
from simdc.cost.greedy import greedy_tiling
from simdc.cost.kernel import ArrayKernel, Contraction, Loop, VectorProgram
from simdc.cost.ladder import ladder_tiling
from simdc.cost.ladder.array import ArrayRungs
from simdc.cost.ladder.climb import cheapest
from simdc.cost.ladder.vectors import VectorRungs
from simdc.cost.layer_costs import LayerCost
from simdc.cost.packed.kernels import packed_kernel
from simdc.cost.packed.machine import kind_of
from simdc.cost.result import Cost
from simdc.cost.rule import GENESYS
from simdc.cost.workload import Workload
from tests.oracles.channels import random_channels, with_channels
from tests.oracles.random_layers import random_contraction, random_machine, random_tiling
from tests.oracles.random_programs import random_program
from tests.oracles.tight_machines import tight_machine

MODEL = ExactModel()
Tiler = Callable[[ArrayKernel, Hardware], Tiling]
Forms = tuple[core.CoreForm | None, ...]
KEPT = (
    *(f"systolic.buffers.{operand}_bits" for operand in ("weight", "ifmap", "psum", "bias")),
    *(f"systolic.bandwidths.{operand}_bits_per_cycle" for operand in ("weight", "ifmap", "psum")),
    *("simd.vmem_bits", "simd.bandwidth_bits_per_cycle", "simd.pipeline_stages", "systolic.tile_overhead_cycles"),
)
"""What a machine may change of what is kept."""
FLOWS = ("weight_stationary", "output_stationary", "input_stationary")


class Classes(ExactModel):
    """Never asks the core."""

    def evaluate(self, kernel: ArrayKernel, tiling: Tiling, hardware: Hardware) -> Cost:
        return _tiled(kernel, tiling, hardware, GENESYS).cost()


def program_drawn(random: Random) -> tuple[VectorProgram, Tiling, Hardware]:
    kernel = random_program(random)
    machine = random_machine(random) if random.random() < 0.7 else tight_machine(random, kernel)
    machine = evolve(machine, stores_padding=random.random() < 0.9)
    tiling = random_tiling(random, kernel, 500)
    if random.random() < 0.2:
        machine = evolve(machine, stores_padding=True)
        grown = {loop: bound * 2 ** random.randrange(18) for loop, bound in kernel.bounds.items()}
        nests = [nest._replace(loops=tuple(Loop(name, grown[name]) for name, _ in nest.loops)) for nest in kernel.nests]
        kernel = kernel._replace(nests=tuple(nests))
    if random.random() < 0.3:
        machine = with_channels(machine, random_channels(random))
    simd = evolve(
        machine.simd,
        issue=random.choice(("interleaved", "fission")),
        double_buffered=random.random() < 0.5,
        tile_overhead_cycles=random.choice((0, 7, 20)),
    )
    return kernel, tiling, evolve(machine, simd=simd)


def drawn(random: Random) -> tuple[Contraction, Tiling, Hardware]:
    # Fewer products than an array makes of it would break a law: `macs` are drawn at random.
    kernel = random_contraction(random)._replace(macs=None)
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


def answer(model: ExactModel, kernel: ArrayKernel, tiling: Tiling, machine: Hardware) -> Cost | str:
    try:
        return model.evaluate(kernel, tiling, machine)
    except TilingError as error:
        return str(error)


def climbs_alike(kernel: VectorProgram, machine: Hardware, forms: Forms) -> bool:
    """Whether the core finds the rung of a program's ladder that the classes find."""
    wanted = VectorRungs(kernel, machine, GENESYS).cheapest()
    for form in forms:
        core.COMPILED = form
        found = ladder_tiling(kernel, machine)
        # Where no rung fits it is the smallest tile.
        if wanted is not None and found != wanted:
            print(f"{found}, not {wanted}: {kernel}, {machine}")
            return False
    return True


def together(layer: Workload, machine: Hardware, tiler: Tiler | None) -> tuple[Tiling, Cost] | str:
    """What a network of one layer costs, asked for as a whole."""
    try:
        priced = layer.price(MODEL, machine, tiler)[0]
    except TilingError as error:
        return str(error)
    assert priced.tiling is not None
    assert priced.cost is not None
    return priced.tiling, priced.cost


def by_classes(kernel: ArrayKernel, machine: Hardware, tiler: Tiler) -> tuple[Tiling, Cost] | str:
    """The same by the classes of `exact` alone."""
    try:
        tiling = tiler(kernel, machine)
        return tiling, _tiled(kernel, tiling, machine, GENESYS).cost()
    except TilingError as error:
        return str(error)


def climbed_by_classes(kernel: ArrayKernel, machine: Hardware) -> Tiling:
    """The default tiling of a ladder that Python makes and of rungs that classes price, first come first served."""
    if isinstance(kernel, VectorProgram):
        found = VectorRungs(kernel, machine, GENESYS).cheapest()
    else:
        rungs = ArrayRungs(kernel, machine, GENESYS)
        rungs._flat = None  # pyright: ignore[reportPrivateUsage]
        found = cheapest(rungs)
    # Where no rung fits it is the smallest tile.
    return ladder_tiling(kernel, machine) if found is None else found


def others_like(random: Random, kernel: ArrayKernel, machine: Hardware) -> list[Hardware]:
    """Machines with the same array but other memories and ports: what was the best rung before is tried first."""
    found: list[Hardware] = []
    for _ in range(2):
        other = random_machine(random) if random.random() < 0.5 else tight_machine(random, kernel)
        parts = {"buffers": other.systolic.buffers, "bandwidths": other.systolic.bandwidths}
        systolic = evolve(machine.systolic, **parts)
        simd = evolve(
            machine.simd,
            vmem_bits=other.simd.vmem_bits,
            bandwidth_bits_per_cycle=other.simd.bandwidth_bits_per_cycle,
        )
        found.append(evolve(machine, systolic=systolic, simd=simd))
    return found


def networks_alike(
    kernel: ArrayKernel,
    machines: Sequence[Hardware],
    forms: tuple[core.CoreForm | None, ...],
    found: Counter[str],
    *,
    climbs: bool,
) -> bool:
    """Whether the core tiles and prices a network of one layer as the classes do, on one machine after the other."""
    tilers: list[tuple[str, Tiler, Tiler | None]] = [("greedy", greedy_tiling, MODEL.greedy)]
    if climbs:
        tilers.append(("default", climbed_by_classes, None))
    layers = [Workload([("layer", only(kernel))]) for _ in forms]
    for machine, (name, tiler, asked) in product(machines, tilers):
        wanted = by_classes(kernel, machine, tiler)
        found[f"{name} tilings {'refused' if isinstance(wanted, str) else 'priced'}"] += 1
        for form, layer in zip(forms, layers, strict=True):
            core.COMPILED = form
            given = together(layer, machine, asked)
            if given != wanted:
                print(f"{name}, {'plain' if form is None else 'compiled'}: {given}, not {wanted}: {kernel}, {machine}")
                return False
    kind = kind_of(machines[0])
    found["networks by the core"] += kind is not None and packed_kernel(kernel, machines[0], kind) is not None
    return True


def next_machine(random: Random, kernel: ArrayKernel, machine: Hardware) -> Hardware:
    """One with other ports and memories: some changed, or all, the memories roomy, small, or as tight as can be."""
    other = random.choice((random_machine(random), tight_machine(random, kernel)))
    roomy = random.random() < 0.3
    for path in KEPT:
        if random.random() < (0.05 if path.endswith(("stages", "cycles")) else 0.4):
            given = (1 << 40) if roomy and path.endswith("_bits") else attrgetter(path)(other)
            machine = with_field(machine, path, given)
    return machine


def kept_alike(random: Random, compiled: core.CoreForm, found: Counter[str]) -> bool:
    """Whether a layer costs on machine after machine what it costs compiled, where nothing is kept."""
    kernel, _, machine = drawn(random) if random.random() < 0.5 else program_drawn(random)
    if max(kernel.bounds.values()) > 200:
        return True
    if random.random() < 0.9:
        # Of other machines the core keeps less, or knows nothing.
        simd = evolve(machine.simd, issue="interleaved", double_buffered=False)
        machine = evolve(machine, stores_padding=True, dram=Dram(), simd=simd)
    kept, tiler = Workload([("layer", only(kernel))]), random.choice((None, None, MODEL.greedy))
    for _ in range(10):
        machine = next_machine(random, kernel, machine)
        answers: list[list[LayerCost] | str] = []
        for form, workload in ((compiled, Workload([("layer", only(kernel))])), (None, kept)):
            core.COMPILED = form
            try:
                answers.append(list(workload.price(MODEL, machine, tiler)))
            except TilingError as error:
                answers.append(str(error))
        found["kept, refused" if isinstance(answers[0], str) else "kept, priced"] += 1
        if answers[0] != answers[1]:
            print(f"kept: {answers[1]}, not {answers[0]}: {kernel}, {machine}")
            return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare both forms of the core with the classes of exact.")
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--kept", type=int, default=0, help="layers, each on ten machines, plain beside compiled")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--climbs", type=int, default=10, metavar="N", help="climb the ladder of one layer in N")
    chosen = parser.parse_args()
    compiled = core.compiled_form()
    if compiled is None:
        print("the core is not compiled: python compile_core.py", file=sys.stderr)
        return 1
    random, found = Random(chosen.seed), Counter[str]()

    def counted(name: str) -> Callable[..., int]:
        def call(*given: object) -> int:
            try:
                return getattr(compiled, name)(*given)
            except OverflowError:
                found["beyond 64 bits"] += 1
                raise

        return call

    calls = ("price", "price_program", "price_network")
    counting = compiled._replace(**{name: counted(name) for name in calls})
    for number in range(chosen.draws):
        case = drawn(random) if number % 2 else program_drawn(random)
        wanted = answer(Classes(), *case)
        for form in (counting, None):
            core.COMPILED = form
            _cost.cache_clear()  # pyright: ignore
            given = answer(MODEL, *case)
            if given != wanted:
                print(f"{'plain' if form is None else 'compiled'}: {given}, not {wanted}: {case}")
                return 1
        found["refused" if isinstance(wanted, str) else "priced"] += 1
        # Pairs of draws: a program, a contraction.
        climbs = number // 2 % chosen.climbs == 0 and max(case[0].bounds.values()) < 100
        machines = [case[2], *others_like(random, case[0], case[2])] if climbs else [case[2]]
        if not networks_alike(case[0], machines, (counting, None), found, climbs=climbs):
            return 1
        if isinstance(case[0], Contraction):
            found["by the core"] += flat_contraction(case[0], case[2], MODEL.rule) is not None
            continue
        found["by the core"] += flat_program(case[0], case[2], MODEL.rule) is not None
        if (
            number % 20 == 0
            and max(case[0].bounds.values()) < 100
            and not climbs_alike(case[0], case[2], (compiled, None))
        ):
            return 1
    for _ in range(chosen.kept):
        if not kept_alike(random, compiled, found):
            return 1
    print(f"{chosen.draws:,} draws, none differs: {', '.join(f'{what} {count:,}' for what, count in found.items())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
