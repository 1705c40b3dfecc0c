"""What a search makes small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simdc.cost.energy import energy_of
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Contraction, Kernel
from simdc.cost.result import Cost

Objective = Callable[[Cost], Any]
"""From a cost to a number to be made small. It must not fall when a number of the cost grows, or bounds would not hold;
and it must be arithmetic that works on arrays element by element, as a `Cost` of many tilings has them."""


def cycles(cost: Cost) -> Any:
    return cost.cycles.total


def objective_for(name: str, kernel: Kernel, hardware: Hardware) -> Objective:
    """`cycles`, `energy` in pJ, `dram` in bits moved, or `edp`, energy times cycles. Raises KeyError."""
    on_systolic = isinstance(kernel, Contraction)

    def energy(cost: Cost) -> Any:
        return energy_of(cost, hardware, on_systolic=on_systolic).total

    table: dict[str, Objective] = {
        "cycles": cycles,
        "energy": energy,
        "dram": lambda cost: cost.dram_bits.total,
        "edp": lambda cost: energy(cost) * cost.cycles.total,
    }
    return table[name]
