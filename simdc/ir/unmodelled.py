"""Entries of a foreign network description that its own program does not model, or that simdc has no op for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from xdsl.dialects.builtin import StringAttr, f32
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, prop_def, traits_def, var_operand_def, var_result_def
from xdsl.traits import MemoryWriteEffect

from .base import TENSOR, LayerOp, make_tensor_type


@irdl_op_definition
class UnmodelledOp(LayerOp):
    """A layer of which nothing is known but its `operation`, what it reads and the shapes of its results, so that it
    costs nothing. It keeps its place in the program, which the released SimDIT's width rule looks at, and its row in
    the report: among the free layers, or, with `uncosted`, among those that are missing from the sums."""

    name = "simdc.unmodelled"
    UNIT: ClassVar = None

    inputs = var_operand_def(TENSOR)
    operation = prop_def(StringAttr)
    results_ = var_result_def(TENSOR)
    traits = traits_def(MemoryWriteEffect())
    """Nobody may read a result of it: without an effect, dead code elimination would drop it."""

    @classmethod
    def standing_in(
        cls, layer: str, operation: str, reason: str, inputs: Sequence[SSAValue], shapes: Sequence[tuple[int, ...]]
    ) -> Self:
        """In the place of a layer that would cost something: it reads `inputs` and gives results of `shapes`. `reason`
        says why it has no price."""
        return cls.create(
            operands=inputs,
            result_types=[make_tensor_type(f32, shape) for shape in shapes],
            properties={"layer": StringAttr(layer), "operation": StringAttr(operation)},
            attributes={"uncosted": StringAttr(reason)},
        )

    def kernel(self) -> None:
        return None

    def result_shape(self) -> tuple[int, ...]:
        return ()

    def verify_(self) -> None:
        """Whatever its results are, nobody can say that it is wrong."""
