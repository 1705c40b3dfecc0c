"""Send each layer to the array that runs it."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from simdc.cost.machines import AnyMachine
from simdc.ir.attributes import ExecutionUnitAttr
from simdc.ir.base import LayerOp
from simdc.ir.context import HARDWARE, machine_of, unit_of
from simdc.ir.network import network_of
from simdc.ir.once_per_kind import OncePerKind
from simdc.named import NamedTuple


class Runner(NamedTuple):
    """Whether a layer costs something, and what runs it, if anything does."""

    runs: bool
    unit: ExecutionUnitAttr | None


class SplitUnitsPass(ModulePass):
    """Writes `unit` on each layer that costs something: contractions run on the systolic array, the rest on SIMD. Where
    a layer has several forms, its form decides; a machine of units says itself what each of them runs."""

    name = "simdc-split-units"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        machine = machine_of(op) if HARDWARE in op.attributes else None
        runner = OncePerKind[LayerOp, Runner](lambda layer: _runner(layer, machine))
        for layer in network_of(op).layers():
            runs, unit = runner(layer)
            if runs:
                layer.unit = unit


def _runner(layer: LayerOp, machine: AnyMachine | None) -> Runner:
    unit = layer.runs_on if machine is None else unit_of(layer, machine)
    return Runner(layer.runs_on is not None, None if unit is None else ExecutionUnitAttr(unit))
