"""Random contractions that share the array's rows with their window, or lie on it group beside group."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.cost.tiling import Tiling
from simdc.frozen import evolve
from tests.oracles.random_cases import random_cases


class MappedCase(NamedTuple):
    """As `Case`, of a contraction."""

    kernel: Contraction
    tiling: Tiling
    machine: Hardware


def mapped_cases(seed: int, count: int) -> Iterator[MappedCase]:
    """Contractions of `random_cases` on machines that can do more, each of which does some of it, or keeps results or
    inputs in its array."""
    random = Random(seed)
    for kernel, tiling, machine in random_cases(seed, 100 * count):
        if not isinstance(kernel, Contraction):
            continue
        chosen, other = randomly_mapped(random, kernel, able(machine))
        if chosen != kernel or other.systolic.dataflow != "weight_stationary":
            yield MappedCase(chosen, tiling, other)
            count -= 1
        if not count:
            return


def randomly_mapped(random: Random, kernel: Contraction, machine: Hardware) -> tuple[Contraction, Hardware]:
    """Some of the loops of a window on the rows, some of those over groups side by side, or none; with a dataflow that
    can do it."""
    beside = tuple(loop for loop in kernel.window_loops if random.random() < 0.6)
    groups = tuple(loop for loop in kernel.group_loops if random.random() < 0.6)
    dataflow = random.choice(("weight", "weight", "input", "output"))
    if dataflow != "weight":
        groups = ()
    if dataflow == "output":
        beside = ()
    systolic = evolve(machine.systolic, dataflow=f"{dataflow}_stationary")
    return kernel._replace(beside_rows=beside, side_by_side=groups), evolve(machine, systolic=systolic)


def able(machine: Hardware, side: int = 0) -> Hardware:
    """The machine with an array that can do all of it, of `side` x `side` PEs if that is given."""
    sides = {"rows": side, "columns": side} if side else {}
    return evolve(machine, systolic=evolve(machine.systolic, row_mapping="window", group_mapping="packed", **sides))
