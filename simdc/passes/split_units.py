"""Send each layer to the array that runs it."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc.ir.attributes import ExecutionUnitAttr
from simdc.ir.network import network_of


@dataclass(frozen=True)
class SplitUnitsPass(ModulePass):
    """Writes `unit` on each layer that costs something: contractions run on the systolic array, the rest on SIMD. Where
    a layer has several forms, its form decides."""

    name = "simdc-split-units"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for layer in network_of(op).layers():
            if layer.runs_on is not None:
                layer.unit = ExecutionUnitAttr(layer.runs_on)
