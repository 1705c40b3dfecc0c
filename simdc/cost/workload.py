"""A network as the cost models see it: named kernels, each distinct one priced once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from .guards import Check, InvariantError, layer_fault
from .hardware import Hardware
from .kernel import Kernel
from .model import CostModel, Uncosted
from .result import Cost
from .tiling import Tiling, TilingError

Tiler = Callable[[Kernel, Hardware], Tiling]


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
        self._guards: dict[str, list[Check]] = {}

    def occurrences(self) -> list[tuple[Kernel, str, int]]:
        """Each distinct kernel with the first layer that has it and the number of layers that do."""
        return [
            (kernel, self._names[self._numbers.index(number)], self._numbers.count(number))
            for number, kernel in enumerate(self.kernels)
        ]

    def price(self, model: CostModel, hardware: Hardware, tiler: Tiler | None = None) -> list[LayerCost]:
        """Tile each layer, by the model's default if no `tiler` is given, and price it. Raises TilingError,
        which knows the layer, when a buffer is too small, InvariantError for a cost that no schedule can have."""
        tiler = tiler or model.default
        priced: list[tuple[Tiling | None, Cost | None, str]] = []
        for number, (kernel, guard) in enumerate(zip(self.kernels, self._guards_of(model), strict=True)):
            try:
                tiling = tiler(kernel, hardware)
                cost = model.evaluate(kernel, tiling, hardware)
                guard(cost, hardware)
                priced.append((tiling, cost, ""))
            except Uncosted as reason:
                priced.append((None, None, str(reason)))
            except TilingError as error:
                error.layer = self._names[self._numbers.index(number)]
                raise
            except InvariantError as broken:
                raise layer_fault(self._names[self._numbers.index(number)], model.name, broken) from None
        return [
            LayerCost(name, self.kernels[number], *priced[number])
            for name, number in zip(self._names, self._numbers, strict=True)
        ]

    def _guards_of(self, model: CostModel) -> list[Check]:
        if model.name not in self._guards:
            self._guards[model.name] = [model.guard(kernel) for kernel in self.kernels]
        return self._guards[model.name]
