"""Searching several kernels, which processes can share."""

from __future__ import annotations

from simdc.choices import Objective
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.model import Uncosted
from simdc.cost.model_table import load_model
from simdc.cost.tiling import TilingError
from simdc.named import NamedTuple

from .certificate import Found
from .objective import objective_for
from .search import search


class Searches(NamedTuple):
    """One search a kernel, for `simdc.workers`. The model has the rule of the machine: named, it need not be sent."""

    kernels: tuple[Kernel, ...]
    hardware: Hardware
    objective: Objective
    steps: float
    model: str

    def of(self, kernel: Kernel) -> Found:
        """Raises as `search`."""
        # Under the rule of the model that asks, or the proof would be of another machine.
        rule, objective = load_model(self.model).rule, objective_for(self.objective, kernel, self.hardware)
        return search(kernel, self.hardware, objective, self.steps, rule=rule)

    def do(self, number: int) -> Found | None:
        """What is found for the kernel with this number; None where `of` raises, which says why to whoever asks it."""
        try:
            return self.of(self.kernels[number])
        except (TilingError, Uncosted):
            return None
