"""What all layers cost on one machine, found before each is asked for, by models that price them together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from simdc.cost.forms import Forms
from simdc.cost.hardware import Hardware
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel
from simdc.cost.together import CostColumns, NetworkPricer

TILINGS = {"greedy": True, "default": False}
"""Those that models give, by name, and whether they are greedy."""


class LayersAhead:
    """Layers by number, each with its `phase`, for which `models` has the model."""

    def __init__(self, layers: Sequence[tuple[Forms, str]], models: Mapping[str, AnyModel], tiling: str):
        self._greedy = TILINGS.get(tiling)
        self._pricers: list[tuple[list[int], NetworkPricer]] = []
        for phase, model in models.items() if self._greedy is not None else ():
            numbers = [number for number, (_, own) in enumerate(layers) if own == phase]
            pricer = model.together([layers[number][0] for number in numbers], [1] * len(numbers))
            if pricer is not None:
                self._pricers.append((numbers, pricer))

    def on(self, machine: AnyMachine) -> Iterator[CostColumns]:
        """All that are priced together there. The others have to be asked for, which says what is wrong."""
        for numbers, pricer in self._pricers:
            # Only models of arrays price layers together.
            rows = pricer.price(cast("Hardware", machine), greedy=bool(self._greedy))
            for columns in () if rows is None else rows.columns():
                yield columns._replace(layers=[numbers[own] for own in columns.layers])
