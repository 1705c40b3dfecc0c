"""Speed and memory of simdc, measured here and now, beside their targets.

    python benchmarks/run.py            everything, about a minute
    python benchmarks/run.py --quick    fewer repetitions, no long chains

Whole processes are timed in turns (A B A B ...), so that whatever else the machine does hits both alike. Memory is the
peak resident set of a child process.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from chains import write_text

ROOT = Path(__file__).resolve().parents[1]
SIMDC = str(Path(sys.executable).with_name("simdc"))
DEMO = [SIMDC, "examples/networks/resnet50.dsl", "--hw", "HI3", "--emit-cost"]
TRAIN = [SIMDC, "examples/networks/resnet50.dsl", "--hw", "HT3", "--batch", "32", "--train", "--emit-cost"]
XDSL_ONLY = [sys.executable, "-c", "import xdsl.parser, xdsl.printer, xdsl.passes"]
BARE = [sys.executable, "-c", "pass"]
CHAINS = (1_000, 3_000, 10_000)
MAXRSS_PER_MIB = 2**20 if sys.platform == "darwin" else 2**10
"""The peak of a child's memory is told in bytes on macOS and in KiB elsewhere."""


class Line(NamedTuple):
    what: str
    value: str
    target: str = ""


class Child(NamedTuple):
    seconds: float
    peak_mib: float


def run_child(command: list[str]) -> Child:
    """Run a process to its end. Raises CalledProcessError when it fails."""
    start = perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Child(perf_counter() - start, usage.ru_maxrss / MAXRSS_PER_MIB)


def processes(repetitions: int) -> list[Line]:
    commands = {"demo": DEMO, "train": TRAIN, "xdsl": XDSL_ONLY, "bare": BARE}
    for command in commands.values():
        run_child(command)
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    peak_mib = 0.0
    for _ in range(repetitions):
        for name, command in commands.items():
            child = run_child(command)
            seconds[name].append(child.seconds)
            if name == "demo":
                peak_mib = max(peak_mib, child.peak_mib)
    demo, train, xdsl, bare = (median(seconds[name]) for name in commands)
    return [
        Line("python -c pass", f"{1e3 * bare:,.0f} ms"),
        Line("python -c 'import xdsl.parser, xdsl.printer, xdsl.passes'", f"{1e3 * xdsl:,.0f} ms"),
        Line("simdc examples/networks/resnet50.dsl --hw HI3 --emit-cost", f"{1e3 * demo:,.0f} ms"),
        Line("  its time over that of importing xDSL", f"{demo / xdsl:.2f}", "at most 1.8"),
        Line("  its peak memory", f"{peak_mib:,.0f} MiB", "at most 120 MiB"),
        Line("the same with --batch 32 --train on HT3", f"{1e3 * train:,.0f} ms", "at most 500 ms"),
    ]


def again(repetitions: int) -> list[Line]:
    """Costing a network again after a change of the machine, in a process that has costed it before."""
    import simdc
    from simdc.cost import with_field

    network, base = simdc.load("resnet50"), simdc.load_hardware("HI3")
    # A new machine each time, none of them seen before, all of them realistic: only the ifmap buffer moves.
    machines = [with_field(base, "systolic.buffers.ifmap_bits", 2**21 + 4096 * i) for i in range(repetitions)]
    lines: list[Line] = []
    for model, target in (("exact", "at most 4 ms"), ("simdit", "at most 2 ms")):
        simdc.evaluate(network, base, model)
        milliseconds = [
            1e3 * _seconds(lambda m=machine, n=model: simdc.evaluate(network, m, n)) for machine in machines
        ]
        best, middle = min(milliseconds), median(milliseconds)
        lines.append(Line(f"ResNet-50 again on another machine, {model}", f"{middle:.2f} ms (best {best:.2f})", target))
    lines.append(_training_again(min(repetitions, 50)))
    return lines


def _training_again(repetitions: int) -> Line:
    import simdc
    from simdc.cost import with_field

    step, base = simdc.load("resnet50", 32).training_step(), simdc.load_hardware("HT3")
    simdc.evaluate(step, base)
    machines = [with_field(base, "systolic.buffers.ifmap_bits", 2**22 + 4096 * i) for i in range(repetitions)]
    milliseconds = [1e3 * _seconds(lambda m=machine: simdc.evaluate(step, m)) for machine in machines]
    value = f"{median(milliseconds):.2f} ms (best {min(milliseconds):.2f})"
    return Line("its training step at batch 32 again, exact", value, "at most 20 ms")


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def chains(lengths: tuple[int, ...]) -> list[Line]:
    """A network of convolutions one after the other, from DSL text to report."""
    lines: list[Line] = []
    taken: list[float] = []
    with TemporaryDirectory() as folder:
        for length in lengths:
            path, out = write_text(folder, length), Path(folder) / "cost.json"
            command = [SIMDC, path, "--hw", "HI3", "--format", "json", "-o", str(out)]
            children = [run_child(command) for _ in range(3)]
            assert json.loads(out.read_text(encoding="utf-8"))["coverage"]["costed"] == length
            taken.append(median(child.seconds for child in children))
            value = f"{taken[-1]:.2f} s, {1e6 * taken[-1] / length:,.0f} us a layer, {children[0].peak_mib:,.0f} MiB"
            lines.append(Line(f"a chain of {length:,} convolutions, DSL to JSON", value))
    if len(lengths) > 2:
        # Start-up is in all of them and in none of the differences.
        steps = [
            1e6 * (later - sooner) / (longer - shorter)
            for (shorter, sooner), (longer, later) in pairwise(zip(lengths, taken, strict=True))
        ]
        value = " then ".join(f"{step:,.0f}" for step in steps) + f" us, ratio {steps[-1] / steps[0]:.2f}"
        lines.append(Line("  a further layer", value, "linear: ratio about 1"))
    return lines


def main() -> None:
    parser = ArgumentParser(description="Measure simdc against its targets.")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, no long chains")
    quick = parser.parse_args().quick
    print(f"Python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores; medians")
    groups: list[Callable[[], list[Line]]] = [
        lambda: processes(5 if quick else 21),
        lambda: again(20 if quick else 200),
        lambda: chains(CHAINS[:1] if quick else CHAINS),
    ]
    for group in groups:
        for line in group():
            print(f"{line.what:58}  {line.value:>32}  {line.target}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
