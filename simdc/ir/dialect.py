"""The dialect `simdc`: the ops of every file in `simdc/ir/ops`, the shell around them, and the attributes."""

from __future__ import annotations

from xdsl.ir import Dialect

from .attributes import CostAttr, HardwareAttr, OriginAttr, TilingAttr, UnitAttr
from .base import LayerOp
from .network import NetworkOp, ParameterOp, ReturnOp
from .op_files import op_modules, ops_of
from .unmodelled import UnmodelledOp


def _layers() -> list[type[LayerOp]]:
    """By name: listings stay as they are where an op moves to another file."""
    return sorted((op for module in op_modules() for op in ops_of(module)), key=lambda op: op.name)


Simdc = Dialect(
    "simdc",
    [NetworkOp, ParameterOp, ReturnOp, UnmodelledOp, *_layers()],
    [UnitAttr, HardwareAttr, TilingAttr, CostAttr, OriginAttr],
)
