"""Write onto each layer what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.passes import ModulePass

from simdc.cost.guards import InvariantError, fault, guard_of
from simdc.cost.hardware import Hardware
from simdc.cost.kernel import Kernel
from simdc.cost.model import CostModel, Uncosted, artefacts_of, check_model, load_model
from simdc.cost.tiling import Tiling, TilingError
from simdc.ir.attributes import CostAttr, OriginAttr
from simdc.ir.context import hardware_of, kernel_of, layer_error, set_cost_model
from simdc.ir.derived import Setting, leave_unpriced, price_fault, setting_of
from simdc.ir.network import network_of

Price = tuple[CostAttr, ArrayAttr[StringAttr] | None, OriginAttr]


@dataclass(frozen=True)
class AnnotateCostPass(ModulePass):
    """Writes `cost` on every tiled layer, or into `uncosted` why the model has no price for it."""

    name = "simdc-annotate-cost"

    model: str = "exact"
    """The cost model that prices."""

    def __post_init__(self) -> None:
        check_model(self.model)

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        network, hardware = network_of(op), hardware_of(op)
        model, setting = load_model(self.model, network.phase.data), setting_of(op, self.model)
        set_cost_model(op, self.model)
        known: dict[tuple[Kernel, Tiling], Price] = {}
        for layer in network.layers():
            kernel = kernel_of(layer)
            if kernel is None or (layer.uncosted is not None and not price_fault(layer, kernel, setting)):
                continue
            layer.drop_price()
            layer.priced = None
            if layer.tiling is None:
                raise layer_error(layer, "has no tiling: run simdc-legalize-tiling before simdc-annotate-cost")
            tiling = layer.tiling.data
            try:
                if (kernel, tiling) not in known:
                    known[kernel, tiling] = _priced(model, kernel, tiling, hardware, setting)
                layer.cost, layer.artefacts, layer.priced = known[kernel, tiling]
            except Uncosted as reason:
                leave_unpriced(layer, kernel, str(reason), setting)
            except TilingError as error:
                raise layer_error(layer, str(error)) from None
            except InvariantError as broken:
                raise layer_error(layer, fault(self.model, broken)) from None


def _priced(model: CostModel, kernel: Kernel, tiling: Tiling, hardware: Hardware, setting: Setting) -> Price:
    """The cost, guarded; what the model itself calls wrong with it, if anything; and what it is the cost of."""
    cost = model.evaluate(kernel, tiling, hardware)
    guard_of(model.name, kernel)(cost, hardware)
    found = artefacts_of(model, kernel, tiling, hardware)
    artefacts = ArrayAttr([StringAttr(each) for each in found]) if found else None
    return CostAttr(cost), artefacts, OriginAttr(setting.priced(kernel, tiling, cost, found))
