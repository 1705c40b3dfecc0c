"""Sine and cosine, which the SIMD array has no instruction for.

The machine takes away whole half turns, k of them, and turns the sign where k is odd. What is left, r in -pi/2 .. pi/2,
goes into the series of the sine:

    sin(x) = (-1)^k * r * (1 - r^2/3! + r^4/5! - r^6/7! + r^8/9! - r^10/11!) + error,  |error| <= 6e-8

and cos(x) = sin(x + pi/2). The next term of the series, r^13/13!, is the error: at pi/2 it is 5.7e-8.
"""

from __future__ import annotations

from math import factorial, pi

from xdsl.irdl import irdl_op_definition

from simdc.cost.kernel import Instruction
from simdc.ir.gradient import INPUT, Backward, give_input, rule_for
from simdc.ir.layers import plain_layer

from ..broadcast import MultiplyOp
from .base import ActivationOp, Code
from .function import NegateOp
from .rounding import nearest

SINE_ERROR = 6e-8
"""The largest error of sine and cosine as the machine computes them."""
COEFFICIENTS = tuple((-1.0) ** (power // 2) / factorial(power) for power in range(1, 12, 2))


def sine(x: str, result: str) -> Code:
    """Code for `result = sin(x)`."""
    first, *middle, highest = COEFFICIENTS
    chain = [Instruction("mul", "series", ("square", highest))]
    for coefficient in reversed(middle):
        chain += [Instruction("add", "sum", ("series", coefficient)), Instruction("mul", "series", ("sum", "square"))]
    return (
        Instruction("mul", "turns", (x, 1.0 / pi)),
        *nearest("turns", "k"),
        Instruction("mul", "whole", ("k", pi)),
        Instruction("sub", "r", (x, "whole")),
        Instruction("mul", "square", ("r", "r")),
        *chain,
        Instruction("add", "sum", ("series", first)),
        Instruction("mul", "height", ("sum", "r")),
        # k/2 is a half away from a whole number where k is odd: 1 - 8 * (1/2)^2 = -1.
        Instruction("mul", "pairs", ("k", 0.5)),
        *nearest("pairs", "even"),
        Instruction("sub", "odd", ("pairs", "even")),
        Instruction("mul", "odd", ("odd", "odd")),
        Instruction("mul", "odd", ("odd", 8.0)),
        Instruction("sub", "sign", (1.0, "odd")),
        Instruction("mul", result, ("height", "sign")),
    )


@irdl_op_definition
class SinOp(ActivationOp):
    """`sin(x)` by a polynomial of degree 11."""

    name = "simdc.sin"

    def forward(self) -> Code:
        return sine("x", "y")


@irdl_op_definition
class CosOp(ActivationOp):
    """`cos(x)`, the sine a quarter turn further."""

    name = "simdc.cos"

    def forward(self) -> Code:
        return (Instruction("add", "further", ("x", pi / 2.0)), *sine("further", "y"))


@rule_for(SinOp)
def sin_gradient(op: SinOp, back: Backward) -> None:
    slope = back.emit(CosOp(f"{op.layer.data}.grad_slope", op.input), INPUT).results[0]
    give_input(back, op.input, MultiplyOp(f"{op.layer.data}.grad_input", back.upstream(op.result), slope))


@rule_for(CosOp)
def cos_gradient(op: CosOp, back: Backward) -> None:
    name = op.layer.data
    slope = back.emit(SinOp(f"{name}.grad_slope", op.input), INPUT).results[0]
    product = back.emit(MultiplyOp(f"{name}.grad_product", back.upstream(op.result), slope), INPUT).results[0]
    give_input(back, op.input, NegateOp(f"{name}.grad_input", product))


plain_layer("sin", SinOp, "The sine, by a polynomial.")
plain_layer("cos", CosOp, "The cosine, by a polynomial.")
