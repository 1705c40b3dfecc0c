"""Write onto each layer what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.passes import ModulePass

from simdc.cost.kernel import Kernel
from simdc.cost.model import MODELS, Uncosted, load_model
from simdc.cost.tiling import Tiling, TilingError
from simdc.ir.attributes import CostAttr
from simdc.ir.context import COST_MODEL, hardware_of, layer_error
from simdc.ir.network import network_of


@dataclass(frozen=True)
class AnnotateCostPass(ModulePass):
    """Writes `cost` on every tiled layer, or into `uncosted` why the model has no price for it."""

    name = "simdc-annotate-cost"

    model: str = "exact"
    """The cost model that prices."""

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise ValueError(f"there is no cost model '{self.model}'; known models: {', '.join(MODELS)}")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        network, hardware = network_of(op), hardware_of(op)
        model = load_model(self.model, network.phase.data)
        op.attributes[COST_MODEL] = StringAttr(self.model)
        known: dict[tuple[Kernel, Tiling], CostAttr] = {}
        for layer in network.layers():
            kernel = layer.kernel()
            if kernel is None or layer.uncosted is not None:
                continue
            if layer.tiling is None:
                raise layer_error(layer, "has no tiling: run simdc-legalize-tiling before simdc-annotate-cost")
            tiling = layer.tiling.data
            try:
                if (kernel, tiling) not in known:
                    known[kernel, tiling] = CostAttr(model.evaluate(kernel, tiling, hardware))
                layer.cost = known[kernel, tiling]
            except Uncosted as reason:
                layer.uncosted = StringAttr(str(reason))
            except TilingError as error:
                raise layer_error(layer, str(error)) from None
