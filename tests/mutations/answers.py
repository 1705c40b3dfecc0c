"""Random cases with the answers of oracles that know nothing of the cost models' formulas, worked out once.

They are handed to the sandbox as bytes: there they become kernels and machines of whatever classes are in force, while
the answers stay plain tuples.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

from simdc.backends.simulate import simulate
from simdc.backends.simulate.contraction import visits
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Kernel
from simdc.cost.result import Cost
from simdc.cost.tiling import Tiling
from tests.oracles.best_schedules import KINDS, least_of_all, random_layers
from tests.oracles.capacity_walk import first_refusal
from tests.oracles.event_simulator import play
from tests.oracles.greedy_rules import greedy_by_rules
from tests.oracles.random_cases import random_cases
from tests.oracles.random_layers import random_tiling
from tests.oracles.tight_machines import greedy_cases

Answers = dict[str, list[bytes]]

CHUNK = 30
"""Most mutants fail in the first few cases; the others need not be unpacked for them."""


def prepare(seed: int = 7) -> Answers:
    """(case, answer) pairs by question. Short walks come first: they fail as often and sooner."""
    random = Random(seed)
    costs: list[Any] = []
    for case in random_cases(seed, 420):
        answer = simulate(*case)
        assert answer == play(*case)
        costs.append((case.kernel, case.tiling, case.machine, plain(answer), least_by_walk(*case)))
    tight = list(greedy_cases(random, 330))
    tilings = [(kernel, machine, tuple(greedy_by_rules(kernel, machine))) for kernel, machine in tight]
    refusals: list[Any] = []
    for kernel, machine in tight[:200]:
        tiling = random_tiling(random, kernel, 40)
        refusals.append((kernel, tiling, machine, first_refusal(kernel, tiling, machine)))
    schedules = [(*layer, least_of_all(*layer)) for layer in random_layers(seed, 2 * len(KINDS))]
    found: dict[str, list[Any]] = {"costs": costs, "tilings": tilings, "refusals": refusals, "schedules": schedules}
    return {
        question: [pickle.dumps(pairs[start : start + CHUNK]) for start in range(0, len(pairs), CHUNK)]
        for question, pairs in found.items()
    }


def unpacked(answers: list[bytes]) -> Iterator[Any]:
    for chunk in answers:
        yield from pickle.loads(chunk)


def least_by_walk(kernel: Kernel, tiling: Tiling, machine: Hardware) -> int | None:
    """Cycles of a contraction if each port moved its bits without a gap, but for the first loads and the last store,
    and had nothing to do while the first, or the last, tile is computed. None for a vector program."""
    if not isinstance(kernel, Contraction):
        return None
    walk = list(visits(kernel, whole_loops(kernel, tiling), machine))
    bits: Counter[tuple[str, str]] = Counter()
    for visit in walk:
        for transfer in (*visit.loads, *visit.stores):
            bits[transfer.port, transfer.traffic] += transfer.bits
    widths = machine.systolic.bandwidths
    busy: Counter[str] = Counter()
    for (port, _), moved in bits.items():
        busy[port] += -(-moved // getattr(widths, port.replace("_port", "_bits_per_cycle")))
    first: Counter[str] = Counter()
    for transfer in walk[0].loads:
        first[transfer.port] += transfer.cycles
    opening = max(first["weight_port"], first["ifmap_port"])
    closing = sum(transfer.cycles for transfer in walk[-1].stores)
    loading = max(busy[port] - first[port] for port in ("weight_port", "ifmap_port")) + walk[-1].compute_cycles
    storing = walk[0].compute_cycles + busy["psum_port"] - closing
    return opening + max(loading, storing, sum(visit.compute_cycles for visit in walk)) + closing


def whole_loops(kernel: Contraction, tiling: Tiling) -> Tiling:
    """A size at or above a loop's own bound is the whole loop, rounding up included."""
    bounds = {loop.name: loop.bound for loop in kernel.loops}
    sizes = (size if size < bounds[loop] else 1 << 60 for loop, size in zip(*tiling, strict=True))
    return Tiling(tiling.order, tuple(sizes))


def plain(cost: Cost) -> tuple[Any, ...]:
    return tuple(map(tuple, cost))


def check_costs(answers: list[bytes]) -> None:
    """`exact` equals the tile simulator, which equals the event simulator; integers throughout."""
    from simdc.cost import ExactModel

    model = ExactModel()
    for kernel, tiling, machine, expected, _ in unpacked(answers):
        cost = model.evaluate(kernel, tiling, machine)
        assert tuple(map(tuple, cost)) == expected, kernel.kind
        numbers = (*cost.cycles, *cost.dram_bits, *cost.sram_bits, *cost.busy, *(count for _, count in cost.ops))
        assert all(type(number) is int for number in numbers), kernel.kind


def check_bounds(answers: list[bytes]) -> None:
    """The lower bound that searches use: the same counts, and the cycles that its definition gives."""
    from simdc.cost.exact.tiled import tile

    slack = 0
    for kernel, tiling, machine, expected, least in unpacked(answers):
        bound = tile(kernel, tiling.order, tiling.sizes, machine).least_cost()
        assert tuple(map(tuple, bound))[1:4] == expected[1:4], kernel.kind
        assert tuple(bound.cycles) <= expected[0], kernel.kind
        assert least in (None, bound.cycles.total), kernel.kind
        if least is None:
            slack += bound.cycles.stall < expected[0][1]
    assert slack


def check_tilings(answers: list[bytes]) -> None:
    """The greedy tiling is the one that its rules give when every number of parts is tried."""
    from simdc.cost import greedy_tiling

    for kernel, machine, expected in unpacked(answers):
        assert tuple(greedy_tiling(kernel, machine)) == expected, kernel.kind


def check_refusals(answers: list[bytes]) -> None:
    """A tiling is refused exactly if a walk over its tiles says so, and with what it says."""
    from simdc.cost import ExactModel, TilingError

    model = ExactModel()
    for kernel, tiling, machine, expected in unpacked(answers):
        found = ""
        try:
            model.evaluate(kernel, tiling, machine)
        except TilingError as error:
            found = str(error)
        assert found.startswith(expected), kernel.kind
        assert bool(found) == bool(expected), kernel.kind


def check_schedules(answers: list[bytes]) -> None:
    """The search finds and proves the best of all schedules, and ends early with a bound that none falls below."""
    from tests.oracles.best_schedules import complaint

    for kernel, machine, least in unpacked(answers):
        wrong = complaint(kernel, machine, least)
        assert wrong is None, wrong
