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
from simdc.ir.attributes import CostAttr
from simdc.ir.context import COST_MODEL, hardware_of, kernel_of, layer_error
from simdc.ir.network import network_of


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
        model = load_model(self.model, network.phase.data)
        op.attributes[COST_MODEL] = StringAttr(self.model)
        known: dict[tuple[Kernel, Tiling], tuple[CostAttr, ArrayAttr[StringAttr] | None]] = {}
        for layer in network.layers():
            kernel = kernel_of(layer)
            if kernel is None or layer.uncosted is not None:
                continue
            if layer.tiling is None:
                raise layer_error(layer, "has no tiling: run simdc-legalize-tiling before simdc-annotate-cost")
            tiling = layer.tiling.data
            try:
                if (kernel, tiling) not in known:
                    known[kernel, tiling] = _priced(model, kernel, tiling, hardware)
                layer.cost, layer.artefacts = known[kernel, tiling]
            except Uncosted as reason:
                layer.uncosted = StringAttr(str(reason))
            except TilingError as error:
                raise layer_error(layer, str(error)) from None
            except InvariantError as broken:
                raise layer_error(layer, fault(self.model, broken)) from None


def _priced(
    model: CostModel, kernel: Kernel, tiling: Tiling, hardware: Hardware
) -> tuple[CostAttr, ArrayAttr[StringAttr] | None]:
    """The cost, guarded, and what the model itself calls wrong with it, if anything."""
    cost = model.evaluate(kernel, tiling, hardware)
    guard_of(model.name, kernel)(cost, hardware)
    found = artefacts_of(model, kernel, tiling, hardware)
    return CostAttr(cost), ArrayAttr([StringAttr(each) for each in found]) if found else None
