"""The table of docs/performance.md: what a version of simdc takes, beside another version in the same run.

    python benchmarks/table.py                       this tree, without the compiled core and with it, if it is there
    python benchmarks/table.py --against FOLDER      also the tree in FOLDER, in turns, and ratios
    python benchmarks/table.py --rows again,machines --repetitions 1

Processor time, not time on the clock. Each row runs in a process of its own, several times, and the median counts. What
is changed from one pricing to the next is a random field of the machine: some changes are kinder than others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, NamedTuple

from chains import write_text

ROOT = Path(__file__).resolve().parents[1]
XDSL_ONLY = [sys.executable, "-c", "import xdsl.parser, xdsl.printer, xdsl.passes"]
FIELDS: dict[str, Callable[[Random], int]] = {
    "systolic.buffers.weight_bits": lambda random: random.randrange(2**20, 2**23),
    "systolic.buffers.ifmap_bits": lambda random: random.randrange(2**20, 2**23),
    "systolic.buffers.psum_bits": lambda random: random.randrange(2**20, 2**23),
    "simd.vmem_bits": lambda random: random.randrange(2**20, 2**23),
    "systolic.bandwidths.weight_bits_per_cycle": lambda random: random.randrange(8, 2048),
    "systolic.bandwidths.ifmap_bits_per_cycle": lambda random: random.randrange(8, 2048),
    "systolic.bandwidths.psum_bits_per_cycle": lambda random: random.randrange(32, 2048),
    "simd.bandwidth_bits_per_cycle": lambda random: random.randrange(32, 2048),
    "simd.lanes": lambda random: random.randrange(8, 129),
    "systolic.rows": lambda random: random.randrange(8, 129),
    "systolic.columns": lambda random: random.randrange(8, 129),
}
MEMORIES = tuple(FIELDS)[:4]
"""Ranges in which the machine stays a realistic one. A kind of field is drawn from all of them, or from these."""


def _changed(base: Any, random: Random, fields: tuple[str, ...]) -> Any:
    from simdc.cost import with_field

    path = random.choice(fields)
    return with_field(base, path, FIELDS[path](random))


def _again(network: Any, base: Any, tiling: str, fields: tuple[str, ...], times: int) -> float:
    """Seconds to price a network once more on a machine with one field changed."""
    from simdc.cost import ExactModel

    model, random = ExactModel(), Random(0)
    machines = [_changed(base, random, fields) for _ in range(times)]
    tiler = model.greedy if tiling == "greedy" else None
    network.workload(base).price(model, base, tiler)
    taken: list[float] = []
    for machine in machines:
        start = process_time()
        network.workload(machine).price(model, machine, tiler)
        taken.append(process_time() - start)
    return median(taken)


def _inference(tiling: str = "default", fields: tuple[str, ...] = tuple(FIELDS)) -> float:
    import simdc

    return _again(simdc.load("resnet50"), simdc.load_hardware("HI3"), tiling, fields, 40)


def _training(tiling: str = "default") -> float:
    import simdc

    step = simdc.load("resnet50", 32).training_step()
    return _again(step, simdc.load_hardware("HT3"), tiling, tuple(FIELDS), 40)


def _machines(tiling: str) -> float:
    """Seconds a machine, of machines with nothing in common."""
    import simdc
    from simdc.cost import ExactModel, with_field

    model, base, random = ExactModel(), simdc.load_hardware("HI3"), Random(1)
    workload, machines = simdc.load("resnet50").workload(base), [base] * 30
    for path in tuple(FIELDS)[:8]:
        machines = [with_field(machine, path, FIELDS[path](random)) for machine in machines]
    workload.price(model, base)
    start = process_time()
    for machine in machines:
        workload.price(model, machine, model.greedy if tiling == "greedy" else None)
    return (process_time() - start) / len(machines)


def _batches(network: str, batches: range, *, train: bool = False) -> float:
    """Seconds for many batches of a network that are on one line, the two ends left out."""
    import simdc
    from simdc.commands.between import RunsBetween

    hardware = simdc.load_hardware("HT3" if train else "HI3")

    def compiled(batch: int) -> Any:
        read = simdc.load(network, batch)
        return simdc.compile(read.training_step() if train else read, hardware)

    runs = RunsBetween(compiled, batches[0] - 1, batches.stop)
    start = process_time()
    for batch in batches:
        runs.at(batch)
    return process_time() - start


def _each(batches: range, *, train: bool) -> float:
    """Seconds a batch, of MobileNetV2."""
    return _batches("mobilenet_v2", batches, train=train) / len(batches)


def _curve(step: int) -> float:
    """Seconds for lengths of a decode step, so far from each other, the two ends left out."""
    import simdc
    from simdc.commands.lengths import StepPrices
    from simdc.ir.token_run import decode_step

    hardware, first, last = simdc.load_hardware("HI3"), 128, 8128
    prices = StepPrices(
        lambda length: simdc.compile(simdc.load("llama_8b", run=decode_step(length)), hardware), first, last
    )
    start = process_time()
    prices.steps(range(first, last, step))
    return process_time() - start


def _explore(words: list[str], machines: int) -> float:
    """Seconds of `explore` from the space's text to every machine, of machines with nothing in common."""
    from simdc.cli import main as command

    random = Random(1)
    options = [
        {"name": str(number), "set": {path: FIELDS[path](random) for path in tuple(FIELDS)[:8]}}
        for number in range(machines)
    ]
    space = {"schema": "simdc-space/1", "base": "HI3", "choices": {"machine": options}}
    with TemporaryDirectory() as folder:
        path = Path(folder, "space.json")
        path.write_text(json.dumps(space), encoding="utf-8")
        start = process_time()
        assert command(["explore", *words, "--space", str(path), "--quiet", "-o", str(Path(folder, "out.txt"))]) == 0
        return process_time() - start


DEEP = 10_000


def _deep() -> float:
    """Seconds from the text of a network of 10,000 convolutions to the price of each layer of its training step."""
    import simdc

    with TemporaryDirectory() as folder:
        path, small = write_text(folder, DEEP), write_text(folder, 1)
        hardware = simdc.load_hardware("HT3")
        # What is imported for any network is not this one's.
        simdc.evaluate(simdc.load(small).training_step(), hardware)
        start = process_time()
        network = simdc.load(path)
        priced = simdc.evaluate(network.training_step(), hardware)
        taken = process_time() - start
    # Four layers for each convolution and two for the loss, but no gradient for the first input.
    assert len(priced) == 4 * DEEP + 1
    return taken


def _deep_peak() -> float:
    """MiB that such a process needs at most."""
    _deep()
    return getrusage(RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


PORTS = tuple(FIELDS)[4:8]
ARRAYS = tuple(FIELDS)[8:]
SEARCHED: dict[str, tuple[str, str, dict[str, object]]] = {
    "HI1": ("HI1", "HI1", {}),
    "HI2": ("HI2", "HI2", {}),
    "HI3": ("HI3", "HI3", {}),
    "ports8": ("HI3, all ports 8 bits a cycle", "HI3", dict.fromkeys(PORTS, 8)),
    "ports32": ("HI3, all ports 32 bits a cycle", "HI3", dict.fromkeys(PORTS, 32)),
    "odd": (
        "HI3, 48 x 40 PEs, 40 lanes",
        "HI3",
        {"systolic.rows": 48, "systolic.columns": 40, "simd.lanes": 40},
    ),
    "clipped": ("HI3, borders clipped", "HI3", {"stores_padding": False}),
    "HT1": ("training step, HT1", "HT1", {}),
    "HT2": ("training step, HT2", "HT2", {}),
    "HT3": ("training step, HT3", "HT3", {}),
}
"""Machines to search ResNet-50 on: by name of the row, a title, a preset and what is changed of it."""


def _search(name: str, taken: Callable[[list[float]], float]) -> float:
    """What was `taken` of the seconds of each layer."""
    import simdc
    from simdc.cost import with_field
    from simdc.cost.search import objective_for, search

    _, preset, changed = SEARCHED[name]
    hardware = simdc.load_hardware(preset)
    for path, value in changed.items():
        hardware = with_field(hardware, path, value)
    network = simdc.load("resnet50", 32).training_step() if preset.startswith("HT") else simdc.load("resnet50")
    seconds: list[float] = []
    for kernel in network.workload(hardware).kernels:
        start = process_time()
        search(kernel, hardware, objective_for("cycles", kernel, hardware))
        seconds.append(process_time() - start)
    return taken(seconds)


INSIDE: dict[str, tuple[str, Callable[[], float]]] = {
    "again": ("ResNet-50 again, any field changed", _inference),
    "memories": ("the same, a memory changed", lambda: _inference(fields=MEMORIES)),
    "greedy": ("the same, any field, greedy tilings", lambda: _inference("greedy")),
    "training": ("its training step, batch 32, any field changed", _training),
    "training_greedy": ("the same, greedy tilings", lambda: _training("greedy")),
    "machines": ("ResNet-50 on machines with nothing in common, each", lambda: _machines("default")),
    "machines_greedy": ("the same, greedy tilings", lambda: _machines("greedy")),
    "arrays": ("ResNet-50 again, rows, columns or lanes changed", lambda: _inference(fields=ARRAYS)),
    "batches": ("MobileNetV2 in one more batch of a sweep", lambda: _each(range(3, 1000, 20), train=False)),
    "batches_training": ("the same, training step", lambda: _each(range(3, 1000, 200), train=True)),
    "deep": ("a training step of 40,001 layers from its network's text", _deep),
    "deep_peak": ("the same, peak of memory", _deep_peak),
    "batches_100": ("100 batches of ResNet-50", lambda: _batches("resnet50", range(3, 1000, 10))),
    "batches_100_mobile": ("100 batches of MobileNetV2", lambda: _batches("mobilenet_v2", range(3, 1000, 10))),
    "curve": ("200 lengths of a decode step, 8B Llama", lambda: _curve(40)),
    "curve_1000": ("1,000 lengths of it", lambda: _curve(8)),
    "explore_batches": (
        "`explore`: ResNet-50 in 3 batches on 300 machines",
        lambda: _explore(["resnet50", "--batch", "1,8,32"], 300),
    ),
    "explore_batches_greedy": (
        "the same, greedy tilings",
        lambda: _explore(["resnet50", "--batch", "1,8,32", "--tiling", "greedy"], 300),
    ),
    "explore_many_batches": (
        "`explore`: ResNet-50 in 32 batches on 50 machines",
        lambda: _explore(["resnet50", "--batch", "1:32"], 50),
    ),
    "explore_lengths": (
        "`explore`: 64 lengths of a decode step, 8B Llama, on 50 machines",
        lambda: _explore(["llama_8b", "--decode", "--context", "128:8192:128"], 50),
    ),
    **{f"search_{name}": (f"search, {row[0]}", partial(_search, name, sum)) for name, row in SEARCHED.items()},
    **{
        f"slowest_{name}": (f"its slowest layer, {row[0]}", partial(_search, name, max))
        for name, row in SEARCHED.items()
    },
}
"""Rows that are measured from inside a process, in seconds, or in what `UNITS` says."""
UNITS = {"deep_peak": "MiB"}
COMMAND = [sys.executable, "-m", "simdc", "examples/networks/resnet50.dsl", "--hw", "HI3", "--emit-cost"]
TRAINING = [*COMMAND, "--batch", "32", "--train"]


class Process(NamedTuple):
    """A whole process, whether it finds bytecode files, and whether the network was lowered before."""

    title: str
    command: list[str]
    bytecode: bool = True
    seen: bool = False


WHOLE = {
    "xdsl": Process("importing xDSL, nothing else", XDSL_ONLY),
    "cold": Process("the command on ResNet-50", COMMAND),
    "cold_train": Process("the same, training step", TRAINING),
    "cold_source": Process("the command, no bytecode files", COMMAND, bytecode=False),
    "seen": Process("the command on a network that it lowered before", COMMAND, seen=True),
    "seen_train": Process("the same, training step", TRAINING, seen=True),
}


class Tree(NamedTuple):
    """A version of simdc, the folder in which its bytecode files are kept, and whether its core runs as it stands."""

    title: str
    folder: Path
    bytecode: str
    plain: bool

    def environment(self, *, bytecode: bool, seen: bool = False) -> dict[str, str]:
        own = {
            "PYTHONPATH": str(self.folder),
            "SIMDC_PLAIN": "1" if self.plain else "",
            "SIMDC_NO_CACHE": "" if seen else "1",
            "XDG_CACHE_HOME": f"{self.bytecode}-cache",
        }
        kept = {"PYTHONPYCACHEPREFIX": self.bytecode} if bytecode else {"PYTHONDONTWRITEBYTECODE": "1"}
        given = {
            name: value
            for name, value in os.environ.items()
            if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
        }
        return {**given, **own, **kept}

    def inside(self, row: str) -> float:
        done = subprocess.run(
            [sys.executable, __file__, "--inside", row],
            cwd=self.folder,
            env=self.environment(bytecode=True),
            capture_output=True,
            text=True,
            check=True,
        )
        return float(done.stdout)

    def whole(self, row: str) -> float:
        _, command, bytecode, seen = WHOLE[row]
        before = getrusage(RUSAGE_CHILDREN)
        environment = self.environment(bytecode=bytecode, seen=seen)
        subprocess.run(command, cwd=self.folder, env=environment, stdout=subprocess.DEVNULL, check=True)
        after = getrusage(RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def plain_work() -> float:
    """Seconds of a fixed amount of Python: how fast this machine is, now."""
    start = process_time()
    total = 0
    for number in range(2_000_000):
        total += number // 3
    assert total
    return process_time() - start


def measured(trees: list[Tree], row: str, repetitions: int) -> list[float]:
    """Median seconds of each tree, taken in turns."""
    taken: list[list[float]] = [[] for _ in trees]
    if row in WHOLE:
        for tree in trees:
            tree.whole(row)
    for _ in range(repetitions):
        for each, tree in zip(taken, trees, strict=True):
            each.append(tree.whole(row) if row in WHOLE else tree.inside(row))
    return [median(each) for each in taken]


def in_units(row: str, number: float) -> str:
    if row in UNITS:
        return f"{number:.0f} {UNITS[row]}"
    seconds = number
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1e3 * seconds:.{1 if seconds >= 1e-2 else 2}f} ms"


def main() -> None:
    parser = ArgumentParser(description="Measure the table of docs/performance.md.")
    parser.add_argument("--inside", choices=list(INSIDE), help="measure one row in this process and print seconds")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another tree of simdc")
    parser.add_argument("--rows", default=",".join((*WHOLE, *INSIDE)), help="rows by name, with commas between")
    parser.add_argument("--repetitions", type=int, default=3)
    chosen = parser.parse_args()
    if chosen.inside:
        print(INSIDE[chosen.inside][1]())
        return
    with TemporaryDirectory() as kept:
        trees = [Tree("plain", ROOT, f"{kept}/plain", plain=True)]
        if any((ROOT / "simdc/cost/flat").glob("compiled.*")):
            trees.append(Tree("compiled", ROOT, f"{kept}/compiled", plain=False))
        if chosen.against is not None:
            trees.insert(0, Tree("before", chosen.against.resolve(), f"{kept}/before", plain=True))
        print(f"plain Python work: {in_units('', plain_work())}")
        titles = [tree.title for tree in trees] + ["ratio"] * (chosen.against is not None)
        print(f"| processor time | {' | '.join(titles)} |\n|---|{'---:|' * len(titles)}")
        for row in chosen.rows.split(","):
            found = measured(trees, row, chosen.repetitions)
            cells = [in_units(row, each) for each in found]
            if chosen.against is not None:
                cells.append(", ".join(f"{found[0] / each:.2f}" for each in found[1:]))
            print(f"| {WHOLE[row].title if row in WHOLE else INSIDE[row][0]} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
