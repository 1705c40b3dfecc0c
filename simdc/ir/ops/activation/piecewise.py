"""Activations of straight pieces. At a corner the gradient is that of the piece that torch takes, see each."""

from __future__ import annotations

from typing import Annotated, ClassVar

from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, opt_prop_def, prop_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layers import layer, plain_layer
from simdc.ir.options import Real

from .base import REAL, ActivationOp, Code, Curve, InputGradOp, OutputGradOp


class LeakyRelu(Curve):
    """`x` where it is positive, else `alpha * x`; the gradient at zero is that of the negative side."""

    alpha = prop_def(REAL)

    def forward(self) -> Code:
        alpha = self.alpha.value.data
        return (
            Instruction("mul", "scaled", ("x", alpha)),
            Instruction("max" if alpha <= 1.0 else "min", "y", ("x", "scaled")),
        )

    def backward(self) -> Code:
        return (
            Instruction("mul", "scaled", ("gradient", self.alpha.value.data)),
            Instruction("max", "high", ("x", 0.0)),
            Instruction("conditional_move", "dx", ("high", 0.0, "scaled", "gradient")),
        )


@irdl_op_definition
class LeakyReluGradOp(LeakyRelu, InputGradOp):
    name = "simdc.leaky_relu_grad"


@irdl_op_definition
class LeakyReluOp(LeakyRelu, ActivationOp):
    name = "simdc.leaky_relu"
    GRADIENT: ClassVar = LeakyReluGradOp


class Clip(Curve):
    """`min(max(x, minimum), maximum)`, either bound may be absent; gradients pass where nothing was cut off, the bounds
    themselves included."""

    minimum = opt_prop_def(REAL)
    maximum = opt_prop_def(REAL)

    def check_attributes(self) -> None:
        super().check_attributes()
        if self.minimum is None and self.maximum is None:
            raise VerifyException("a minimum or a maximum is needed")
        if self.minimum is not None and self.maximum is not None:
            low, high = self.minimum.value.data, self.maximum.value.data
            if low > high:
                raise VerifyException(f"the minimum {low} lies above the maximum {high}")

    def _cut(self, result: str) -> Code:
        bounds = [
            (opcode, bound.value.data)
            for opcode, bound in (("max", self.minimum), ("min", self.maximum))
            if bound is not None
        ]
        if len(bounds) == 1:
            return (Instruction(bounds[0][0], result, ("x", bounds[0][1])),)
        (first, low), (second, high) = bounds
        return (Instruction(first, "low", ("x", low)), Instruction(second, result, ("low", high)))

    def forward(self) -> Code:
        return self._cut("y")

    def backward(self) -> Code:
        return (*self._cut("cut"), Instruction("conditional_move", "dx", ("cut", "x", "gradient", 0.0)))


@irdl_op_definition
class ClipGradOp(Clip, InputGradOp):
    name = "simdc.clip_grad"


@irdl_op_definition
class ClipOp(Clip, ActivationOp):
    name = "simdc.clip"
    GRADIENT: ClassVar = ClipGradOp


class HardSigmoid(Curve):
    """`min(max(alpha * x + beta, 0), 1)`; no gradient passes where the result is 0 or 1."""

    alpha = prop_def(REAL)
    beta = prop_def(REAL)

    def forward(self) -> Code:
        return (
            Instruction("mul", "scaled", ("x", self.alpha.value.data)),
            Instruction("add", "line", ("scaled", self.beta.value.data)),
            Instruction("max", "low", ("line", 0.0)),
            Instruction("min", "y", ("low", 1.0)),
        )

    def backward(self) -> Code:
        return (
            Instruction("mul", "scaled", ("gradient", self.alpha.value.data)),
            Instruction("conditional_move", "above", ("y", 0.0, 0.0, "scaled")),
            Instruction("conditional_move", "dx", ("y", 1.0, 0.0, "above")),
        )


@irdl_op_definition
class HardSigmoidGradOp(HardSigmoid, OutputGradOp):
    name = "simdc.hard_sigmoid_grad"


@irdl_op_definition
class HardSigmoidOp(HardSigmoid, ActivationOp):
    name = "simdc.hard_sigmoid"
    GRADIENT: ClassVar = HardSigmoidGradOp


class HardSwish(Curve):
    """`x * gate` with `gate = min(max(x/6 + 1/2, 0), 1)`; the slope is `gate + x/6` where the gate is not cut off, its
    bounds included, and `gate` elsewhere."""

    GATE: ClassVar[Code] = (
        Instruction("mul", "sixth", ("x", 1.0 / 6.0)),
        Instruction("add", "line", ("sixth", 0.5)),
        Instruction("max", "low", ("line", 0.0)),
        Instruction("min", "gate", ("low", 1.0)),
    )

    def forward(self) -> Code:
        return (*self.GATE, Instruction("mul", "y", ("x", "gate")))

    def backward(self) -> Code:
        return (
            *self.GATE,
            Instruction("conditional_move", "own", ("gate", "line", "sixth", 0.0)),
            Instruction("add", "slope", ("gate", "own")),
            Instruction("mul", "dx", ("gradient", "slope")),
        )


@irdl_op_definition
class HardSwishGradOp(HardSwish, InputGradOp):
    name = "simdc.hard_swish_grad"


@irdl_op_definition
class HardSwishOp(HardSwish, ActivationOp):
    name = "simdc.hard_swish"
    GRADIENT: ClassVar = HardSwishGradOp


plain_layer("hardswish", HardSwishOp, "`x * hardsigmoid(x)`.")


@layer
def leaky_relu(net: ModuleBuilder, name: str, x: SSAValue, *, alpha: Real = 0.01) -> SSAValue:
    """`x` above zero, `alpha * x` below."""
    return net.append(LeakyReluOp(name, x, alpha=alpha), name)


@layer
def clip(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    minimum: Annotated[Real | None, "no bound below if left out"] = None,
    maximum: Annotated[Real | None, "no bound above if left out"] = None,
) -> SSAValue:
    """Values between two bounds, one of which may be left out."""
    return net.append(ClipOp(name, x, minimum=minimum, maximum=maximum), name)


@layer
def relu6(net: ModuleBuilder, name: str, x: SSAValue) -> SSAValue:
    """`clip` between 0 and 6."""
    return net.append(ClipOp(name, x, minimum=0.0, maximum=6.0), name)


@layer
def hardsigmoid(net: ModuleBuilder, name: str, x: SSAValue, *, alpha: Real = 1.0 / 6.0, beta: Real = 0.5) -> SSAValue:
    """`alpha * x + beta`, between 0 and 1."""
    return net.append(HardSigmoidOp(name, x, alpha=alpha, beta=beta), name)
