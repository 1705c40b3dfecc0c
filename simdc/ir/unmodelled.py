"""Entries of a foreign network description that its own program lists and does not model."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import StringAttr
from xdsl.irdl import irdl_op_definition, prop_def, traits_def
from xdsl.traits import MemoryWriteEffect

from .base import LayerOp


@irdl_op_definition
class UnmodelledOp(LayerOp):
    """A layer of which nothing is known but its `operation`, so that it costs nothing. It keeps its place in the
    program, which the released SimDIT's width rule looks at, and its row in the report."""

    name = "simdc.unmodelled"
    UNIT: ClassVar = None

    operation = prop_def(StringAttr)
    traits = traits_def(MemoryWriteEffect())
    """Nobody reads a result of it: without an effect, dead code elimination would drop it."""

    def __init__(self, layer: str, operation: str):
        super().__init__(properties={"layer": StringAttr(layer), "operation": StringAttr(operation)})

    def kernel(self) -> None:
        return None

    def result_shape(self) -> tuple[int, ...]:
        return ()

    def verify_(self) -> None:
        """There is no result whose shape could be wrong."""
