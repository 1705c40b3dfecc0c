"""Give each layer a tiling that its buffers can hold."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.passes import ModulePass

from simdc.cost.kernel import Kernel
from simdc.cost.model import MODELS, Uncosted, load_model
from simdc.cost.tiling import TilingError
from simdc.ir.attributes import TilingAttr
from simdc.ir.context import hardware_of, layer_error
from simdc.ir.network import network_of


@dataclass(frozen=True)
class LegalizeTilingPass(ModulePass):
    """Tiles every layer greedily by the rules of a cost model. A tiling that a layer has already stays."""

    name = "simdc-legalize-tiling"

    model: str = "exact"
    """The cost model whose rules count."""

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise ValueError(f"there is no cost model '{self.model}'; known models: {', '.join(MODELS)}")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        network, hardware = network_of(op), hardware_of(op)
        model = load_model(self.model, network.phase.data)
        known: dict[Kernel, TilingAttr] = {}
        for layer in network.layers():
            kernel = None if layer.tiling is not None else layer.kernel()
            if kernel is None:
                continue
            try:
                if kernel not in known:
                    known[kernel] = TilingAttr(model.greedy(kernel, hardware))
                layer.tiling = known[kernel]
            except Uncosted as reason:
                layer.uncosted = StringAttr(str(reason))
            except TilingError as error:
                raise layer_error(layer, str(error)) from None
