"""Ops on two tensors, element by element, with the broadcasting of numpy and ONNX.

The last dimensions stand below each other; one that is missing or of size 1 is repeated. A repeated operand has its own
index, so its tiles move when its own loops step: a value per channel moves once per channel tile.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction, VectorProgram
from simdc.ir.base import TENSOR, LayerOp, make_tensor_type, shape_of, tensor_type
from simdc.ir.elements import broadcast_operand, element_loops, element_program
from simdc.ir.layers import plain_layer

from .scalar import ScalarOp

__all__ = [
    "BroadcastOp",
    "DivideOp",
    "MaximumOp",
    "MinimumOp",
    "MultiplyOp",
    "PowerOp",
    "ScalarOp",
    "SubtractOp",
    "broadcast_shape",
]


def broadcast_shape(lhs: tuple[int, ...], rhs: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape that both broadcast to, None if there is none."""
    rank = max(len(lhs), len(rhs))
    pairs = zip((1,) * (rank - len(lhs)) + lhs, (1,) * (rank - len(rhs)) + rhs, strict=True)
    shape = tuple(b if a == 1 else a if b in (1, a) else 0 for a, b in pairs)
    return None if 0 in shape else shape


class BroadcastOp(LayerOp):
    """`result = lhs . rhs`. An op of this kind is its `instructions`, from `a` and `b` to `y`."""

    VERB: ClassVar[str] = "add"

    lhs = operand_def(TENSOR)
    rhs = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, lhs: SSAValue, rhs: SSAValue):
        kind = tensor_type(lhs)
        shape = self._shape(shape_of(lhs), shape_of(rhs))
        IRDLOperation.__init__(
            self,
            operands=[lhs, rhs],
            result_types=[make_tensor_type(kind.element_type, shape)],
            properties={"layer": StringAttr(layer)},
        )

    @abstractmethod
    def instructions(self) -> tuple[Instruction, ...]: ...

    @classmethod
    def _shape(cls, lhs: tuple[int, ...], rhs: tuple[int, ...]) -> tuple[int, ...]:
        shape = broadcast_shape(lhs, rhs)
        if shape is None or not lhs or not rhs:
            raise VerifyException(f"cannot {cls.VERB} shapes {list(lhs)} and {list(rhs)}")
        return shape

    @property
    def is_broadcast(self) -> bool:
        """Whether an operand is repeated."""
        return shape_of(self.lhs) != shape_of(self.rhs)

    def result_shape(self) -> tuple[int, ...]:
        shape = self._shape(shape_of(self.lhs), shape_of(self.rhs))
        element_loops(shape)
        return shape

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.result)
        kind = self.name.removeprefix("simdc.")
        a, b, y = (
            broadcast_operand(name, value, shape)
            for name, value in (("a", self.lhs), ("b", self.rhs), ("y", self.result))
        )
        return element_program(
            f"broadcast_{kind}" if self.is_broadcast else kind, shape, (a, b), y, self.instructions()
        )


@irdl_op_definition
class SubtractOp(BroadcastOp):
    """`result = lhs - rhs`."""

    name = "simdc.subtract"
    VERB: ClassVar = "subtract"

    def instructions(self) -> tuple[Instruction, ...]:
        return (Instruction("sub", "y", ("a", "b")),)


@irdl_op_definition
class MultiplyOp(BroadcastOp):
    """`result = lhs * rhs`: a gate, or dropout in training, where `rhs` is its mask."""

    name = "simdc.multiply"
    VERB: ClassVar = "multiply"

    def instructions(self) -> tuple[Instruction, ...]:
        return (Instruction("mul", "y", ("a", "b")),)


@irdl_op_definition
class DivideOp(BroadcastOp):
    """`result = lhs / rhs`."""

    name = "simdc.divide"
    VERB: ClassVar = "divide"

    def instructions(self) -> tuple[Instruction, ...]:
        return (Instruction("div", "y", ("a", "b")),)


@irdl_op_definition
class PowerOp(BroadcastOp):
    """`result = lhs ^ rhs` as `exp(rhs * log(lhs))`, for positive `lhs`. `ScalarOp` has known exponents."""

    name = "simdc.power"
    VERB: ClassVar = "take the power of"

    def instructions(self) -> tuple[Instruction, ...]:
        return (
            Instruction("log", "log", ("a",)),
            Instruction("mul", "exponent", ("log", "b")),
            Instruction("exp", "y", ("exponent",)),
        )


@irdl_op_definition
class MaximumOp(BroadcastOp):
    """`result = max(lhs, rhs)`."""

    name = "simdc.maximum"
    VERB: ClassVar = "compare"

    def instructions(self) -> tuple[Instruction, ...]:
        return (Instruction("max", "y", ("a", "b")),)


@irdl_op_definition
class MinimumOp(BroadcastOp):
    """`result = min(lhs, rhs)`."""

    name = "simdc.minimum"
    VERB: ClassVar = "compare"

    def instructions(self) -> tuple[Instruction, ...]:
        return (Instruction("min", "y", ("a", "b")),)


plain_layer("sub", SubtractOp, "`x - y`, broadcast.", inputs=2)
plain_layer("mul", MultiplyOp, "`x * y`, broadcast.", inputs=2)
plain_layer("div", DivideOp, "`x / y`, broadcast.", inputs=2)
plain_layer("pow", PowerOp, "`x` to the power of `y`, broadcast, for positive `x`.", inputs=2)
plain_layer("maximum", MaximumOp, "The larger of both, broadcast.", inputs=2)
plain_layer("minimum", MinimumOp, "The smaller of both, broadcast.", inputs=2)
