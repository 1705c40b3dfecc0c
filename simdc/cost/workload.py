"""A network as the cost models see it: named kernels, each distinct one priced once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .hardware import Hardware
from .kernel import Kernel
from .model import CostModel, Uncosted
from .result import Cost
from .tiling import Tiling


class LayerCost(NamedTuple):
    """A layer with its schedule and cost; both are None where the model has no price, and `reason` says why."""

    name: str
    kernel: Kernel
    tiling: Tiling | None
    cost: Cost | None
    reason: str = ""


class Workload:
    """Layers in program order. Keep one and price it on machine after machine: the kernels are analysed once."""

    def __init__(self, layers: Iterable[tuple[str, Kernel]]):
        """`layers` are (name, kernel) of the layers that cost something."""
        self._names: list[str] = []
        self._numbers: list[int] = []
        known: dict[Kernel, int] = {}
        for name, kernel in layers:
            self._names.append(name)
            self._numbers.append(known.setdefault(kernel, len(known)))
        self.kernels = tuple(known)

    def price(self, model: CostModel, hardware: Hardware) -> list[LayerCost]:
        """Tile each layer greedily by the model's rules and price it. Raises TilingError when a buffer is too small."""
        priced: list[tuple[Tiling | None, Cost | None, str]] = []
        for kernel in self.kernels:
            try:
                tiling = model.greedy(kernel, hardware)
                priced.append((tiling, model.evaluate(kernel, tiling, hardware), ""))
            except Uncosted as reason:
                priced.append((None, None, str(reason)))
        return [
            LayerCost(name, self.kernels[number], *priced[number])
            for name, number in zip(self._names, self._numbers, strict=True)
        ]
