"""The exponential function, the logarithm, and activations made of them."""

from __future__ import annotations

from typing import ClassVar

from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from simdc.cost.kernel import Instruction
from simdc.ir.builder import ModuleBuilder
from simdc.ir.elements import decay
from simdc.ir.gradient import Backward, give_input, rule_for
from simdc.ir.layers import layer, plain_layer
from simdc.ir.options import Real

from ..broadcast import DivideOp, MultiplyOp
from .base import REAL, ActivationOp, Code, Curve, InputGradOp, OutputGradOp


@irdl_op_definition
class ExpOp(ActivationOp):
    """`exp(x)`, which is its own slope."""

    name = "simdc.exp"

    def forward(self) -> Code:
        return (Instruction("exp", "y", ("x",)),)


@irdl_op_definition
class LogOp(ActivationOp):
    """The natural logarithm of positive numbers."""

    name = "simdc.log"

    def forward(self) -> Code:
        return (Instruction("log", "y", ("x",)),)


@rule_for(ExpOp)
def exp_gradient(op: ExpOp, back: Backward) -> None:
    give_input(back, op.input, MultiplyOp(f"{op.layer.data}.grad_input", back.upstream(op.result), op.result))


@rule_for(LogOp)
def log_gradient(op: LogOp, back: Backward) -> None:
    give_input(back, op.input, DivideOp(f"{op.layer.data}.grad_input", back.upstream(op.result), op.input))


class Sigmoid(Curve):
    """`1 / (1 + exp(-x))`; its slope is `y * (1 - y)`."""

    def forward(self) -> Code:
        return (*decay("x"), Instruction("div", "y", (1.0, "whole")))

    def backward(self) -> Code:
        return (
            Instruction("sub", "rest", (1.0, "y")),
            Instruction("mul", "slope", ("y", "rest")),
            Instruction("mul", "dx", ("gradient", "slope")),
        )


@irdl_op_definition
class SigmoidGradOp(Sigmoid, OutputGradOp):
    name = "simdc.sigmoid_grad"


@irdl_op_definition
class SigmoidOp(Sigmoid, ActivationOp):
    name = "simdc.sigmoid"
    GRADIENT: ClassVar = SigmoidGradOp


class Tanh(Curve):
    """`1 - 2 / (exp(2x) + 1)`. From 20 on it is one to the last bit of a double, so `x` is cut off there and nothing
    overflows. Its slope is `1 - y^2`."""

    def forward(self) -> Code:
        return (
            Instruction("min", "cut", ("x", 20.0)),
            Instruction("mul", "twice", ("cut", 2.0)),
            Instruction("exp", "power", ("twice",)),
            Instruction("add", "whole", ("power", 1.0)),
            Instruction("div", "rest", (2.0, "whole")),
            Instruction("sub", "y", (1.0, "rest")),
        )

    def backward(self) -> Code:
        return (
            Instruction("mul", "square", ("y", "y")),
            Instruction("sub", "slope", (1.0, "square")),
            Instruction("mul", "dx", ("gradient", "slope")),
        )


@irdl_op_definition
class TanhGradOp(Tanh, OutputGradOp):
    name = "simdc.tanh_grad"


@irdl_op_definition
class TanhOp(Tanh, ActivationOp):
    name = "simdc.tanh"
    GRADIENT: ClassVar = TanhGradOp


class Silu(Curve):
    """`x * sigmoid(x)`, also called swish; with `s` for the sigmoid its slope is `s * (1 + x * (1 - s))`."""

    def forward(self) -> Code:
        return (*decay("x"), Instruction("div", "y", ("x", "whole")))

    def backward(self) -> Code:
        return (
            *decay("x"),
            Instruction("div", "gate", (1.0, "whole")),
            Instruction("sub", "rest", (1.0, "gate")),
            Instruction("mul", "bend", ("x", "rest")),
            Instruction("add", "factor", ("bend", 1.0)),
            Instruction("mul", "slope", ("gate", "factor")),
            Instruction("mul", "dx", ("gradient", "slope")),
        )


@irdl_op_definition
class SiluGradOp(Silu, InputGradOp):
    name = "simdc.silu_grad"


@irdl_op_definition
class SiluOp(Silu, ActivationOp):
    name = "simdc.silu"
    GRADIENT: ClassVar = SiluGradOp


class Softplus(Curve):
    """`log(1 + exp(x))` as `max(x, 0) + log(1 + exp(-|x|))`, which does not overflow; its slope is the sigmoid."""

    def forward(self) -> Code:
        return (
            Instruction("sub", "minus", (0.0, "x")),
            Instruction("min", "low", ("x", "minus")),
            Instruction("exp", "power", ("low",)),
            Instruction("add", "whole", ("power", 1.0)),
            Instruction("log", "rest", ("whole",)),
            Instruction("max", "high", ("x", 0.0)),
            Instruction("add", "y", ("rest", "high")),
        )

    def backward(self) -> Code:
        return (*decay("x"), Instruction("div", "dx", ("gradient", "whole")))


@irdl_op_definition
class SoftplusGradOp(Softplus, InputGradOp):
    name = "simdc.softplus_grad"


@irdl_op_definition
class SoftplusOp(Softplus, ActivationOp):
    name = "simdc.softplus"
    GRADIENT: ClassVar = SoftplusGradOp


class Elu(Curve):
    """`x` where it is positive, else `alpha * (exp(x) - 1)`; the gradient at zero is that of the negative side."""

    alpha = prop_def(REAL)

    def forward(self) -> Code:
        return (
            Instruction("min", "low", ("x", 0.0)),
            Instruction("exp", "power", ("low",)),
            Instruction("sub", "fall", ("power", 1.0)),
            Instruction("mul", "scaled", ("fall", self.alpha.value.data)),
            Instruction("max", "high", ("x", 0.0)),
            Instruction("add", "y", ("scaled", "high")),
        )

    def backward(self) -> Code:
        return (
            Instruction("min", "low", ("x", 0.0)),
            Instruction("exp", "power", ("low",)),
            Instruction("mul", "slope", ("power", self.alpha.value.data)),
            Instruction("mul", "scaled", ("gradient", "slope")),
            Instruction("max", "high", ("x", 0.0)),
            Instruction("conditional_move", "dx", ("high", 0.0, "scaled", "gradient")),
        )


@irdl_op_definition
class EluGradOp(Elu, InputGradOp):
    name = "simdc.elu_grad"


@irdl_op_definition
class EluOp(Elu, ActivationOp):
    name = "simdc.elu"
    GRADIENT: ClassVar = EluGradOp


class Mish(Curve):
    """`x * t` with `t = tanh(softplus(x))`; its slope is `t + x * (1 - t^2) * sigmoid(x)`.

    With `e = exp(x)` and `n = e * (e + 2)` the tanh is `n / (n + 2)`, and the sigmoid is `e / (e + 1)`. From 20 on both
    are one to the last bit of a double, so `x` is cut off there and nothing overflows.
    """

    def forward(self) -> Code:
        return (*self._tanh(), Instruction("mul", "y", ("x", "gate")))

    def backward(self) -> Code:
        return (
            *self._tanh(),
            Instruction("add", "whole", ("power", 1.0)),
            Instruction("div", "sigmoid", ("power", "whole")),
            Instruction("mul", "square", ("gate", "gate")),
            Instruction("sub", "rest", (1.0, "square")),
            Instruction("mul", "steep", ("rest", "sigmoid")),
            Instruction("mul", "bend", ("x", "steep")),
            Instruction("add", "slope", ("gate", "bend")),
            Instruction("mul", "dx", ("gradient", "slope")),
        )

    def _tanh(self) -> Code:
        """The tanh as `gate`, `e` as `power`."""
        return (
            Instruction("min", "cut", ("x", 20.0)),
            Instruction("exp", "power", ("cut",)),
            Instruction("add", "more", ("power", 2.0)),
            Instruction("mul", "product", ("power", "more")),
            Instruction("add", "under", ("product", 2.0)),
            Instruction("div", "gate", ("product", "under")),
        )


@irdl_op_definition
class MishGradOp(Mish, InputGradOp):
    name = "simdc.mish_grad"


@irdl_op_definition
class MishOp(Mish, ActivationOp):
    name = "simdc.mish"
    GRADIENT: ClassVar = MishGradOp


plain_layer("exp", ExpOp, "`exp(x)`.")
plain_layer("log", LogOp, "The natural logarithm.")
plain_layer("sigmoid", SigmoidOp, "`1 / (1 + exp(-x))`.")
plain_layer("tanh", TanhOp, "The hyperbolic tangent.")
plain_layer("silu", SiluOp, "`x * sigmoid(x)`.")
plain_layer("mish", MishOp, "`x * tanh(softplus(x))`.")
plain_layer("softplus", SoftplusOp, "`log(1 + exp(x))`.")


@layer
def elu(net: ModuleBuilder, name: str, x: SSAValue, *, alpha: Real = 1.0) -> SSAValue:
    """`x` above zero, `alpha * (exp(x) - 1)` below."""
    return net.append(EluOp(name, x, alpha=alpha), name)
