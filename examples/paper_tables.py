"""Tables VI and VII of the SimDIT paper: the paper's numbers, `simdit` and `exact` side by side.

    python examples/paper_tables.py               both tables, and where `exact` differs, why
    python examples/paper_tables.py --hw HT3      one machine of them

Inference is of one image, training of 32. Under `simdit` training is the program that the released SimDIT ran
(release_program.py), under `exact` the step that simdc derives from the network. Where a share differs by more than one
percentage point between `exact` and the paper, a second table goes from `simdit` to `exact` in steps that change one
thing each. Every step is computed, so that the steps add up to the whole. Zeros that pad channels and borders are not
among them: these machines store them, and both models count them.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from release_program import Quirks, as_released, release_program
from xdsl.context import Context

import simdc
from simdc.cost import Contraction, ExactModel, Hardware, Kernel, VectorProgram, energy_of, with_field
from simdc.cost.result import Cost, Cycles
from simdc.cost.simdit import systolic, systolic_dims
from simdc.cost.tiling import Tiling, loop_bounds
from simdc.cost.workload import LayerCost
from simdc.frontends.simdit_spec import parse_simdit_spec
from simdc.passes.derive_training import DeriveTrainingPass

BATCH = 32
NETWORKS = {"VI": "resnet50", "VII": "resnet18"}
SHARES = ("runtime", "on-chip", "off-chip", "energy")
HEADS = (*(f"{share} [%]" for share in SHARES), "power [W]", "runtime [s]")
DIGITS = (1, 1, 1, 1, 2, 3)
WORTH_A_REASON_PP = 1.0
WORTH_A_NAME_PP = 0.1
UNLIMITED_BITS = 10**18


class Numbers(NamedTuple):
    """A row of the tables: the share of all that is not convolution in %, average power, runtime."""

    runtime: float
    on_chip: float
    off_chip: float
    energy: float
    power_w: float
    runtime_s: float


PAPER = {
    ("resnet50", "HI1"): Numbers(30.1, 1.9, 38.7, 33.2, 0.46, 0.028),
    ("resnet50", "HI2"): Numbers(41.6, 2.0, 54.4, 40.3, 1.02, 0.010),
    ("resnet50", "HI3"): Numbers(49.3, 1.8, 56.6, 38.2, 2.55, 0.004),
    ("resnet50", "HT1"): Numbers(41.9, 4.1, 44.8, 50.3, 0.63, 6.86),
    ("resnet50", "HT2"): Numbers(56.6, 4.1, 59.3, 52.3, 1.58, 2.54),
    ("resnet50", "HT3"): Numbers(59.5, 2.7, 56.2, 49.4, 3.94, 1.21),
    ("resnet18", "HI1"): Numbers(17.4, 1.2, 31.3, 24.1, 0.36, 0.011),
    ("resnet18", "HI2"): Numbers(24.7, 1.1, 46.0, 26.6, 0.91, 0.004),
    ("resnet18", "HI3"): Numbers(30.0, 0.9, 46.5, 22.0, 2.64, 0.002),
    ("resnet18", "HT1"): Numbers(30.5, 2.7, 41.8, 42.7, 0.57, 2.50),
    ("resnet18", "HT2"): Numbers(41.8, 2.4, 60.0, 40.9, 1.56, 0.91),
    ("resnet18", "HT3"): Numbers(45.4, 1.5, 56.1, 36.9, 4.22, 0.42),
}
MACHINES = ("HI1", "HI2", "HI3", "HT1", "HT2", "HT3")


class Part(NamedTuple):
    """What layers spend, in the order of SHARES: cycles, bits on and off chip, energy."""

    cycles: float = 0.0
    on_chip_bits: float = 0.0
    off_chip_bits: float = 0.0
    energy_pj: float = 0.0

    def plus(self, other: Part) -> Part:
        return Part(*[mine + its for mine, its in zip(self, other, strict=True)])


def total(parts: Iterable[Part]) -> Part:
    found = Part()
    for part in parts:
        found = found.plus(part)
    return found


class Step(NamedTuple):
    """What each kind of layer spends, and the change that led here from the step before."""

    change: str
    conv: dict[str, Part]
    other: dict[str, Part]

    @property
    def kinds(self) -> dict[str, Part]:
        return {**self.conv, **self.other}

    def shares(self) -> list[float]:
        other, both = total(self.other.values()), total(self.kinds.values())
        return [100 * part / whole for part, whole in zip(other, both, strict=True)]

    def megacycles(self) -> tuple[float, float]:
        return total(self.conv.values()).cycles / 1e6, total(self.other.values()).cycles / 1e6

    def numbers(self, hardware: Hardware) -> Numbers:
        both = total(self.kinds.values())
        runtime_s = both.cycles * hardware.clock_ns * 1e-9
        runtime, on_chip, off_chip, energy = self.shares()
        return Numbers(runtime, on_chip, off_chip, energy, both.energy_pj * 1e-12 / runtime_s, runtime_s)


def add_up(change: str, costs: Iterable[tuple[Kernel, Cost | None]], hardware: Hardware) -> Step:
    step = Step(change, {}, {})
    for kernel, cost in costs:
        if cost is not None:
            array = isinstance(kernel, Contraction)
            energy = energy_of(cost, hardware, on_systolic=array).total
            part = Part(cost.cycles.total, cost.sram_bits.total, cost.dram_bits.total, energy)
            sums = step.conv if array else step.other
            sums[kernel.kind] = sums.get(kernel.kind, Part()).plus(part)
    return step


def prices(layers: Iterable[LayerCost]) -> list[tuple[Kernel, Cost | None]]:
    return [(layer.kernel, layer.cost) for layer in layers]


class Both(NamedTuple):
    """A layer that both models price. `as_release` is what `exact` would see at the release's widths."""

    kernel: Kernel
    as_release: Kernel
    release_tiling: Tiling
    simdit: Cost
    exact: Cost


def pair(mine: LayerCost, theirs: LayerCost, hardware: Hardware) -> Both | None:
    if mine.cost is None or theirs.cost is None or theirs.tiling is None:
        return None
    as_release = mine.kernel
    if isinstance(theirs.kernel, VectorProgram):
        # The release reads whatever enters the SIMD array at the width of psums, and finds that of results by order.
        bits = hardware.systolic.widths.psum_bits
        phases = [
            phase._replace(inputs=tuple(each._replace(bits=bits) for each in phase.inputs))
            for phase in theirs.kernel.nests
        ]
        as_release = theirs.kernel._replace(nests=tuple(phases))
    return Both(mine.kernel, as_release, theirs.tiling, theirs.cost, mine.cost)


def without_negative_stalls(both: Both, hardware: Hardware) -> Cost:
    """The release's cost with no stall counted a negative number of times: its first case is all tiles that finish an
    output, less two, less those that begin with a new bias."""
    if not isinstance(both.kernel, Contraction):
        return both.simdit
    array = hardware.systolic
    dims = systolic_dims.read_dims(both.kernel, loop_bounds(both.kernel), array)
    tile = systolic_dims.read_tile(dims, loop_bounds(both.kernel), both.release_tiling.as_dict())
    counts, load = systolic.tile_counts(dims, tile, False), systolic.tile_transfers(tile, array)
    only_store = counts.finished - 2 * counts.unit - (counts.bias_loads - counts.unit)
    exposed = max(0, load.ifmap - systolic.tile_cycles(tile, array), load.psum - systolic.tile_cycles(tile, array))
    compute, stall = both.simdit.cycles
    return both.simdit._replace(cycles=Cycles(compute, stall - min(0, only_store) * exposed / counts.unit))


def to_exact(network: simdc.Network, hardware: Hardware) -> Iterator[Step]:
    """From `simdit` to `exact` on one network."""
    model, roomy = ExactModel(), with_field(hardware, "simd.vmem_bits", UNLIMITED_BITS)
    mine = network.workload(hardware).price(model, hardware, model.greedy)
    theirs = simdc.evaluate(network, hardware, "simdit")
    yield add_up("simdc's own step, whose order gives the release other widths", prices(theirs), hardware)
    pairs = [pair(one, other, hardware) for one, other in zip(mine, theirs, strict=True)]
    known = [both for both in pairs if both is not None]
    costs = [(both.kernel, without_negative_stalls(both, hardware)) for both in known]
    yield add_up("no stall counted a negative number of times", costs, hardware)
    # The release fits tiles into two vector memories by its own rules: here only what they cost counts.
    costs = [(both.kernel, model.evaluate(both.as_release, both.release_tiling, roomy)) for both in known]
    yield add_up("whole tiles and all that they move, at the release's widths", costs, hardware)
    costs = [
        (both.kernel, model.evaluate(both.as_release, model.greedy(both.as_release, hardware), hardware))
        for both in known
    ]
    yield add_up("tiles that share the whole vector memory", costs, hardware)
    yield add_up(
        "tensors read at the width they were stored at", [(both.kernel, both.exact) for both in known], hardware
    )
    yield add_up("loss and running statistics, which the release lacks", prices(mine), hardware)


def inference_steps(name: str, hardware: Hardware) -> list[Step]:
    first, *steps = to_exact(simdc.load(name, 1), hardware)
    return [first._replace(change="simdit"), *steps]


def training_steps(name: str, hardware: Hardware) -> list[Step]:
    corrections = {
        "simdit": as_released(name),
        "gradients of as many pooling windows as there are": Quirks(),
        "weight gradients at stride 2 as large as the kernel": Quirks(strided_sizes=False),
        "no gradient of the images": Quirks(strided_sizes=False, first_input=False),
    }
    steps: list[Step] = []
    for change, quirks in corrections.items():
        module = parse_simdit_spec(release_program(name, quirks), name, BATCH, given_tilings=False)
        layers = simdc.evaluate(simdc.Network(module), hardware, "simdit")
        steps.append(add_up(change, prices(layers), hardware))
    module = simdc.load(name, BATCH).module
    DeriveTrainingPass().apply(Context(), module)
    return [*steps, *to_exact(simdc.Network(module), hardware)]


def steps_of(name: str, hardware: Hardware) -> list[Step]:
    """From the first, which is `simdit`, to the last, which is `exact`."""
    return (training_steps if hardware.name.startswith("HT") else inference_steps)(name, hardware)


def table(rows: Iterable[tuple[str, Numbers, Numbers, Numbers]]) -> Iterator[str]:
    yield (" " * 4 + "".join(f"{head:^21}" for head in HEADS)).rstrip()
    yield " " * 4 + "  paper simdit  exact" * len(HEADS)
    for name, paper, simdit, exact in rows:
        columns = zip(paper, simdit, exact, DIGITS, strict=True)
        yield f"{name:4}" + "".join(f"{value:7.{digits}f}" for *cell, digits in columns for value in cell)


def reasons(steps: list[Step], chosen: list[int]) -> Iterator[str]:
    """The way from `simdit` to `exact`. Below a step, the layers that it changed most, for each share that moved."""

    def line(text: str, megacycles: tuple[float, float], points: list[float], sign: str) -> str:
        cells = "".join(f"{cycles:{sign}12,.3f}" for cycles in megacycles)
        return f"  {text:62}{cells}" + "".join(f"{points[i]:{sign}10.2f}" for i in chosen)

    yield f"  {'':62}{'conv':>12}{'other':>12}" + "".join(f"{SHARES[i]:>10}" for i in chosen)
    yield line("simdit", steps[0].megacycles(), steps[0].shares(), "")
    for before, after in pairwise(steps):
        if before.conv == after.conv and before.other == after.other:
            continue
        points = [now - then for now, then in zip(after.shares(), before.shares(), strict=True)]
        megacycles = [now - then for now, then in zip(after.megacycles(), before.megacycles(), strict=True)]
        yield line(after.change, (megacycles[0], megacycles[1]), points, "+")
        for i in chosen:
            if abs(points[i]) >= WORTH_A_NAME_PP:
                yield f"      {SHARES[i]}: {', '.join(largest_changes(before, after, i))}"
    yield line("exact", steps[-1].megacycles(), steps[-1].shares(), "")


def largest_changes(before: Step, after: Step, share: int) -> list[str]:
    """The kinds of layers whose spending changed most, with the change in percent of what they spent."""
    old, new = before.kinds, after.kinds
    change = {kind: new.get(kind, Part())[share] - old.get(kind, Part())[share] for kind in {**old, **new}}
    most = sorted(change, key=lambda kind: -abs(change[kind]))
    named = [kind for kind in most[:3] if abs(change[kind]) > 0.1 * abs(change[most[0]])]
    return [
        f"{kind} {100 * change[kind] / old[kind][share]:+.1f} %" if kind in old else f"{kind} new" for kind in named
    ]


def main() -> None:
    parser = ArgumentParser(description="Tables VI and VII of the SimDIT paper.")
    parser.add_argument("--hw", action="append", choices=MACHINES, help="machine (default: all six)")
    machines = [simdc.load_hardware(name) for name in parser.parse_args().hw or MACHINES]
    for number, name in NETWORKS.items():
        results = [(hardware, PAPER[name, hardware.name], steps_of(name, hardware)) for hardware in machines]
        print(f"Table {number}: {name}. Shares of all that is not convolution, power and runtime")
        rows = [
            (hardware.name, paper, steps[0].numbers(hardware), steps[-1].numbers(hardware))
            for hardware, paper, steps in results
        ]
        print("\n".join(table(rows)), end="\n\n")
        for hardware, paper, steps in results:
            exact = steps[-1].shares()
            chosen = [i for i in range(len(SHARES)) if abs(exact[i] - paper[i]) > WORTH_A_REASON_PP]
            if chosen:
                print(
                    f"{name} on {hardware.name}: from simdit to exact, in Mcycle of conv and other layers and in points"
                )
                print("\n".join(reasons(steps, chosen)), end="\n\n")


if __name__ == "__main__":
    main()
