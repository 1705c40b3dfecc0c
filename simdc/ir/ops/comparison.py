"""Comparisons of two tensors, element by element: 1 where they hold, else 0. `simdc.select` chooses by the result."""

from __future__ import annotations

from typing import ClassVar

from xdsl.irdl import irdl_op_definition

from simdc.cost.kernel import Instruction
from simdc.ir.broadcasting import BroadcastOp
from simdc.ir.gradient import Backward, rule_for
from simdc.ir.layers import plain_layer


@irdl_op_definition
class EqualOp(BroadcastOp):
    """`result = 1 where lhs = rhs, else 0`."""

    name = "simdc.equal"
    VERB: ClassVar = "compare"

    def instructions(self) -> tuple[Instruction, ...]:
        return (Instruction("compare", "y", ("a", "b")),)


@irdl_op_definition
class LessOp(BroadcastOp):
    """`result = 1 where lhs < rhs, else 0`: there the larger of both is not lhs."""

    name = "simdc.less"
    VERB: ClassVar = "compare"

    def instructions(self) -> tuple[Instruction, ...]:
        return (
            Instruction("max", "high", ("a", "b")),
            Instruction("conditional_move", "y", ("high", "a", 0.0, 1.0)),
        )


@irdl_op_definition
class LessOrEqualOp(BroadcastOp):
    """`result = 1 where lhs <= rhs, else 0`: there the larger of both is rhs."""

    name = "simdc.less_or_equal"
    VERB: ClassVar = "compare"

    def instructions(self) -> tuple[Instruction, ...]:
        return (
            Instruction("max", "high", ("a", "b")),
            Instruction("conditional_move", "y", ("high", "b", 1.0, 0.0)),
        )


@rule_for(EqualOp, LessOp, LessOrEqualOp)
def comparison_gradient(op: BroadcastOp, back: Backward) -> None:
    """Comparisons are constant wherever they have a slope: no gradient passes, as in other frameworks."""


plain_layer("equal", EqualOp, "1 where `x = y`, else 0; broadcast, without gradient.", inputs=2)
plain_layer("less", LessOp, "1 where `x < y`, else 0; broadcast, without gradient.", inputs=2)
plain_layer("less_or_equal", LessOrEqualOp, "1 where `x <= y`, else 0; broadcast, without gradient.", inputs=2)
