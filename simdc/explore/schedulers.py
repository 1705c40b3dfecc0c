"""How layers get their tilings while machines are compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.model import CostModel
from simdc.cost.tiling import Tiling


class Scheduler(Protocol):
    rates_matter: bool
    """Whether a tiling depends on more of the machine than `roles.TILING_PREFIXES`."""

    def __call__(self, model: CostModel, kernel: Kernel, hardware: Hardware, /) -> Tiling: ...


class Greedy:
    """By the model's own rules."""

    rates_matter = False

    def __init__(self, objective: str):
        del objective

    def __call__(self, model: CostModel, kernel: Kernel, hardware: Hardware, /) -> Tiling:
        return model.greedy(kernel, hardware)


PER_LAYER = {"cycles": "cycles", "runtime": "cycles", "energy": "energy", "dram_bits": "dram", "edp": "edp"}
"""What the search makes small for an objective of a space."""


class Search:
    """The best schedule of each layer under `exact`. The product of energy and time is that of the layer: the layers'
    best products do not make the network's, so that an exploration for it finds a bound from above."""

    rates_matter = True

    def __init__(self, objective: str):
        self.objective = PER_LAYER[objective]

    def __call__(self, model: CostModel, kernel: Kernel, hardware: Hardware, /) -> Tiling:
        from simdc.cost.search import objective_for, search

        return search(kernel, hardware, objective_for(self.objective, kernel, hardware)).tiling


SCHEDULERS: dict[str, Callable[[str], Scheduler]] = {"greedy": Greedy, "search": Search}
"""By the name that `--tiling` has for it, each made for an objective of the space."""
