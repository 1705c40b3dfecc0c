"""What machines differ in, on ResNet-50: figures of an earlier program, its rules, and the fields of today.

    python -m tests.oracles.effects [--steps 300000] [HI1 HI2 HI3]

In percent of the cycles of convolutions and products, with greedy schedules and, which takes minutes, searched ones.
Each row has the figure, the program's rule played on the tiles of today, and what the fields of a machine give; where
these differ, why, and the rule that gives the same as the fields.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import NamedTuple

import simdc
from simdc.cost import Contraction, ExactModel, Hardware, Tiling
from simdc.cost.greedy import greedy_tiling
from simdc.cost.search import objective_for, search
from tests.oracles.effect_rules import (
    Array,
    Layer,
    Rule,
    adding_folds,
    channels_last,
    folds,
    hidden_folds,
    late_transfers,
    layers_of,
    released,
)

EXACT = ExactModel()
MACHINES = ("HI1", "HI2", "HI3")


class Other(NamedTuple):
    """Why the fields give something else: another `rule`, which gives the same as they do."""

    why: str
    rule: Rule | None = None


class Figure(NamedTuple):
    """`greedy` and `searched` in percent for the three machines, as they were; `settings` make a machine of today that
    has the effect, none if nothing does. `other` is why it gives something else, if it does. With `last` channels are
    last in DRAM; the fields of today are the rule then."""

    name: str
    rule: Rule | None
    settings: tuple[str, ...]
    greedy: tuple[float, float, float]
    searched: tuple[float, float, float] | None = None
    other: Other | None = None
    last: bool = False


LAST_FOLD = Other("a tile's last fold waits for no weights", hidden_folds)
NO_CYCLES_TO_ASK = Other("nothing takes cycles to ask for", released(joint=True, duplex=True, overhead=5))
LOADS_FIRST = "a port loads for tile 2 what is asked for, before what tile 1 stores and has not computed"


def adder_waits(latency: int) -> Other:
    return Other("a fold waits if the next one adds to its sums", adding_folds(latency))


def systolic(*settings: str) -> tuple[str, ...]:
    return tuple(f"systolic.{each}" for each in settings)


DUPLEX = "dram.psum_duplex=full"
FIGURES = (
    Figure(
        "register stages of the array",
        folds(lambda t, _: t, lambda array: array.fill + 3),
        systolic("tile_overhead_cycles=3"),
        (0.64, 0.18, 0.08),
        (0.07, 0.18, 0.08),
    ),
    Figure(
        "what a tile costs GeneSys",
        folds(lambda t, _: t, lambda array: array.fill + 5),
        systolic("tile_overhead_cycles=5"),
        (1.08, 0.30, 0.14),
    ),
    Figure(
        "weights shift in beside the fold before",
        folds(lambda t, array: max(t, array.rows)),
        systolic("weight_load=hidden"),
        (167.89, 166.23, 71.50),
        (0.61, 1.15, 3.13),
        LAST_FOLD,
    ),
    Figure(
        "weights shift in before their fold",
        folds(lambda t, array: t + array.rows),
        systolic("weight_load=exposed"),
        (211.03, 192.62, 96.24),
        (19.48, 28.97, 35.66),
    ),
    Figure(
        "folds drain before the next",
        folds(lambda t, array: t + array.fill, lambda _: 0),
        systolic("fold_drain=serial"),
        (392.28, 372.27, 188.78),
    ),
    Figure(
        "weights before their fold, and drain",
        folds(lambda t, array: t + array.rows + array.fill, lambda _: 0),
        systolic("weight_load=exposed", "fold_drain=serial"),
        (607.14, 567.95, 288.49),
        (55.51, 79.18, 98.40),
    ),
    Figure(
        "the fill overlaps the next tile",
        folds(lambda t, _: t, lambda _: 0),
        (),
        (-6.31, -3.74, -3.50),
        (-0.68, -1.31, -2.58),
        Other("no machine has it"),
    ),
    Figure(
        "sums that take 3 cycles",
        folds(lambda t, _: max(t, 3)),
        systolic("accumulate_latency_cycles=3"),
        (17.98, 9.94, 2.16),
        (0.00, 0.07, 0.00),
        adder_waits(3),
    ),
    Figure(
        "sums that take 8 cycles",
        folds(lambda t, _: max(t, 8)),
        systolic("accumulate_latency_cycles=8"),
        (73.87, 36.52, 7.56),
        None,
        adder_waits(8),
    ),
    Figure(
        "each transfer waits 100 cycles",
        late_transfers(100),
        (),
        (15.55, 2.76, 1.32),
        None,
        Other("no machine has it: latencies are hidden"),
    ),
    Figure(
        "runs begin a burst of 512 bits, channels last",
        None,
        ("dram.burst_bits=512",),
        (15.40, 3.69, 0.00),
        last=True,
    ),
    Figure(
        "buffers released together",
        released(joint=True),
        systolic("buffer_release=joint"),
        (3.42, 0.26, 1.00),
        None,
        Other(LOADS_FIRST, released(joint=True, early=True)),
    ),
    Figure(
        "each by itself",
        released(joint=False),
        systolic("buffer_release=separate"),
        (-0.59, -2.97, -1.33),
        None,
        Other(LOADS_FIRST, released(joint=False, early=True)),
    ),
    Figure(
        "each by itself, full duplex",
        released(joint=False, duplex=True),
        (*systolic("buffer_release=separate"), DUPLEX),
        (-3.43, -3.05, -1.33),
    ),
    Figure(
        "together, overhead and duplex",
        released(joint=True, duplex=True, asks=6, overhead=5),
        (*systolic("buffer_release=joint", "tile_overhead_cycles=5"), DUPLEX),
        (1.81, 0.46, 1.15),
        None,
        NO_CYCLES_TO_ASK,
    ),
)


def by_rule(layers: list[Layer], name: str, rule: Rule) -> float:
    """Percent that the rule adds."""
    machine = simdc.load_hardware(name)
    array = Array(machine.systolic.rows, machine.systolic.columns)
    return _percent(sum(each.count * rule(each, array) for each in layers), _cycles(layers, machine))


def by_fields(layers: list[Layer], name: str, figure: Figure) -> float:
    """Percent that the fields add."""
    usual, machine = simdc.load_hardware(name), simdc.load_hardware(name, figure.settings)
    if figure.last:
        layers = [each._replace(kernel=channels_last(each.kernel)) for each in layers]
    return _percent(_cycles(layers, machine), _cycles(layers, usual))


def _cycles(layers: list[Layer], machine: Hardware) -> int:
    return sum(each.count * int(EXACT.evaluate(each.kernel, each.tiling, machine).cycles.total) for each in layers)


def _percent(changed: int, usual: int) -> float:
    return 100 * (changed / usual - 1)


def table(layers: list[Layer], name: str, *, searched: bool = False) -> Iterator[str]:
    yield f"{name}, {'searched' if searched else 'greedy'}"
    yield f"{'':50}{'figure':>9}{'its rule':>9}{'fields':>9}{'other rule':>11}"
    for figure in FIGURES:
        figures = figure.searched if searched else figure.greedy
        other = Other("") if figure.other is None else figure.other
        found = (
            figures and figures[MACHINES.index(name)],
            figure.rule and by_rule(layers, name, figure.rule),
            by_fields(layers, name, figure) if figure.settings else None,
            other.rule and by_rule(layers, name, other.rule),
        )
        cells = ["" if each is None else f"{each:+.2f}" for each in found]
        yield f"{figure.name:50}{cells[0]:>9}{cells[1]:>9}{cells[2]:>9}{cells[3]:>11}  {other.why}".rstrip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=300_000, help="of a search; 0: greedy schedules only")
    parser.add_argument("machines", nargs="*", default=MACHINES)
    options = parser.parse_args()

    def searched(kernel: Contraction, machine: Hardware) -> Tiling:
        return search(kernel, machine, objective_for("cycles", kernel, machine), options.steps).tiling

    for name in options.machines:
        print(*table(layers_of(name, greedy_tiling), name), "", sep="\n")
        if options.steps:
            print(*table(layers_of(name, searched), name, searched=True), "", sep="\n")


if __name__ == "__main__":
    main()
