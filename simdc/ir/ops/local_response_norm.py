"""Local response normalization across channels, and its gradient."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, f64, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, CodeBlock, Instruction, Loop, LoopNest, VectorProgram, affine
from simdc.ir.base import TENSOR, GradientOp, LayerOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layers import layer
from simdc.ir.options import Positive, Real
from simdc.ir.window import image_shape


@irdl_op_definition
class LocalResponseNormGradOp(GradientOp):
    """With `s[c] = bias + alpha/size * sum of input^2 over the window around c`:
    `result[c] = gradient[c] * s[c]^-beta - 2*alpha*beta/size * input[c] * sum over the windows that hold c of
    gradient * input * s^(-beta-1)`. The first part hands its two products to the second through DRAM."""

    name = "simdc.local_response_norm_grad"

    input = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    size = prop_def(IntegerAttr.constr(i64))
    alpha = prop_def(FloatAttr.constr(f64))
    beta = prop_def(FloatAttr.constr(f64))
    bias = prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        shape = shape_of(self.input)
        if len(shape) != 4 or shape_of(self.gradient) != shape:
            raise VerifyException(f"expected two images, got {list(shape)} and {list(shape_of(self.gradient))}")
        return shape

    def kernel(self) -> VectorProgram:
        n, channels, h, w = shape_of(self.input)
        size, bits = self.size.value.data, self.accumulator_bits
        alpha, beta, bias = (field.value.data for field in (self.alpha, self.beta, self.bias))
        bounds = {"c": channels, "n": n, "h": h, "w": w, "k": size}
        loops = tuple(Loop(name, bound) for name, bound in bounds.items())
        names, positions, element = tuple(bounds), ("c", "n", "h", "w"), ("n", "c", "h", "w")
        before = (size - 1) // 2

        def window(shift: int) -> tuple[str | Affine, ...]:
            return ("n", affine("c", "k", constant=-shift), "h", "w")

        products = (
            Instruction("mul", "mean", ("sum", alpha / size)),
            Instruction("add", "base", ("mean", bias)),
            Instruction("log", "log", ("base",)),
            Instruction("mul", "power", ("log", -beta)),
            Instruction("exp", "factor", ("power",)),
            Instruction("mul", "direct", ("gradient", "factor")),
            Instruction("mul", "weighted", ("direct", "x.center")),
            Instruction("div", "through", ("weighted", "base")),
        )
        finish = (
            Instruction("mul", "scaled", ("sum", 2.0 * alpha * beta / size)),
            Instruction("mul", "indirect", ("scaled", "x")),
            Instruction("sub", "y", ("direct", "indirect")),
        )
        square = (Instruction("mul", "square", ("x", "x")), Instruction("add", "sum", ("sum", "square")))
        direct, through = (operand(name, self.input, element, bits) for name in ("direct", "through"))
        total = operand("sum", self.input, element, bits)
        first = LoopNest(
            loops,
            (operand("x", self.input, window(before)), operand("gradient", self.gradient, element)),
            (direct, through),
            (CodeBlock(names, square), CodeBlock(positions, products)),
            scratch=(total,),
            initial=(("sum", 0.0),),
            views=(operand("x.center", self.input, element),),
        )
        second = LoopNest(
            loops,
            (
                operand("through", self.input, window(size - 1 - before), bits),
                direct,
                operand("x", self.input, element),
            ),
            (operand("y", self.result, element),),
            (CodeBlock(names, (Instruction("add", "sum", ("sum", "through")),)), CodeBlock(positions, finish)),
            scratch=(total,),
            initial=(("sum", 0.0),),
        )
        return VectorProgram("local_response_norm_grad", (first, second), lanes="w")


@irdl_op_definition
class LocalResponseNormOp(LayerOp):
    """`result[n, c, h, w] = input / (bias + alpha/size * sum over the size channels around c of input^2)^beta`.

    The power is `exp(-beta * log(...))`. The window crosses channels and lanes cannot see each other, so the image's
    width lies across the lanes.
    """

    name = "simdc.local_response_norm"
    GRADIENT: ClassVar = LocalResponseNormGradOp

    input = operand_def(TENSOR)
    size = prop_def(IntegerAttr.constr(i64))
    alpha = prop_def(FloatAttr.constr(f64))
    beta = prop_def(FloatAttr.constr(f64))
    bias = prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        shape = image_shape(self.input)
        if self.size.value.data < 1:
            raise VerifyException(f"size must be positive, got {self.size.value.data}")
        return shape

    def kernel(self) -> VectorProgram:
        n, channels, h, w = shape_of(self.input)
        size = self.size.value.data
        bounds = {"c": channels, "n": n, "h": h, "w": w, "k": size}
        element = ("n", "c", "h", "w")
        window = ("n", affine("c", "k", constant=-((size - 1) // 2)), "h", "w")
        square = CodeBlock(
            tuple(bounds),
            (Instruction("mul", "square", ("x", "x")), Instruction("add", "sum", ("sum", "square"))),
        )
        divide = CodeBlock(
            ("c", "n", "h", "w"),
            (
                Instruction("mul", "mean", ("sum", self.alpha.value.data / size)),
                Instruction("add", "base", ("mean", self.bias.value.data)),
                Instruction("log", "log", ("base",)),
                Instruction("mul", "power", ("log", -self.beta.value.data)),
                Instruction("exp", "factor", ("power",)),
                Instruction("mul", "y", ("x.center", "factor")),
            ),
        )
        nest = LoopNest(
            tuple(Loop(name, bound) for name, bound in bounds.items()),
            (operand("x", self.input, window),),
            (operand("y", self.result, element),),
            (square, divide),
            scratch=(operand("sum", self.result, element, self.accumulator_bits),),
            initial=(("sum", 0.0),),
            views=(operand("x.center", self.input, element),),
        )
        return VectorProgram("local_response_norm", (nest,), lanes="w")


@layer
def lrn(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    size: Positive = 5,
    alpha: Real = 1e-4,
    beta: Real = 0.75,
    bias: Real = 1.0,
) -> SSAValue:
    """Local response normalization across channels."""
    return net.append(LocalResponseNormOp(name, x, size=size, alpha=alpha, beta=beta, bias=bias), name)
