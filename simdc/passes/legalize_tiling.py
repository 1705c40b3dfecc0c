"""Give each layer a tiling that its buffers can hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc.cost.kernel import Kernel
from simdc.cost.model import Uncosted, check_model, default_tiling, load_model
from simdc.cost.tiling import TilingError
from simdc.ir.attributes import OriginAttr, TilingAttr
from simdc.ir.context import hardware_of, kernel_of, layer_error
from simdc.ir.derived import drop_foreign_tiling, leave_unpriced, setting_of
from simdc.ir.network import network_of


@dataclass(frozen=True)
class LegalizeTilingPass(ModulePass):
    """Tiles every layer by the rules of a cost model. A tiling that a layer has already stays, unless a pass made it
    for another machine, model or kernel; what the layer cost does not stay."""

    name = "simdc-legalize-tiling"

    model: str = "exact"
    """The cost model whose rules count."""
    rule: Literal["default", "greedy"] = "default"
    """What the model takes by itself, or its greedy tilings."""

    def __post_init__(self) -> None:
        check_model(self.model)

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        network, hardware = network_of(op), hardware_of(op)
        model = load_model(self.model, network.phase.data)
        setting = setting_of(op, self.model)
        known: dict[Kernel, tuple[TilingAttr, OriginAttr]] = {}
        for layer in network.layers():
            layer.drop_price()
            kernel = kernel_of(layer)
            if kernel is None:
                continue
            drop_foreign_tiling(layer, kernel, setting)
            if layer.tiling is not None:
                continue
            try:
                if kernel not in known:
                    greedy = self.rule == "greedy"
                    tiling = model.greedy(kernel, hardware) if greedy else default_tiling(model, kernel, hardware)
                    known[kernel] = TilingAttr(tiling), OriginAttr(setting.tiled(kernel, tiling))
                layer.tiling, layer.tiled = known[kernel]
            except Uncosted as reason:
                leave_unpriced(layer, kernel, str(reason), setting)
            except TilingError as error:
                raise layer_error(layer, str(error)) from None
