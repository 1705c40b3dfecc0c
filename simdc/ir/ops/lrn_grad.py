"""Gradient of local response normalization."""

from __future__ import annotations

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, StringAttr, f64, i64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, Block, Instruction, Loop, Phase, VectorProgram, affine
from simdc.ir.base import TENSOR, LayerOp, operand, shape_of

from .norm import LocalResponseNormOp


@irdl_op_definition
class LocalResponseNormGradOp(LayerOp):
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

    def __init__(self, layer: str, norm: LocalResponseNormOp, gradient: SSAValue):
        IRDLOperation.__init__(
            self,
            operands=[norm.input, gradient],
            result_types=[norm.input.type],
            properties={
                "layer": StringAttr(layer),
                "size": norm.size,
                "alpha": norm.alpha,
                "beta": norm.beta,
                "bias": norm.bias,
            },
        )

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
        first = Phase(
            loops,
            (operand("x", self.input, window(before)), operand("gradient", self.gradient, element)),
            (direct, through),
            (Block(names, square), Block(positions, products)),
            scratch=(total,),
            initial=(("sum", 0.0),),
            views=(operand("x.center", self.input, element),),
        )
        second = Phase(
            loops,
            (
                operand("through", self.input, window(size - 1 - before), bits),
                direct,
                operand("x", self.input, element),
            ),
            (operand("y", self.result, element),),
            (Block(names, (Instruction("add", "sum", ("sum", "through")),)), Block(positions, finish)),
            scratch=(total,),
            initial=(("sum", 0.0),),
        )
        return VectorProgram("local_response_norm_grad", (first, second), lanes="w")
