"""Tables VIII, IX and X and Figs. 11 and 12 of the SimDIT paper: its design space exploration, beside its numbers.

    python examples/paper_dse.py                     by the released program's model and tilings, which the paper used
    python examples/paper_dse.py --plots figures     draws Figs. 11 and 12 as well (needs matplotlib)
    python examples/paper_dse.py --model exact --array 64 --workers 2      the same questions to another model

The paper says that sizes and bandwidths vary around a budget. What gives its numbers are all powers of two, sizes from
what the release demands, bandwidths from one element a cycle, such that four sizes and four bandwidths each add up to
0.85 to 1.0 times their budget.
"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NamedTuple

import simdc
from simdc.cost import with_field
from simdc.cost.machines import AnyMachine
from simdc.cost.workload import Workload
from simdc.explore.exploration import Exploration, NetworkChoice
from simdc.explore.findings import Findings, find
from simdc.explore.plots import draw
from simdc.explore.space import Economy, Space
from simdc.explore.space_file import read_space
from simdc.frontends.dsl import parse_dsl
from simdc.workers import local

KIB = 8192
WEIGHT_BITS = IFMAP_BITS = 8
PSUM_BITS = 32
SIZES = ("systolic.buffers.weight_bits", "systolic.buffers.ifmap_bits", "systolic.buffers.psum_bits", "simd.vmem_bits")
PORTS = (
    "systolic.bandwidths.weight_bits_per_cycle",
    "systolic.bandwidths.ifmap_bits_per_cycle",
    "systolic.bandwidths.psum_bits_per_cycle",
    "simd.bandwidth_bits_per_cycle",
)
LETTERS = ("W", "I", "O", "V")
NEAR_BEST = 0.15

Allocation = tuple[int, int, int, int, int, int, int, int]
"""KiB of the buffers for weights, ifmap and psums and of the vector memory, then bits per cycle of their ports."""


class Best(NamedTuple):
    allocation: Allocation
    worst_over_best: float


TABLE_VIII = {
    16: Best((128, 256, 64, 64, 64, 64, 128, 256), 9.64),
    32: Best((256, 256, 128, 256, 128, 128, 256, 512), 14.45),
    64: Best((256, 512, 256, 1024, 256, 256, 512, 1024), 18.43),
    128: Best((512, 512, 512, 2048, 512, 512, 1024, 2048), 25.55),
}
"""ResNet-50, one image, by the side of the array. The budgets are 32 KiB and 32 bits per cycle for each row."""
TABLE_IX = {"vgg16": 19.94}
"""Worst over best on 64 x 64, as far as the paper's text has it."""
TABLE_X = {
    "SRAM": Best((128, 128, 128, 64, 256, 256, 512, 1024), 13.1),
    "bandwidth": Best((256, 256, 256, 256, 256, 256, 256, 1024), 14.6),
}
"""Least SRAM and least bandwidth on 64 x 64, with the cycles that they cost in %."""
FIG_12 = {"I": (32, 1.23), "port I": (8, 11.4)}
"""Ifmap buffer of 32 KiB, ifmap port of 8 bits per cycle: times the best."""

ALEXNET_ONE_TOWER = """network alexnet_one_tower(x: 3x224x224) {
  x = conv(x, 64, 11, stride=4, pad=2) -> relu -> maxpool(3, stride=2)
  x = conv(x, 192, 5, pad=2) -> relu -> maxpool(3, stride=2)
  x = conv(x, 384, 3, pad=1) -> relu -> conv(256, 3, pad=1) -> relu -> conv(256, 3, pad=1) -> relu
  x = maxpool(x, 3, stride=2) -> flatten -> fc(4096) -> relu -> fc(4096) -> relu -> fc(1000)
  return x
}
"""
"""AlexNet without the halves that its first authors had to make (Krizhevsky 2014)."""


def paper_space(side: int, least_share: float | None = 0.85) -> Space:
    """The space of an array of `side` x `side`. Without a least share budgets are upper bounds only."""
    rows, budget = 2 * side, 32 * side
    least_bits = (
        rows * 9 * side * WEIGHT_BITS,
        rows * 15 * 15 * IFMAP_BITS,
        rows * 7 * 7 * PSUM_BITS,
        rows * 7 * 7 * PSUM_BITS,
    )
    least_rates = (WEIGHT_BITS, IFMAP_BITS, PSUM_BITS, PSUM_BITS)
    fields: dict[str, Any] = {
        path: {"powers_of_two": [bits, budget * KIB]} for path, bits in zip(SIZES, least_bits, strict=True)
    }
    fields |= {path: {"powers_of_two": [rate, budget]} for path, rate in zip(PORTS, least_rates, strict=True)}
    share = {} if least_share is None else {"from": least_share}
    data: dict[str, object] = {
        "schema": "simdc-space/1",
        "fields": fields,
        "constraints": [
            {"name": "SRAM", "sum": list(SIZES), "budget": f"{budget} KiB", **share},
            {"name": "bandwidth", "sum": list(PORTS), "budget": budget, **share},
        ],
    }
    base = simdc.load_hardware("HI3")
    for path in ("systolic.rows", "systolic.columns", "simd.lanes"):
        base = with_field(base, path, side)
    base = with_field(base, "systolic.buffers.bias_bits", side // 8 * KIB)
    return read_space(data, "paper_dse.py", lambda _: base).space


def load(name: str) -> simdc.Network:
    if name == "alexnet_one_tower":
        return simdc.Network(parse_dsl(ALEXNET_ONE_TOWER, "alexnet_one_tower", 1))
    return simdc.load(name)


def explore(name: str, space: Space, model: str = "simdit", tiling: str = "greedy", workers: int = 1) -> Findings:
    network = load(name)

    def workload(machine: AnyMachine) -> Workload:
        return network.workload(machine, model)

    exploration = Exploration(space, [NetworkChoice(name, "inference", workload)], model, tiling)
    exploration.run(local(workers))
    return find(exploration, exploration.survey(), runner=local(workers))


def allocation(fields: dict[str, Any]) -> Allocation:
    kib = [int(fields[path]) // KIB for path in SIZES]
    rates = [int(fields[path]) for path in PORTS]
    return (kib[0], kib[1], kib[2], kib[3], rates[0], rates[1], rates[2], rates[3])


def economic_points(name: str, side: int, model: str, tiling: str, workers: int) -> Findings:
    """Table X: the least SRAM and the least bandwidth that come within 15 % of the best, whatever the lower bounds."""
    economy = tuple(Economy(resource, NEAR_BEST) for resource in TABLE_X)
    space = paper_space(side, least_share=None)._replace(economy=economy, pareto=("cycles", "SRAM", "bandwidth"))
    return explore(name, space, model, tiling, workers)


def times_best(findings: Findings, path: str) -> dict[int, float]:
    """Fig. 12: one field changed in the best machine; its values in KiB or bits per cycle."""
    least = findings.objective(findings.best)
    for swing in findings.swings:
        axis = findings.space.axes[swing.axis]
        if axis.name == path:
            scale = KIB if path in SIZES else 1
            values = [int(option[0]) // scale for option in axis.options]
            return dict(zip(values, (swing.values / least).tolist(), strict=True))
    raise KeyError(path)


def show(where: Allocation) -> str:
    return " ".join(f"{number:>5}" for number in where)


def tables(sides: list[int], model: str, tiling: str, workers: int, plots: Path | None) -> None:
    print(f"model {model}, tiling {tiling}\n")
    print("Table VIII: ResNet-50, best allocation of SRAM [KiB] and bandwidth [bit/cycle]")
    head = show((0, 0, 0, 0, 0, 0, 0, 0)).replace("    0", "{:>5}").format(*LETTERS, *LETTERS)
    print(f"{'array':>9} {head} {'cycles':>15} {'worst/best':>11} {'paper':>6}  allocation")
    found = {side: explore("resnet50", paper_space(side), model, tiling, workers) for side in sides}
    for side, findings in found.items():
        best, ratio = findings.best, findings.over_best(findings.worst)
        mine, paper = allocation(best.fields), TABLE_VIII[side]
        verdict = "as in the paper" if mine == paper.allocation else f"paper: {show(paper.allocation)}"
        cycles = f"{best.values['cycles']:,.2f}".removesuffix(".00")
        print(f"{side:>4}x{side:<4} {show(mine)} {cycles:>15} {ratio:>11.3f} {paper.worst_over_best:>6}  {verdict}")

    if 64 not in found:
        return
    print("\nTable IX: worst over best on 64 x 64, other networks")
    for name in ("resnet18", "vgg16", "alexnet", "alexnet_one_tower"):
        findings = explore(name, paper_space(64), model, tiling, workers)
        paper_ratio = TABLE_IX.get(name, "not in its text")
        missing = f"; not priced: {', '.join(findings.exploration.uncosted)}" if findings.exploration.uncosted else ""
        print(f"{name:18} {findings.over_best(findings.worst):7.3f}  paper: {paper_ratio}{missing}")

    print(f"\nTable X: cheapest machines on 64 x 64 within {100 * NEAR_BEST:g} % of the best")
    findings = economic_points("resnet50", 64, model, tiling, workers)
    for economy, machine in findings.cheap:
        paper = TABLE_X[economy.resource]
        mine, extra = allocation(machine.fields), 100 * (findings.over_best(machine) - 1)
        verdict = "as in the paper" if mine == paper.allocation else f"paper: {show(paper.allocation)}"
        print(f"least {economy.resource:9} {show(mine)}  +{extra:.2f} %  paper: +{paper.worst_over_best} %, {verdict}")

    print("\nFig. 11: share of the machines on 64 x 64 whose cycles are at most so many times the best")
    print("  ".join(f"{share:g}x {100 * part:.1f} %" for share, part in found[64].spread.items()))

    print("\nFig. 12: one size [KiB] or port [bit/cycle] of the best 64 x 64 machine changed; times its cycles")
    for letter, path in zip((*LETTERS, *(f"port {each}" for each in LETTERS)), (*SIZES, *PORTS), strict=True):
        curve = times_best(found[64], path)
        place, value = FIG_12.get(letter, (0, 0.0))
        note = f"   paper: {value} at {place}" if place else ""
        print(f"{letter:6}  " + "  ".join(f"{size}: {ratio:.3f}" for size, ratio in curve.items()) + note)
    if plots is not None:
        plots.mkdir(parents=True, exist_ok=True)
        for kind, name in (("landscape", "fig11.svg"), ("sensitivity", "fig12.svg")):
            with (plots / name).open("wb") as stream:
                draw(found[64], kind, stream, name)


def main() -> None:
    parser = ArgumentParser(description="Tables VIII to X and Figs. 11 and 12 of the SimDIT paper.")
    parser.add_argument("--model", default="simdit", choices=["simdit", "exact"])
    parser.add_argument("--tiling", default="greedy", help="how layers are tiled (default greedy)")
    parser.add_argument("--array", type=int, action="append", choices=list(TABLE_VIII), help="default: all four")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw Figs. 11 and 12 there")
    chosen = parser.parse_args()
    tables(chosen.array or list(TABLE_VIII), chosen.model, chosen.tiling, chosen.workers, chosen.plots)


if __name__ == "__main__":
    main()
