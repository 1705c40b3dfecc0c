"""Give each layer a tiling that its buffers can hold."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.passes import ModulePass

from simdc.cost.kernel import Kernel
from simdc.cost.model import Uncosted, check_model, load_model
from simdc.cost.tiling import TilingError
from simdc.ir.attributes import TilingAttr
from simdc.ir.context import hardware_of, kernel_of, layer_error
from simdc.ir.network import network_of


@dataclass(frozen=True)
class LegalizeTilingPass(ModulePass):
    """Tiles every layer greedily by the rules of a cost model. A tiling that a layer has already stays;
    what it cost does not."""

    name = "simdc-legalize-tiling"

    model: str = "exact"
    """The cost model whose rules count."""

    def __post_init__(self) -> None:
        check_model(self.model)

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        network, hardware = network_of(op), hardware_of(op)
        model = load_model(self.model, network.phase.data)
        known: dict[Kernel, TilingAttr] = {}
        for layer in network.layers():
            if layer.UNIT is not None:
                layer.cost = layer.uncosted = None
            kernel = None if layer.tiling is not None else kernel_of(layer)
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
