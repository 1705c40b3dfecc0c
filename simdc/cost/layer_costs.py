"""What the layers of a network cost on a machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import ClassVar, overload

from simdc.named import NamedTuple

from .kernel import Kernel
from .result import Cost, Number, add_up
from .tiling import Tiling
from .together import LayersPriced


class LayerCost(NamedTuple):
    """A layer with its schedule and cost; both are None where the model has no price, and `reason` says why. `form` is
    the one that was taken, by its name."""

    name: str
    kernel: Kernel
    tiling: Tiling | None
    cost: Cost | None
    reason: str = ""
    form: str = ""

    def __repr__(self) -> str:
        # A kernel in full is a page; a list of layers has to be read.
        priced = f"not costed: {self.reason}" if self.cost is None else f"{self.cost.cycles.total:,} cycles"
        return f"<{self.name}: {self.kernel.kind}{f' as {self.form}' if self.form else ''}, {priced}>"


class DistinctPrice(NamedTuple):
    """A distinct layer, as `LayerCost` has it."""

    kernel: Kernel
    tiling: Tiling | None
    cost: Cost | None
    reason: str
    form: str


class PricedLayers(Sequence[LayerCost]):
    """The layers of a workload on a machine, in program order. Costs that a model found for all of them at once are
    numbers in a row until somebody looks at a layer."""

    def __init__(
        self,
        names: Sequence[str],
        numbers: Sequence[int],
        together: LayersPriced | None,
        one_by_one: Mapping[int, DistinctPrice],
    ):
        """Layers by name, each with the number of the distinct layer that it is; of these some were priced `together`,
        the others `one_by_one`, which is preferred."""
        self._names, self._numbers = names, numbers
        self._together, self._one_by_one = together, one_by_one

    @property
    def cycles(self) -> Number:
        """Of all layers that have a price."""
        times, found = self._numbers.count, 0 if self._together is None else self._together.cycles
        costs = ((times(number), priced.cost) for number, priced in self._one_by_one.items())
        return add_up([found, *(many * cost.cycles.total for many, cost in costs if cost is not None)])

    @cached_property
    def _layers(self) -> list[LayerCost]:
        known = {number: self._priced(number) for number in dict.fromkeys(self._numbers)}
        return [LayerCost(name, *known[number]) for name, number in zip(self._names, self._numbers, strict=True)]

    def _priced(self, number: int) -> DistinctPrice:
        if number in self._one_by_one or self._together is None:
            return self._one_by_one[number]
        chosen = self._together.layer(number)
        return DistinctPrice(chosen.kernel, chosen.tiling, chosen.cost, "", chosen.form)

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, place: int) -> LayerCost: ...
    @overload
    def __getitem__(self, place: slice) -> list[LayerCost]: ...
    def __getitem__(self, place: int | slice) -> LayerCost | list[LayerCost]:
        return self._layers[place]

    def __iter__(self) -> Iterator[LayerCost]:
        return iter(self._layers)

    def __eq__(self, other: object) -> bool:
        return self._layers == (other._layers if isinstance(other, PricedLayers) else other)

    __hash__: ClassVar[None] = None  # pyright: ignore[reportIncompatibleMethodOverride]  # as of a list

    def __repr__(self) -> str:
        return repr(self._layers)
