"""Prices of a lowered network on a machine, as the passes from its forms to its costs give them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel
from simdc.cost.result import Cost
from simdc.cost.tiling import Tiling
from simdc.cost.workload import Workload
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


def prices(
    network: LoweredNetwork, model: AnyModel, hardware: AnyMachine, rule: Literal["default", "greedy"] = "default"
) -> Iterator[tuple[LoweredLayer, LayerPrice | str]]:
    """Each layer that costs something with its price in the form that takes fewest cycles, tiled by a rule of the
    model; or with the reason why the model has none. Layers alike are priced once, and all together where the model
    does that. Raises TilingError where no tiling fits, InvariantError for a cost that no schedule can have."""
    layers = [layer for layer in network.layers if layer.forms]
    asked = [layer for layer in layers if layer.step == "forward" or not model.forward_only]
    workload = Workload((layer.name, layer.forms_on(hardware)) for layer in asked)
    priced = iter(workload.price(model, hardware, model.greedy if rule == "greedy" else None))
    # By identity: layers alike share their costs.
    artefacts: dict[int, tuple[str, ...]] = {}
    for layer in layers:
        if model.forward_only and layer.step != "forward":
            yield layer, f"the model {model.name} prices forward layers only"
            continue
        found = next(priced)
        if found.tiling is None or found.cost is None:
            yield layer, found.reason
            continue
        if id(found.cost) not in artefacts:
            artefacts[id(found.cost)] = tuple(model.artefacts(found.kernel, found.tiling, hardware))
        # Without a choice, or under a model that takes the first form always, it is not named.
        form = found.form if model.takes_forms and len(layer.forms_on(hardware)) > 1 else ""
        unit = layer.unit_of(form)
        yield layer, LayerPrice(form, unit, found.kernel, found.tiling, found.cost, artefacts[id(found.cost)])
