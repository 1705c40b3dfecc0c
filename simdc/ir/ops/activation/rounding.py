"""Rounding, signs, and numbers that are none. They are constant wherever they have a slope: no gradient passes.

There is no instruction that rounds. In floating point a large number is added and taken away again, so large that what
is behind the point has no room beside it: 1.5 * 2^52 in double precision, which execution computes in, 1.5 * 2^23 in
single. Two additions, whatever the width; halves go to the even neighbour, 0.5 to 0 and 1.5 to 2.
"""

from __future__ import annotations

from math import inf

from xdsl.dialects.builtin import UnitAttr
from xdsl.irdl import irdl_op_definition, opt_prop_def

from simdc.cost.kernel import Instruction
from simdc.ir.gradient import Backward, rule_for
from simdc.ir.layers import plain_layer

from .base import ActivationOp, Code

LARGE = 1.5 * 2.0**52


def nearest(x: str, result: str) -> Code:
    """Code for `result`, the whole number next to `x`."""
    return (Instruction("add", "up", (x, LARGE)), Instruction("sub", result, ("up", LARGE)))


@irdl_op_definition
class RoundOp(ActivationOp):
    """The nearest whole number, of two the even one."""

    name = "simdc.round"

    def forward(self) -> Code:
        return nearest("x", "y")


@irdl_op_definition
class FloorOp(ActivationOp):
    """The largest whole number that is not above x: the nearest one, or the one before it."""

    name = "simdc.floor"

    def forward(self) -> Code:
        return (
            *nearest("x", "near"),
            Instruction("sub", "before", ("near", 1.0)),
            Instruction("max", "high", ("near", "x")),
            Instruction("conditional_move", "y", ("high", "x", "near", "before")),
        )


@irdl_op_definition
class CeilOp(ActivationOp):
    """The smallest whole number that is not below x: the nearest one, or the one behind it."""

    name = "simdc.ceil"

    def forward(self) -> Code:
        return (
            *nearest("x", "near"),
            Instruction("add", "after", ("near", 1.0)),
            Instruction("min", "low", ("near", "x")),
            Instruction("conditional_move", "y", ("low", "x", "near", "after")),
        )


@irdl_op_definition
class SignOp(ActivationOp):
    """1 above zero, -1 below, 0 at zero."""

    name = "simdc.sign"

    def forward(self) -> Code:
        return (
            Instruction("max", "high", ("x", 0.0)),
            Instruction("conditional_move", "side", ("high", 0.0, -1.0, 1.0)),
            Instruction("conditional_move", "y", ("x", 0.0, 0.0, "side")),
        )


@irdl_op_definition
class IsNanOp(ActivationOp):
    """1 where x is no number, which alone differs from itself, else 0."""

    name = "simdc.is_nan"

    def forward(self) -> Code:
        return (Instruction("conditional_move", "y", ("x", "x", 0.0, 1.0)),)


@irdl_op_definition
class IsInfOp(ActivationOp):
    """1 where x is infinite, else 0; with `negative` or `positive` only below or above zero."""

    name = "simdc.is_inf"

    negative = opt_prop_def(UnitAttr)
    positive = opt_prop_def(UnitAttr)

    def forward(self) -> Code:
        if self.negative is not None or self.positive is not None:
            end = -inf if self.negative is not None else inf
            return (Instruction("conditional_move", "y", ("x", end, 1.0, 0.0)),)
        return (
            Instruction("sub", "minus", (0.0, "x")),
            Instruction("max", "size", ("x", "minus")),
            Instruction("conditional_move", "y", ("size", inf, 1.0, 0.0)),
        )


@rule_for(RoundOp, FloorOp, CeilOp, SignOp, IsNanOp, IsInfOp)
def stepped_gradient(op: ActivationOp, back: Backward) -> None:
    """None: as in other frameworks, a step has no slope."""


plain_layer("round", RoundOp, "The nearest whole number, of two the even one; without gradient.")
plain_layer("floor", FloorOp, "The largest whole number that is not above; without gradient.")
plain_layer("ceil", CeilOp, "The smallest whole number that is not below; without gradient.")
plain_layer("sign", SignOp, "1, 0 or -1; without gradient.")
