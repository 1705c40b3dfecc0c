"""The cost model `exact`: integer counts and cycles that a tile-by-tile execution of the same schedule confirms."""

from __future__ import annotations

from simdc.cost.greedy import greedy_tiling
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel, VectorProgram
from simdc.cost.result import Cost
from simdc.cost.tiling import Tiling, check_loops

from .contraction import contraction_cost
from .vector import vector_cost


class ExactModel:
    """Prices any kernel; takes the machine as it is, whatever the network's phase."""

    name = "exact"

    def __init__(self, phase: str = "inference"):
        self.phase = phase

    def greedy(self, kernel: Kernel, hardware: Hardware) -> Tiling:
        return greedy_tiling(kernel, hardware)

    def evaluate(self, kernel: Kernel, tiling: Tiling, hardware: Hardware) -> Cost:
        check_loops(kernel, tiling)
        if isinstance(kernel, VectorProgram):
            return vector_cost(kernel, tiling, hardware)
        return contraction_cost(kernel, tiling, hardware)
