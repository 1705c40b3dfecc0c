"""Functions that networks use beside activations, most of them one instruction."""

from __future__ import annotations

from typing import ClassVar

from xdsl.irdl import irdl_op_definition

from simdc.cost.kernel import Instruction
from simdc.ir.gradient import Backward, give_input, rule_for
from simdc.ir.layers import plain_layer

from .base import ActivationOp, Code, Curve, InputGradOp, OutputGradOp


@irdl_op_definition
class NegateOp(ActivationOp):
    """`-x`."""

    name = "simdc.negate"

    def forward(self) -> Code:
        return (Instruction("sub", "y", (0.0, "x")),)


@rule_for(NegateOp)
def negate_gradient(op: NegateOp, back: Backward) -> None:
    give_input(back, op.input, NegateOp(f"{op.layer.data}.grad_input", back.upstream(op.result)))


class Sqrt(Curve):
    """The square root; its slope is `1 / (2y)`."""

    def forward(self) -> Code:
        return (Instruction("sqrt", "y", ("x",)),)

    def backward(self) -> Code:
        return (Instruction("div", "whole", ("gradient", "y")), Instruction("mul", "dx", ("whole", 0.5)))


@irdl_op_definition
class SqrtGradOp(Sqrt, OutputGradOp):
    name = "simdc.sqrt_grad"


@irdl_op_definition
class SqrtOp(Sqrt, ActivationOp):
    name = "simdc.sqrt"
    GRADIENT: ClassVar = SqrtGradOp


class Reciprocal(Curve):
    """`1 / x`; its slope is `-y^2`."""

    def forward(self) -> Code:
        return (Instruction("div", "y", (1.0, "x")),)

    def backward(self) -> Code:
        return (
            Instruction("mul", "square", ("y", "y")),
            Instruction("mul", "product", ("gradient", "square")),
            Instruction("sub", "dx", (0.0, "product")),
        )


@irdl_op_definition
class ReciprocalGradOp(Reciprocal, OutputGradOp):
    name = "simdc.reciprocal_grad"


@irdl_op_definition
class ReciprocalOp(Reciprocal, ActivationOp):
    name = "simdc.reciprocal"
    GRADIENT: ClassVar = ReciprocalGradOp


class Abs(Curve):
    """`max(x, -x)`; its slope is the sign of x, zero at zero."""

    def forward(self) -> Code:
        return (Instruction("sub", "minus", (0.0, "x")), Instruction("max", "y", ("x", "minus")))

    def backward(self) -> Code:
        return (
            Instruction("max", "high", ("x", 0.0)),
            Instruction("sub", "minus", (0.0, "gradient")),
            Instruction("conditional_move", "side", ("high", 0.0, "minus", "gradient")),
            Instruction("conditional_move", "dx", ("x", 0.0, 0.0, "side")),
        )


@irdl_op_definition
class AbsGradOp(Abs, InputGradOp):
    name = "simdc.abs_grad"


@irdl_op_definition
class AbsOp(Abs, ActivationOp):
    name = "simdc.abs"
    GRADIENT: ClassVar = AbsGradOp


plain_layer("sqrt", SqrtOp, "The square root.")
plain_layer("abs", AbsOp, "Absolute values.")
plain_layer("neg", NegateOp, "`-x`.")
plain_layer("reciprocal", ReciprocalOp, "`1 / x`.")
