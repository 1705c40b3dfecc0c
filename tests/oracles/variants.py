"""Machines that differ from the usual one in the fields for real arrays."""

from __future__ import annotations

from random import Random

from simdc.cost.dram import Dram
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction
from simdc.frozen import evolve
from tests.oracles.bursts import random_bursts
from tests.oracles.channels import random_channels
from tests.oracles.random_cases import random_cases
from tests.oracles.random_layers import Case
from tests.oracles.random_mappings import mapped_cases


def with_variants(random: Random, machine: Hardware, refuses: float = 0.0) -> Hardware:
    """The machine with each field of how its array computes drawn apart. `refuses` is the share of those with a latency
    that refuse schedules."""
    load = random.choice(("resident", "hidden", "exposed"))
    drain = random.choice(("overlapped", "overlapped", "serial"))
    overhead = random.choice((0, 0, random.randint(1, 9)))
    latency = random.choice((1, 1, random.randint(2, 12)))
    # An array that refuses takes as long as one without a latency, and its legal schedules are a few.
    hazard = "refuse" if latency > 1 and random.random() < refuses else "wait"
    fields = {"accumulate_latency_cycles": latency, "hazard": hazard}
    fields |= {"weight_load": load, "fold_drain": drain, "tile_overhead_cycles": overhead}
    return evolve(machine, systolic=evolve(machine.systolic, **fields))


def varied_cases(seed: int, count: int) -> list[Case]:
    """Contractions on machines with options."""
    random = Random(seed)
    cases = [case for case in random_cases(seed, 3 * count) if isinstance(case.kernel, Contraction)][: 2 * count // 3]
    # Also such as share a side of the array.
    cases += [Case(*case) for case in mapped_cases(seed, count // 3)]
    return [case._replace(machine=with_variants(random, case.machine)) for case in cases]


def with_all_options(random: Random, machine: Hardware) -> Hardware:
    """The machine with each option of array, lanes and DRAM drawn apart, many of them at their defaults."""
    varied = with_variants(random, machine) if random.random() < 0.7 else machine
    dram = random_channels(random) if random.random() < 0.4 else Dram()
    dram = random_bursts(random, dram) if random.random() < 0.5 else dram
    dram = evolve(dram, latency_cycles=random.choice((0, 1, random.randint(2, 60))))
    release = random.choice(("segment", "segment", "joint", "separate"))
    fields: dict[str, object] = {
        "issue": random.choice(("interleaved", "fission")),
        "tile_overhead_cycles": random.choice((0, random.randint(1, 50))),
        "double_buffered": random.choice((False, False, True)),
    }
    array = evolve(varied.systolic, buffer_release=release)
    return evolve(varied, dram=dram, systolic=array, simd=evolve(varied.simd, **fields))
