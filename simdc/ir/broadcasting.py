"""Ops on two tensors, element by element, with the broadcasting of numpy and ONNX.

The last dimensions stand below each other; one that is missing or of size 1 is repeated. A repeated operand has its own
index, so its tiles move when its own loops step: a value per channel moves once per channel tile.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from xdsl.irdl import operand_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction, VectorProgram

from .base import TENSOR, LayerOp, shape_of
from .elements import broadcast_operand, element_loops, element_program


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

    @abstractmethod
    def instructions(self) -> tuple[Instruction, ...]: ...

    @property
    def is_broadcast(self) -> bool:
        """Whether an operand is repeated."""
        return shape_of(self.lhs) != shape_of(self.rhs)

    def result_shape(self) -> tuple[int, ...]:
        lhs, rhs = shape_of(self.lhs), shape_of(self.rhs)
        shape = broadcast_shape(lhs, rhs)
        if shape is None or not lhs or not rhs:
            raise VerifyException(f"cannot {self.VERB} shapes {list(lhs)} and {list(rhs)}")
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
