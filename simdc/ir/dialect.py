"""The dialect `simdc`: the ops of every file in `simdc/ir/ops`, the shell around them, and the attributes."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from xdsl.ir import Dialect

from .attributes import CostAttr, ExecutionUnitAttr, HardwareAttr, OriginAttr, TilingAttr
from .base import LayerOp
from .network import NetworkOp, ParameterOp, ReturnOp
from .ops import op_modules
from .ops.fused import YieldOp
from .unmodelled import UnmodelledOp


def ops_of(module: ModuleType) -> Iterator[type[LayerOp]]:
    """The ops that a file defines, in its order. What only other ops derive from has no name."""
    for value in vars(module).values():
        is_own = isinstance(value, type) and value.__module__ == module.__name__
        if is_own and issubclass(value, LayerOp) and hasattr(value, "name"):
            yield value


def _layers() -> list[type[LayerOp]]:
    """By name: listings stay as they are where an op moves to another file."""
    return sorted((op for module in op_modules() for op in ops_of(module)), key=lambda op: op.name)


Simdc = Dialect(
    "simdc",
    [NetworkOp, ParameterOp, ReturnOp, UnmodelledOp, YieldOp, *_layers()],
    [ExecutionUnitAttr, HardwareAttr, TilingAttr, CostAttr, OriginAttr],
)
