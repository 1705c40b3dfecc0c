"""How time and memory grow: with the layers of a network, the tiles of a layer, the machines that are compared.

    python benchmarks/growth.py             all curves, some minutes
    python benchmarks/growth.py --write     into docs/performance.md, too, with their picture
    python benchmarks/growth.py --against FOLDER --curves step

Processor time without what Python takes to import, the median of processes of their own; memory is the peak of the
whole process. With `--against` each cell has the tree in FOLDER first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import NamedTuple

import page
from chains import write_onnx, write_text
from machines import FIELDS, NOTHING_IN_COMMON
from processes import HERE, MAXRSS_PER_MIB, ROOT

LAYERS, TILES, MACHINES = (100, 1_000, 10_000), (100, 10_000, 1_000_000, 100_000_000), (10, 100, 1_000)


class Curve(NamedTuple):
    """What is done for each of `sizes` of something, and in how many seconds of processor time."""

    title: str
    along: str
    sizes: tuple[int, ...]
    seconds: Callable[[int], float]


def _network(write: Callable[[str, int], str], layers: int, *, training: bool = False) -> float:
    """From a file to the price of each layer."""
    import simdc

    hardware = simdc.load_hardware("HT3" if training else "HI3")
    with TemporaryDirectory() as folder:
        path, small = write(folder, layers), write(folder, 1)
        # What is imported for the first network is not the network's.
        simdc.evaluate(_loaded(small, training), hardware)
        start = process_time()
        priced = simdc.evaluate(_loaded(path, training), hardware)
        taken = process_time() - start
    assert len(priced) == (4 * layers + 1 if training else layers)
    return taken


def _loaded(path: str, training: bool):
    import simdc

    network = simdc.load(path)
    return network.training_step() if training else network


def _tiles(count: int) -> float:
    """One convolution of `count` tiles of 4 x 4 x 4 by the model."""
    import simdc
    from simdc.cost import ExactModel

    hardware, model = simdc.load_hardware("HI3"), ExactModel()
    kernel, tiling = _layer(count)
    model.evaluate(*_layer(1), hardware)
    start = process_time()
    cost = model.evaluate(kernel, tiling, hardware)
    taken = process_time() - start
    assert cost.cycles.total > count
    return taken


def _played(count: int) -> float:
    """The same, played tile by tile."""
    import simdc
    from simdc.backends.simulate import simulate
    from simdc.cost import ExactModel

    hardware = simdc.load_hardware("HI3")
    kernel, tiling = _layer(count)
    start = process_time()
    played = simulate(kernel, tiling, hardware)
    taken = process_time() - start
    assert played == ExactModel().evaluate(kernel, tiling, hardware)
    return taken


def _layer(tiles: int):
    """A window of 3 x 3 over an image of which 4 channels, 4 rows and 4 columns at a time make a tile, the last ones
    less; `tiles` is a square."""
    from simdc.cost import Contraction, Loop, Operand, Tiling, affine

    side = round(tiles**0.5)
    assert side * side == tiles
    rows, columns = 4 * side - 1, 4 * side - 2
    ifmap = (affine("ic"), affine("oh", "kh"), affine("ow", "kw"))
    weight, psum = ("oc", "ic", "kh", "kw"), ("oc", "oh", "ow")
    bounds = {"oc": 4, "ic": 4, "kh": 3, "kw": 3, "oh": rows, "ow": columns}
    kernel = Contraction(
        "conv2d",
        tuple(Loop(name, bound) for name, bound in bounds.items()),
        Operand("ifmap", 8, (4, rows + 2, columns + 2), ifmap),
        Operand("weight", 8, (4, 4, 3, 3), tuple(map(affine, weight))),
        Operand("psum", 32, (4, rows, columns), tuple(map(affine, psum))),
        32,
    )
    return kernel, Tiling(tuple(bounds), tuple(min(bound, 4) for bound in bounds.values()))


def _machines(model: str, count: int) -> float:
    """ResNet-50 with greedy tilings on machines that have nothing in common."""
    import simdc
    from simdc.cost.machines import AnyMachine
    from simdc.cost.workload import Workload
    from simdc.explore.exploration import NetworkChoice
    from simdc.explore.sensitivity import survey_machines

    base, random = simdc.load_hardware("HI3"), Random(0)
    network = simdc.load("resnet50")

    def workload(machine: AnyMachine) -> Workload:
        return network.workload(machine, model)

    choice = NetworkChoice("resnet50", "inference", workload)
    network.workload(base, model)
    columns = {path: [FIELDS[path](random) for _ in range(count)] for path in NOTHING_IN_COMMON}
    start = process_time()
    survey = survey_machines(base, columns, [choice], model, tiling="greedy")
    taken = process_time() - start
    assert len(survey.numbers) > 0.8 * count
    return taken


CURVES = {
    "text": Curve("network text, priced", "layers", LAYERS, partial(_network, write_text)),
    "onnx": Curve("ONNX, priced", "layers", LAYERS, partial(_network, write_onnx)),
    "step": Curve(
        "network text to a training step, priced", "layers", LAYERS, partial(_network, write_text, training=True)
    ),
    "tiles": Curve("one layer, `exact`", "tiles", TILES, _tiles),
    "played": Curve("the same by the tile simulator", "tiles", TILES[:2], _played),
    "exact": Curve("`explore` with greedy tilings, `exact`", "machines", MACHINES, partial(_machines, "exact")),
    "simdit": Curve("the same, `simdit`", "machines", MACHINES, partial(_machines, "simdit")),
}


class Point(NamedTuple):
    seconds: float
    peak_mib: float

    def __str__(self) -> str:
        time = f"{self.seconds:.2f} s" if self.seconds >= 0.1 else f"{1e3 * self.seconds:.2f} ms"
        return f"{time}, {self.peak_mib:.0f} MiB"


def point(tree: Path, name: str, size: int, repetitions: int) -> Point:
    """Medians, by the simdc in `tree`."""
    points = [_child(tree, name, size) for _ in range(repetitions)]
    return Point(median(each.seconds for each in points), median(each.peak_mib for each in points))


def _child(tree: Path, name: str, size: int) -> Point:
    command = [sys.executable, __file__, "--inside", name, "--size", str(size)]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    with subprocess.Popen(command, cwd=tree, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Point(float(text), usage.ru_maxrss / MAXRSS_PER_MIB)


def tables(trees: list[Path], chosen: list[str], repetitions: int) -> Iterator[str]:
    """Lines of a table for each thing that grows."""
    for along in dict.fromkeys(CURVES[name].along for name in chosen):
        curves = {name: CURVES[name] for name in chosen if CURVES[name].along == along}
        sizes = max((curve.sizes for curve in curves.values()), key=len)
        yield f"| {along} | {' | '.join(f'{size:,}' for size in sizes)} |"
        yield f"|---|{'---:|' * len(sizes)}"
        for name, curve in curves.items():
            cells = [
                ", now ".join(str(point(tree, name, size, repetitions)) for tree in trees)
                if size in curve.sizes
                else ""
                for size in sizes
            ]
            yield f"| {curve.title} | {' | '.join(cells)} |"
        yield ""


def write(text: str) -> None:
    """Into the page between its marks, and the picture of the tables."""
    page.put("growth.py", text)
    subprocess.run([sys.executable, str(ROOT / "docs/draw.py")], check=True)


def main() -> None:
    parser = ArgumentParser(description="Measure how time and memory grow.")
    parser.add_argument("--inside", choices=list(CURVES), help="measure one point in this process and print seconds")
    parser.add_argument("--size", type=int, help="of what is measured inside")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another tree of simdc, measured in turns")
    parser.add_argument("--curves", default=",".join(CURVES), help="curves by name, with commas between")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="renew the tables and the picture of docs/performance.md")
    chosen = parser.parse_args()
    if chosen.inside:
        print(CURVES[chosen.inside].seconds(chosen.size))
        return
    trees = [HERE] if chosen.against is None else [chosen.against.resolve(), HERE]
    lines: list[str] = []
    for line in tables(trees, chosen.curves.split(","), chosen.repetitions):
        print(line, flush=True)
        lines.append(line)
    if chosen.write:
        write("\n".join(lines))


if __name__ == "__main__":
    main()
