"""Write the tables of docs/machine.md: what fields of machines change, on ResNet-50's contractions.

python docs/generate_machine.py

It searches schedules for some minutes; `mappings` behind it makes the table of networks alone, in seconds. Those that
are quick `tests/docs/test_machine_page.py` checks.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import simdc
from simdc.cost import Contraction, ExactModel, Hardware, Tiling
from simdc.cost.greedy import greedy_tiling
from simdc.cost.search import objective_for, search

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/machine.md"
MACHINES = ("HI1", "HI2", "HI3")
NETWORK = "resnet50"
STEPS = 300_000
"""Of a search: a seventh of the usual."""
BEGIN, END = "<!-- {} begins: docs/generate_machine.py -->\n", "<!-- {} ends -->\n"
EXACT = ExactModel()
Tiler: TypeAlias = Callable[[Contraction, Hardware], Tiling]
Scheduled: TypeAlias = list[tuple[Contraction, Tiling, int]]


class Effect(NamedTuple):
    """`settings` make a machine that has it. `learned`: whether a table shows schedules that are made for it."""

    name: str
    settings: tuple[str, ...]
    who: str
    learned: bool = False


def systolic(*settings: str) -> tuple[str, ...]:
    return tuple(f"systolic.{each}" for each in settings)


EFFECTS = (
    Effect("register stages of the array", systolic("tile_overhead_cycles=3"), "every machine"),
    Effect("what a tile costs GeneSys", systolic("tile_overhead_cycles=5"), "GeneSys's RTL"),
    Effect("weights shift in beside the fold before", systolic("weight_load=hidden"), "TPU v1, Gemmini, ONNXim", True),
    Effect("weights shift in before their fold", systolic("weight_load=exposed"), "the simplest arrays", True),
    Effect("folds drain before the next", systolic("fold_drain=serial"), ""),
    Effect(
        "weights before their fold, and drain",
        systolic("weight_load=exposed", "fold_drain=serial"),
        "SCALE-Sim",
        True,
    ),
    Effect("sums that take 3 cycles", systolic("accumulate_latency_cycles=3"), "an interlock; GeneSys's RTL refuses"),
    Effect("sums that take 8 cycles", systolic("accumulate_latency_cycles=8"), "adders of floating point"),
    Effect("buffers released together", systolic("buffer_release=joint"), "GeneSys's RTL", True),
    Effect("each by itself", systolic("buffer_release=separate"), "decoupled access and execute"),
    Effect("psum port full duplex", ("dram.psum_duplex=full",), "AXI machines"),
    Effect(
        "each by itself, full duplex",
        (*systolic("buffer_release=separate"), "dram.psum_duplex=full"),
        "decoupled AXI machines",
    ),
    Effect(
        "together, overhead and duplex",
        (*systolic("buffer_release=joint", "tile_overhead_cycles=5"), "dram.psum_duplex=full"),
        "GeneSys's RTL",
    ),
    Effect("runs of a tile in bursts of 512 bits, channels first", ("dram.burst_bits=512",), "any DRAM"),
    Effect("what a tile loads comes after 100 cycles", ("dram.latency_cycles=100",), "who asks when there is room"),
    Effect(
        "one channel for all, as wide as one port",
        tuple(f"dram.{each}_channel=psum" for each in ("weight", "bias", "ifmap", "simd")),
        "machines with one bus, such as Gemmini",
        True,
    ),
)


class Run(NamedTuple):
    """A preset or, from the repository's folder on, a file; one that `trains` does a step."""

    name: str
    path: str
    machine: str
    trains: bool = False
    images: int = 1


MAPPED = systolic("row_mapping=window", "group_mapping=packed")
DCGAN = "tests/trials/cases/dsl/dcgan_{}.dsl"
RUNS = (
    Run("MobileNetV2", "mobilenet_v2", "HI3"),
    Run("EfficientNet-B0", "efficientnet_b0", "HI3"),
    Run("a step of a DCGAN's generator, 2 images", DCGAN.format("g"), "HT1", True, 2),
    Run("of its discriminator", DCGAN.format("d"), "HT1", True, 2),
    Run("a block of GPT-2 as M, N, K", "examples/scale_sim/gpt2_products.csv", "HI1"),
    Run("the same as convolutions", "examples/scale_sim/gpt2_convolutions.csv", "HI1"),
)


def contractions(machine: Hardware) -> list[tuple[Contraction, int]]:
    """The distinct ones, with how often each comes."""
    found = simdc.load(NETWORK).workload(machine).occurrences()
    kernels = [(forms[0][1], count) for forms, _, count in found]
    return [(kernel, count) for kernel, count in kernels if isinstance(kernel, Contraction)]


def searched(kernel: Contraction, machine: Hardware) -> Tiling:
    return search(kernel, machine, objective_for("cycles", kernel, machine), STEPS).tiling


def schedules(name: str, tiler: Tiler, settings: Iterable[str] = ()) -> Scheduled:
    machine = simdc.load_hardware(name, tuple(settings))
    return [(kernel, tiler(kernel, machine), count) for kernel, count in contractions(machine)]


def cycles(name: str, scheduled: Scheduled, settings: Iterable[str] = ()) -> int:
    machine = simdc.load_hardware(name, tuple(settings))
    return sum(count * int(EXACT.evaluate(kernel, tiling, machine).cycles.total) for kernel, tiling, count in scheduled)


def percent(changed: int, usual: int) -> str:
    """`+2.5`, `0.0`, and whole numbers from a hundred on."""
    part = 100 * (changed / usual - 1)
    text = f"{part:+.0f}" if abs(part) >= 100 else f"{part:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def changes(name: str, scheduled: Scheduled) -> list[str]:
    """Of each effect, where the schedules stay as they are."""
    usual = cycles(name, scheduled)
    return [percent(cycles(name, scheduled, effect.settings), usual) for effect in EFFECTS]


def learned(name: str, tiler: Tiler, usual: int) -> list[str]:
    """Of the effects that a table shows so, with schedules made for the machine."""
    settings = [effect.settings for effect in EFFECTS if effect.learned]
    return [percent(cycles(name, schedules(name, tiler, each), each), usual) for each in settings]


def effects_table() -> Iterator[str]:
    """Schedules made for the machine without them."""
    columns = list[list[str]]()
    for name in MACHINES:
        greedy, best = (changes(name, schedules(name, tiler)) for tiler in (greedy_tiling, searched))
        columns.append([f"{one} ({other})" for one, other in zip(greedy, best, strict=True)])
    yield f"| effect | fields | {' | '.join(MACHINES)} | who |"
    yield "|---|---|" + "--:|" * len(MACHINES) + "---|"
    for number, effect in enumerate(EFFECTS):
        fields = "<br>".join(f"`{each}`" for each in _short(effect.settings))
        yield f"| {effect.name} | {fields} | {' | '.join(column[number] for column in columns)} | {effect.who} |"


def learned_table() -> Iterator[str]:
    """Schedules that know the machine."""
    columns = list[list[str]]()
    for name in MACHINES:
        usual = [cycles(name, schedules(name, tiler)) for tiler in (greedy_tiling, searched)]
        tilers = zip((greedy_tiling, searched), usual, strict=True)
        greedy, best = (learned(name, tiler, own) for tiler, own in tilers)
        columns.append([f"{one} ({other})" for one, other in zip(greedy, best, strict=True)])
    yield f"| effect | {' | '.join(MACHINES)} |"
    yield "|---|" + "--:|" * len(MACHINES)
    for number, effect in enumerate(each for each in EFFECTS if each.learned):
        yield f"| {effect.name} | {' | '.join(column[number] for column in columns)} |"


def priced(run: Run, settings: tuple[str, ...] = ()) -> str:
    """Cycles of a network, and how much of the array's work is needed: `2,405,862 (16 %)`."""
    network = simdc.load(str(ROOT / run.path) if "/" in run.path else run.path, batch=run.images)
    machine = simdc.load_hardware(run.machine, settings)
    total = busy = macs = 0
    for layer in simdc.evaluate(network.training_step() if run.trains else network, machine):
        if layer.cost is not None:
            total += int(layer.cost.cycles.total)
            multiplies = isinstance(layer.kernel, Contraction)
            busy += int(layer.cost.cycles.compute) * multiplies
            macs += dict(layer.cost.ops).get("mac", 0) * multiplies
    return f"{total:,} ({100 * macs / (busy * machine.peak_macs_per_cycle):.0f} %)"


def mappings_table() -> Iterator[str]:
    """Networks on arrays that can do more and less, default tilings."""
    yield "| | on | usual | `window` and `packed` |"
    yield "|---|---|--:|--:|"
    for run in RUNS:
        yield f"| {run.name} | {run.machine} | {priced(run)} | {priced(run, MAPPED)} |"


def _short(settings: tuple[str, ...]) -> tuple[str, ...]:
    """All channels in one word: `dram.*_channel=psum`."""
    channels = [each for each in settings if each.endswith("_channel=psum")]
    return ("dram.*_channel=psum",) if len(channels) > 1 else settings


TABLES = {"effects": effects_table, "learned": learned_table, "mappings": mappings_table}


def renewed(page: str, names: Sequence[str] = ()) -> str:
    """The page with these tables, or all, as they are now. Raises ValueError where one has no place."""
    for name in names or TABLES:
        begin, end = BEGIN.format(name), END.format(name)
        head, found, rest = page.partition(begin)
        _, closed, tail = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"machine.md has no place for the table '{name}'")
        page = f"{head}{begin}\n{chr(10).join(TABLES[name]())}\n\n{end}{tail}"
    return page


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(), sys.argv[1:]))
