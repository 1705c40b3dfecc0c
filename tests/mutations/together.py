"""Layers priced together, on machine after machine and at length after length, with what each costs by itself: small
ones, as each is asked for thousands of mutants."""

from __future__ import annotations

import pickle
from operator import attrgetter
from random import Random
from typing import Any

import pytest

from simdc.cost import ExactModel, Hardware, TilingError, with_field
from simdc.cost.kernel import ArrayKernel, Contraction, Kernel
from simdc.cost.result import Cost
from simdc.cost.together import NetworkPricer
from tests.cost.packed.test_line import alone, random_layers
from tests.cost.packed.test_network_rows import STEPS, random_layer
from tests.mutations.cases import Case as Question
from tests.oracles.random_layers import random_machine

MOST_STEPS = 12
"""Iterations of a loop."""
COLUMNS = attrgetter("cycles", "dram_bits", "sram_bits", "busy")
KEPT = [path for path in STEPS if path.endswith(("_per_cycle", "_bits"))]
"""Fields that leave most of what was found as it is."""


def together_cases(seed: int = 11) -> list[Question]:
    random = Random(seed)
    machines = [machine_after_machine(random) for _ in range(150)]
    lengths = [length_after_length(random) for _ in range(80)]
    return [
        Question(f"answers::{check.__name__} {number}", check, {"answers": pickle.dumps(each)})
        for check, asked in ((check_machines, machines), (check_lengths, lengths))
        for number, each in enumerate(asked)
    ]


def machine_after_machine(random: Random) -> tuple[list[ArrayKernel], list[Any]]:
    """Two layers; machines, how each tiles, and what the layers cost there, or which of them is refused."""
    kernels = [small_layer(random) for _ in range(2)]
    machine = random_machine(random, stores_padding=True)
    tiling = random.choice(("greedy", "default"))
    paths = random.choice((KEPT, list(STEPS)))
    values = {path: [random.randint(*STEPS[path]) for _ in range(2)] for path in paths}
    asked: list[Any] = []
    for _ in range(8):
        path = random.choice(paths)
        roomy = random.random() < 0.6 and path.endswith("_bits")
        machine = with_field(machine, path, 1 << 40 if roomy else random.choice(values[path]))
        asked.append((machine, tiling, [by_itself(kernel, machine, tiling) for kernel in kernels]))
    return kernels, asked


def small_layer(random: Random) -> ArrayKernel:
    while True:
        kernel = random_layer(random)
        if max(kernel.bounds.values()) <= MOST_STEPS:
            return kernel


def by_itself(kernel: Kernel, machine: Hardware, tiling: str) -> tuple[Any, ...] | None:
    model = ExactModel()
    try:
        found = (model.greedy if tiling == "greedy" else model.default)(kernel, machine)
        return tuple(found), tuple(map(tuple, model.evaluate(kernel, found, machine)))
    except TilingError:
        return None


def check_machines(answers: bytes) -> None:
    """Each machine finds what the ones before left behind."""
    from simdc.cost import ExactModel, TilingError
    from simdc.cost.forms import only
    from simdc.cost.workload import Workload

    model = ExactModel()
    kernels, asked = pickle.loads(answers)
    workload = Workload([(str(number), only(kernel)) for number, kernel in enumerate(kernels)])
    for machine, tiling, wanted in asked:
        tiler = model.greedy if tiling == "greedy" else model.default
        if None in wanted:
            with pytest.raises(TilingError):
                workload.price(model, machine, tiler)
        else:
            layers = workload.price(model, machine, tiler)
            assert [(tuple(each.tiling), tuple(map(tuple, each.cost))) for each in layers] == wanted
            check_columns(model.together(workload.distinct, [1] * len(workload.distinct)), machine, tiling, wanted)


def check_columns(pricer: NetworkPricer | None, machine: Hardware, tiling: str, wanted: list[Any]) -> None:
    rows = None if pricer is None else pricer.price(machine, greedy=tiling == "greedy")
    for columns in [] if rows is None else rows.columns():
        assert rows is not None
        for place, number in enumerate(columns.layers):
            assert isinstance(rows.layer(number).kernel, Contraction) == columns.on_systolic
            cycles, dram, sram, _, busy = wanted[number][1]
            for part, numbers in zip(COLUMNS(columns.cost), (cycles, dram, sram, busy), strict=True):
                assert [int(column[place]) for column in part] == list(numbers)


def length_after_length(random: Random) -> tuple[list[Any], int, list[Any]]:
    """Kernels of each layer at each step, and what they cost there on some machines."""
    steps = random.randint(4, 7)
    while True:
        layers = list(random_layers(random, steps))[:2]
        written = [[[at(step) for step in range(steps + 1)] for at in each.forms] for each in layers]
        if all(max(kernel.bounds.values()) <= 2 * MOST_STEPS for forms in written for at in forms for kernel in at):
            break
    asked: list[Any] = []
    for _ in range(2):
        machine = random_machine(random, stores_padding=True)
        machine = with_field(machine, "simd.vmem_bits", 1 << 20)
        for step in random.sample(range(steps + 1), 2):
            costs = [alone(layer, step, machine) for layer in layers]
            told = [each and each.cost and (isinstance(each.kernel, Contraction), plain(each.cost)) for each in costs]
            asked.append((machine, step, told))
    return [(forms, each.times, each.counted) for forms, each in zip(written, layers, strict=True)], steps, asked


def plain(cost: Cost) -> tuple[list[int], int]:
    numbers = [*cost.cycles, *cost.dram_bits, *cost.sram_bits, *cost.busy]
    return list(map(int, numbers)), int(dict(cost.ops).get("mac", 0))


def check_lengths(answers: bytes) -> None:
    """In sums of all layers that have a price; those of the array and those of the lanes."""
    from simdc.cost import ExactModel
    from simdc.cost.along import LineLayer

    written, steps, asked = pickle.loads(answers)
    layers = [LineLayer([each.__getitem__ for each in forms], *counts) for forms, *counts in written]
    line = ExactModel().along(layers, steps)
    assert line is not None
    for machine, step, told in asked:
        found = line.sums(step, machine)
        if found is None:
            continue
        sums, macs = {True: [0] * 19, False: [0] * 19}, 0
        for number, (layer, own) in enumerate(zip(layers, told, strict=True)):
            if number in found.left_over:
                continue
            is_array, (numbers, products) = own
            sums[is_array] = [whole + layer.times * more for whole, more in zip(sums[is_array], numbers, strict=True)]
            macs += layer.counted * products
        assert [plain(found.array)[0], plain(found.lanes)[0], found.macs] == [sums[True], sums[False], macs]
