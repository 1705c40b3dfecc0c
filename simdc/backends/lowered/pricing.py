"""Prices of a lowered network on a machine, as the passes from its forms to its costs give them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from simdc.cost.forms import cheapest, least_for, value_for
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel, Uncosted, guard_of
from simdc.cost.result import Cost
from simdc.cost.tiling import Tiling
from simdc.named import NamedTuple

from .network import LoweredLayer, LoweredNetwork


class LayerPrice(NamedTuple):
    """The form that was chosen, empty where there is no choice, its array, and its cost with what the model finds
    wrong with it."""

    form: str
    unit: str
    kernel: Kernel
    tiling: Tiling
    cost: Cost
    artefacts: tuple[str, ...]


Tile = Callable[[Kernel, AnyMachine], Tiling]


def prices(
    network: LoweredNetwork, model: AnyModel, hardware: AnyMachine, rule: Literal["default", "greedy"] = "default"
) -> Iterator[tuple[LoweredLayer, LayerPrice | str]]:
    """Each layer that costs something with its price in the form that takes fewest cycles, tiled by a rule of the
    model; or with the reason why the model has none. Layers alike are priced once. Raises TilingError where no tiling
    fits, InvariantError for a cost that no schedule can have."""
    tile: Tile = model.greedy if rule == "greedy" else model.default
    # By the layers' choice, for alike forms may be a choice in one layer and given in none.
    known: dict[object, LayerPrice | str] = {}
    for layer in network.layers:
        if not layer.forms:
            continue
        if model.forward_only and layer.step != "forward":
            yield layer, f"the model {model.name} prices forward layers only"
            continue
        question = layer.forms, layer.units, layer.may_choose
        if question not in known:
            known[question] = _price(layer, model, hardware, tile)
        yield layer, known[question]


def _price(layer: LoweredLayer, model: AnyModel, hardware: AnyMachine, tile: Tile) -> LayerPrice | str:
    def price(kernel: Kernel) -> tuple[Tiling, Cost]:
        tiling = tile(kernel, hardware)
        cost = model.evaluate(kernel, tiling, hardware)
        guard_of(model, kernel)(cost, hardware)
        return tiling, cost

    (_, first), *others = layer.forms
    try:
        if layer.may_choose and others and model.takes_forms:
            value, least = value_for("cycles", hardware), least_for("cycles", model, hardware)
            form, kernel, tiling, cost = cheapest(layer.forms, price, value, least)
        else:
            form, kernel, (tiling, cost) = "", first, price(first)
    except Uncosted as reason:
        return str(reason)
    unit = dict(zip((name for name, _ in layer.forms), layer.units, strict=True))[form or layer.forms[0][0]]
    return LayerPrice(form, unit, kernel, tiling, cost, tuple(model.artefacts(kernel, tiling, hardware)))
