"""Random cases with the answers of oracles that know nothing of the cost models' formulas, worked out once.

They are handed to the sandbox as bytes: there they become kernels and machines of whatever classes are in force, while
the answers stay plain tuples.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from simdc.backends.simulate import simulate
from simdc.backends.simulate.contraction import visits
from simdc.cost.dram import Dram
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, FusedProducts, Kernel
from simdc.cost.result import Cost
from simdc.cost.structure import unstructure
from simdc.cost.tiling import Tiling
from simdc.frozen import evolve
from tests.mutations.cases import ROOT
from tests.mutations.cases import Case as Question
from tests.oracles import random_fused
from tests.oracles.balanced import balanced
from tests.oracles.best_schedules import KINDS, least_of_all, random_layers
from tests.oracles.bursts import random_bursts
from tests.oracles.capacity_walk import first_refusal
from tests.oracles.channels import random_channels, with_channels
from tests.oracles.event_simulator import play
from tests.oracles.greedy_rules import greedy_by_rules
from tests.oracles.ladder_rules import least_by_rules, rungs_by_rules
from tests.oracles.random_cases import random_cases
from tests.oracles.random_layers import Case, random_tiling
from tests.oracles.random_mappings import able, randomly_mapped
from tests.oracles.tight_machines import greedy_cases
from tests.oracles.variants import varied_cases, with_all_options, with_variants

MOST_RUNGS = 200
RELEASES = ("segment", "joint", "separate")
ANSWERS = "answers"
"""What stands in the place of a module in the names of these cases. Theirs is not imported anew with the others."""


def answer_cases(seed: int = 7) -> list[Question]:
    """Cases of a few random questions each, none of which takes long."""
    random = Random(seed)
    costs: list[Any] = []
    for case in random_cases(seed, 420):
        answer = simulate(*case)
        assert answer == play(*case)
        costs.append((*case, plain(answer), least_by_walk(*case)))
    others = [(*case, plain(simulate(*case))) for case in cases_with_options(random, seed)]
    tight = list(greedy_cases(random, 330))
    tilings = [(kernel, machine, tuple(greedy_by_rules(kernel, machine))) for kernel, machine in tight]
    refusals: list[Any] = []
    for kernel, machine in tight[:200]:
        tiling = random_tiling(random, kernel, 40)
        refusals.append((kernel, tiling, machine, first_refusal(kernel, tiling, machine)))
    ladders: list[Any] = []
    for kernel, machine in tight[:150]:
        rungs = sorted(set(rungs_by_rules(kernel, machine)))
        if len(rungs) <= MOST_RUNGS and (least := least_by_rules(kernel, machine, rungs)) is not None:
            ladders.append((kernel, machine, set(map(tuple, rungs)), least))
    for kernel, machine in tight[150:]:
        machine = with_variants(random, machine, 0.4)
        rungs = sorted(set(rungs_by_rules(kernel, machine))) if isinstance(kernel, Contraction) else []
        if len(rungs) <= MOST_RUNGS and (least := least_by_rules(kernel, machine, rungs)) is not None:
            ladders.append((kernel, machine, set(map(tuple, rungs)), least))
    schedules = [(*layer, least_of_all(*layer)) for layer in random_layers(seed, 2 * len(KINDS))]
    for kernel, machine in random_layers(seed + 1, len(KINDS)):
        if isinstance(kernel, Contraction):
            layer = randomly_mapped(random, kernel, able(with_variants(random, machine, 0.4)))
            schedules.append((*layer, least_of_all(*layer)))
    questions = (
        (check_costs, costs, 15),
        (check_other_machines, others, 8),
        (check_bounds, costs, 15),
        (check_tilings, tilings, 15),
        (check_refusals, refusals, 15),
        (check_ladders, ladders, 3),
        (check_schedules, schedules, 1),
    )
    return [
        Question(f"{ANSWERS}::{check.__name__} {start}", check, {"answers": pickle.dumps(pairs[start : start + many])})
        for check, pairs, many in questions
        for start in range(0, len(pairs), many)
    ]


def cases_with_options(random: Random, seed: int) -> Iterator[Case]:
    """Schedules on machines with fields away from their defaults."""
    yield from varied_cases(seed, 120)
    for kernel, tiling, machine in random_cases(seed + 1, 150):
        release = random.choice(RELEASES)
        if isinstance(kernel, Contraction) and release != "segment":
            machine = balanced(random, kernel, tiling, machine, release)
        machine = with_channels(machine, random_channels(random), release)
        overhead = random.choice((0, random.randint(1, 9)))
        yield Case(kernel, tiling, evolve(machine, simd=evolve(machine.simd, tile_overhead_cycles=overhead)))
    for _ in range(160):
        kernel, tiling, machine = random_fused.random_case(random)
        # Queries and keys come over ports of their own, some slower than the arrays.
        widths = evolve(machine.systolic.bandwidths, weight_bits_per_cycle=random.randint(1, 4))
        systolic = evolve(machine.systolic, bandwidths=widths, buffer_release=random.choice(RELEASES))
        dram = random_bursts(random, machine.dram) if random.random() < 0.5 else machine.dram
        yield Case(kernel, tiling, with_variants(random, evolve(machine, systolic=systolic, dram=dram)))
    # Draws of their own: what comes behind stays as it is. Memory for what options keep there.
    apart = Random(seed + 3)
    cases = [*random_cases(seed + 2, 300), *(Case(*random_fused.random_case(apart)) for _ in range(40))]
    for kernel, tiling, machine in cases:
        # Where the port is fast, what the lanes do beside it decides.
        fast = {"bandwidth_bits_per_cycle": 1 << 20} if apart.random() < 0.5 else {}
        roomy = evolve(machine, simd=evolve(machine.simd, vmem_bits=1 << 40, **fast))
        drawn = with_all_options(apart, roomy)
        if isinstance(kernel, FusedProducts):
            # Its lanes need a channel of their own.
            channels = {
                name: getattr(Dram(), name) for name in unstructure(Dram(), every=True) if name.endswith("_channel")
            }
            drawn = evolve(drawn, dram=evolve(drawn.dram, **channels))
        yield Case(kernel, tiling, drawn)


def golden_cases() -> list[Question]:
    """A case for every golden file: what passes give is what it shows."""
    files = sorted((ROOT / "tests" / "passes").glob("*.mlir"))
    return [Question(f"{ANSWERS}::{path.name}", check_golden, {"path": path}) for path in files]


def check_golden(path: Path) -> None:
    from tests.conftest import SEPARATOR, transformed, without_digests

    given, _, expected = path.read_text(encoding="utf-8").partition(SEPARATOR)
    assert without_digests(transformed(given, path.parent)) == expected


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


def check_costs(answers: bytes) -> None:
    """`exact` equals the tile simulator, which equals the event simulator; integers throughout."""
    from simdc.cost import ExactModel

    model = ExactModel()
    for kernel, tiling, machine, expected, _ in pickle.loads(answers):
        cost = model.evaluate(kernel, tiling, machine)
        assert tuple(map(tuple, cost)) == expected, kernel.kind
        numbers = (*cost.cycles, *cost.dram_bits, *cost.sram_bits, *cost.busy, *(count for _, count in cost.ops))
        assert all(type(number) is int for number in numbers), kernel.kind


def check_other_machines(answers: bytes) -> None:
    """As `check_costs`, and no bound is above the cost."""
    from simdc.cost import ExactModel
    from simdc.cost.exact.tiled import tile
    from simdc.cost.kernel import FusedProducts

    model = ExactModel()
    for kernel, tiling, machine, expected in pickle.loads(answers):
        cost = model.evaluate(kernel, tiling, machine)
        assert tuple(map(tuple, cost)) == expected, kernel.kind
        counts = dict(cost.ops)
        # Some are drawn with more products than their loops run through.
        if counts.get("mac", 0) <= counts.get("mac_executed", counts.get("mac", 0)):
            model.guard(kernel)(cost, machine)
        assert model.least_cycles(kernel, machine) <= cost.cycles.total, kernel.kind
        if not isinstance(kernel, FusedProducts):
            bound = tile(kernel, tiling.order, tiling.sizes, machine).least_cost()
            assert tuple(map(tuple, bound))[1:4] == expected[1:4], kernel.kind
            assert bound.cycles.total <= cost.cycles.total, kernel.kind


def check_bounds(answers: bytes) -> None:
    """The lower bound that searches use: the same counts, and the cycles that its definition gives."""
    from simdc.cost.exact.tiled import tile

    for kernel, tiling, machine, expected, least in pickle.loads(answers):
        bound = tile(kernel, tiling.order, tiling.sizes, machine).least_cost()
        assert tuple(map(tuple, bound))[1:4] == expected[1:4], kernel.kind
        assert tuple(bound.cycles) <= expected[0], kernel.kind
        assert least in (None, bound.cycles.total), kernel.kind


def check_tilings(answers: bytes) -> None:
    """The greedy tiling is the one that its rules give when every number of parts is tried."""
    from simdc.cost import greedy_tiling

    for kernel, machine, expected in pickle.loads(answers):
        assert tuple(greedy_tiling(kernel, machine)) == expected, kernel.kind


def check_refusals(answers: bytes) -> None:
    """A tiling is refused exactly if a walk over its tiles says so, and with what it says."""
    from simdc.cost import ExactModel, TilingError

    model = ExactModel()
    for kernel, tiling, machine, expected in pickle.loads(answers):
        found = ""
        try:
            model.evaluate(kernel, tiling, machine)
        except TilingError as error:
            found = str(error)
        assert found.startswith(expected), kernel.kind
        assert bool(found) == bool(expected), kernel.kind


def check_ladders(answers: bytes) -> None:
    """The default tiling is a rung of the ladder, and no rung that fits is cheaper."""
    from simdc.cost import ExactModel
    from simdc.cost.ladder import ladder_tiling

    for kernel, machine, rungs, least in pickle.loads(answers):
        tiling = ladder_tiling(kernel, machine)
        cost = ExactModel().evaluate(kernel, tiling, machine)
        assert tuple(tiling) in rungs, kernel.kind
        assert (cost.cycles.total, cost.dram_bits.total) == least, kernel.kind


def check_schedules(answers: bytes) -> None:
    """The search finds and proves the best of all schedules, and ends early with a bound that none falls below."""
    from tests.oracles.best_schedules import complaint

    for kernel, machine, least in pickle.loads(answers):
        wrong = complaint(kernel, machine, least)
        assert wrong is None, wrong
