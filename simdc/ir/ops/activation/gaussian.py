"""The error function and GELU, which is made of it.

The SIMD array has no instruction for erf. The machine computes it as Abramowitz and Stegun, Handbook of Mathematical
Functions, 7.1.26 do: for x >= 0 and t = 1 / (1 + p*x),

    erf(x) = 1 - (a1*t + a2*t^2 + a3*t^3 + a4*t^4 + a5*t^5) * exp(-x^2) + error,  |error| <= 1.5e-7

and erf(-x) = -erf(x).
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Annotated, ClassVar

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layers import layer, plain_layer
from simdc.ir.options import one_of

from .base import ActivationOp, Code, Curve, InputGradOp

ERF_ERROR = 1.5e-7
"""The largest error of erf as the machine computes it."""
P = 0.3275911
COEFFICIENTS = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
LARGEST_EXPONENT = 80.0
"""Exponents are cut off here where they could overflow: `1 / (1 + exp(80))` is below 2e-35."""


def erf(x: str, result: str) -> Code:
    """Code for `result = erf(x)`; it leaves `exp(-x^2)` in `bell`."""
    *lower, highest = COEFFICIENTS
    chain = [Instruction("mul", "sum", ("t", highest))]
    for coefficient in reversed(lower):
        chain += [Instruction("add", "sum", ("sum", coefficient)), Instruction("mul", "sum", ("sum", "t"))]
    return (
        Instruction("sub", "minus", (0.0, x)),
        Instruction("max", "size", (x, "minus")),
        Instruction("mul", "exponent", (x, "minus")),
        Instruction("mul", "scaled", ("size", P)),
        Instruction("exp", "bell", ("exponent",)),
        Instruction("add", "base", ("scaled", 1.0)),
        Instruction("div", "t", (1.0, "base")),
        *chain,
        Instruction("mul", "tail", ("sum", "bell")),
        Instruction("sub", "right", (1.0, "tail")),
        Instruction("sub", "left", ("tail", 1.0)),
        Instruction("max", "side", (x, 0.0)),
        Instruction("conditional_move", result, ("side", 0.0, "left", "right")),
    )


class Erf(Curve):
    """`2 / sqrt(pi) * integral of exp(-t^2) from 0 to x`; its slope is `2 / sqrt(pi) * exp(-x^2)`."""

    def forward(self) -> Code:
        return erf("x", "y")

    def backward(self) -> Code:
        return (
            Instruction("sub", "minus", (0.0, "x")),
            Instruction("mul", "exponent", ("x", "minus")),
            Instruction("exp", "bell", ("exponent",)),
            Instruction("mul", "slope", ("bell", 2.0 / sqrt(pi))),
            Instruction("mul", "dx", ("gradient", "slope")),
        )


@irdl_op_definition
class ErfGradOp(Erf, InputGradOp):
    name = "simdc.erf_grad"


@irdl_op_definition
class ErfOp(Erf, ActivationOp):
    name = "simdc.erf"
    GRADIENT: ClassVar = ErfGradOp


LINEAR = -2.0 * sqrt(2.0 / pi)
CUBIC = LINEAR * 0.044715
"""Of GELU by tanh: the exponent is `x * (LINEAR + CUBIC * x^2)`."""


def gelu_code(approximate: str) -> Code:
    """Code for `y = gelu(x)`."""
    if approximate == "tanh":
        return (*_whole(), Instruction("div", "y", ("x", "whole")))
    return (*_normal(), Instruction("mul", "y", ("x", "share")))


def gelu_bend(approximate: str) -> Code:
    """Code for the `slope` of GELU at `x`; it leaves P in `share`."""
    return (
        *(_tanh_bend() if approximate == "tanh" else _normal_bend()),
        Instruction("mul", "bend", ("x", "density")),
        Instruction("add", "slope", ("share", "bend")),
    )


def _normal() -> Code:
    """P as `share`."""
    return (
        Instruction("mul", "z", ("x", sqrt(0.5))),
        *erf("z", "odd"),
        Instruction("add", "both", ("odd", 1.0)),
        Instruction("mul", "share", ("both", 0.5)),
    )


def _whole() -> Code:
    """`1 / P` of the approximation as `whole`, and `x^2` as `square`."""
    return (
        Instruction("mul", "square", ("x", "x")),
        Instruction("mul", "cubic", ("square", CUBIC)),
        Instruction("add", "factor", ("cubic", LINEAR)),
        Instruction("mul", "exponent", ("x", "factor")),
        Instruction("min", "cut", ("exponent", LARGEST_EXPONENT)),
        Instruction("exp", "power", ("cut",)),
        Instruction("add", "whole", ("power", 1.0)),
    )


def _normal_bend() -> Code:
    """P as `share`, P' as `density`."""
    return (*_normal(), Instruction("mul", "density", ("bell", 1.0 / sqrt(2.0 * pi))))


def _tanh_bend() -> Code:
    return (
        *_whole(),
        Instruction("div", "share", (1.0, "whole")),
        Instruction("mul", "steep", ("square", -3.0 * CUBIC)),
        Instruction("sub", "rest", (1.0, "share")),
        Instruction("add", "speed", ("steep", -LINEAR)),
        Instruction("mul", "middle", ("share", "rest")),
        Instruction("mul", "density", ("middle", "speed")),
    )


class Gelu(Curve):
    """`x * P` with `P = (1 + erf(x / sqrt(2))) / 2`; or, approximated, with `P = (1 + tanh(u)) / 2` for
    `u = sqrt(2/pi) * (x + 0.044715 * x^3)`, which is `1 / (1 + exp(-2u))`.

    The slope is `P + x * P'`; P' is `exp(-x^2/2) / sqrt(2*pi)`, or `P * (1 - P) * 2u'`.
    """

    approximate = prop_def(StringAttr)

    def check_attributes(self) -> None:
        super().check_attributes()
        if self.approximate.data not in ("none", "tanh"):
            raise VerifyException(f'approximate must be "none" or "tanh", got "{self.approximate.data}"')

    def forward(self) -> Code:
        return gelu_code(self.approximate.data)

    def backward(self) -> Code:
        return (*gelu_bend(self.approximate.data), Instruction("mul", "dx", ("gradient", "slope")))


@irdl_op_definition
class GeluGradOp(Gelu, InputGradOp):
    name = "simdc.gelu_grad"


@irdl_op_definition
class GeluOp(Gelu, ActivationOp):
    name = "simdc.gelu"
    GRADIENT: ClassVar = GeluGradOp


plain_layer("erf", ErfOp, "The error function.")


@layer
def gelu(
    net: ModuleBuilder, name: str, x: SSAValue, *, approximate: Annotated[str, one_of("none", "tanh")] = "none"
) -> SSAValue:
    """`x` times the distribution function of the normal distribution, or its approximation by tanh."""
    return net.append(GeluOp(name, x, approximate=approximate), name)
