"""What a model may offer beside pricing kernels one by one: all layers of a network on a machine, at once."""

from __future__ import annotations

from typing import Protocol

from .chosen import Chosen
from .hardware import Hardware


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

    def hold(self, number: int, hardware: Hardware) -> None:
        """Raise InvariantError where a layer is left over since no schedule can have the cost that was found."""
        ...


class NetworkPricer(Protocol):
    """The layers of one network."""

    def price(self, hardware: Hardware, *, greedy: bool) -> LayersPriced | None:
        """In the cheapest form by cycles, with greedy tilings or the model's own. None for a machine on which each
        layer has to be asked for by itself."""
        ...
