"""What a model may offer beside pricing kernels one by one: all layers of a network on a machine, at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from simdc.named import NamedTuple

from .chosen import Chosen
from .hardware import Hardware
from .result import Cost


class CostColumns(NamedTuple):
    """Layers by number that ran on the systolic array, or else on the lanes, each in its cheapest form. The numbers of
    `cost` are arrays [layers] of floats, or of whole numbers where floats would round; it counts no operations."""

    layers: Sequence[int]
    cost: Cost
    on_systolic: bool


class LayersPriced(Protocol):
    """Distinct layers on one machine. `cycles` are those of all that have a price here, each as often as the network
    has it; `left_over` the numbers of the others, which have to be asked for one by one."""

    @property
    def cycles(self) -> int: ...

    @property
    def left_over(self) -> list[int]: ...

    def layer(self, number: int) -> Chosen:
        """The cheapest form of a layer that is not left over."""
        ...

    def columns(self) -> list[CostColumns]:
        """All layers that are not left over. Needs numpy."""
        ...

    def hold(self, number: int, hardware: Hardware) -> None:
        """Raise InvariantError where a layer is left over since no schedule can have the cost that was found."""
        ...


class NetworkPricer(Protocol):
    """The layers of one network."""

    def price(self, hardware: Hardware, *, greedy: bool) -> LayersPriced | None:
        """In the cheapest form by cycles, with greedy tilings or the model's own. None for a machine on which each
        layer has to be asked for by itself."""
        ...
