"""Give each layer a tiling that its buffers can hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc.choices import DEFAULT_MODEL
from simdc.cost.model_table import check_model
from simdc.ir.context import machine_of
from simdc.ir.derived import setting_of

from .distinct import ask_once, looked_at, model_of, untile
from .tilers import by_rule


@dataclass(frozen=True)
class LegalizeTilingPass(ModulePass):
    """Tiles every layer by the rules of a cost model. A tiling that a layer has already stays, unless a pass made it
    for another machine, model or kernel; what the layer cost does not stay."""

    name = "simdc-legalize-tiling"

    model: str = DEFAULT_MODEL
    """The cost model whose rules count."""
    rule: Literal["default", "greedy"] = "default"
    """What the model takes by itself, or its greedy tilings."""

    def __post_init__(self) -> None:
        check_model(self.model)

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        setting = setting_of(op, self.model)
        model = model_of(op, self.model)
        tile = by_rule(model, self.rule, machine_of(op), setting)
        for layer, tiled in ask_once(looked_at(untile(op, setting), model, setting), tile, setting):
            tiled.write(layer)
