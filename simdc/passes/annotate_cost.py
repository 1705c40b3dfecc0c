"""Write onto each layer what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.passes import ModulePass

from simdc.choices import DEFAULT_MODEL
from simdc.cost.kernel import Kernel
from simdc.cost.machines import AnyMachine
from simdc.cost.model import AnyModel, guard_of
from simdc.cost.model_table import check_model
from simdc.cost.tiling import Tiling
from simdc.ir.attributes import CostAttr, OriginAttr
from simdc.ir.base import LayerOp
from simdc.ir.context import kernels_of, layer_error, machine_of, set_cost_model
from simdc.ir.derived import Setting, price_fault, setting_of
from simdc.ir.network import NetworkOp, network_of

from .distinct import ask_once, looked_at, model_of

Price = tuple[CostAttr, ArrayAttr[StringAttr] | None, OriginAttr]


@dataclass(frozen=True)
class AnnotateCostPass(ModulePass):
    """Writes `cost` on every tiled layer, or into `uncosted` why the model has no price for it."""

    name = "simdc-annotate-cost"

    model: str = DEFAULT_MODEL
    """The cost model that prices."""

    def __post_init__(self) -> None:
        check_model(self.model)

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        network, hardware = network_of(op), machine_of(op)
        model, setting = model_of(op, self.model), setting_of(op, self.model)
        set_cost_model(op, self.model)
        price = partial(_priced, model, hardware, setting)
        layers = looked_at(_unprice(network, setting), model, setting)
        for layer, (cost, artefacts, origin) in ask_once(layers, price, setting):
            layer.cost, layer.artefacts, layer.priced = cost, artefacts, origin


def _unprice(network: NetworkOp, setting: Setting) -> Iterator[tuple[LayerOp, tuple[Kernel, Tiling]]]:
    """Drop all prices but the reasons of `setting` why a layer has none; give the layers to price."""
    kernel_by_kind = kernels_of(network)
    for layer in network.layers():
        kernel = kernel_by_kind(layer)
        # A reason that still holds (same kernel, model and machine) is not asked for again.
        if kernel is None or (layer.uncosted is not None and not price_fault(layer, kernel, setting)):
            continue
        layer.drop_price()
        layer.priced = None
        if layer.tiling is None:
            raise layer_error(layer, "has no tiling: run simdc-legalize-tiling before simdc-annotate-cost")
        yield layer, (kernel, layer.tiling.data)


def _priced(model: AnyModel, hardware: AnyMachine, setting: Setting, kernel: Kernel, tiling: Tiling) -> Price:
    """The cost, guarded; what the model itself calls wrong with it, if anything; and what it is the cost of."""
    cost = model.evaluate(kernel, tiling, hardware)
    # Before anything is written: a layer never carries a price that broke an inequality of `simdc.cost.guards`.
    guard_of(model, kernel)(cost, hardware)
    found = model.artefacts(kernel, tiling, hardware)
    artefacts = ArrayAttr([StringAttr(each) for each in found]) if found else None
    return CostAttr(cost), artefacts, OriginAttr(setting.priced(kernel, tiling, cost, found))
