"""Softmax over the last dimension of a matrix."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Block, Instruction, Loop, Operand, Phase, VectorProgram, affine

from .base import TENSOR, LayerOp, operand, shape_of


@irdl_op_definition
class SoftmaxOp(LayerOp):
    """`result[n, c] = exp(input[n, c] - max[n]) / sum over c of exp(input[n, c] - max[n])`: input [n, c].

    Three passes over the data: maximum; exponentials and their sum; division. The sum runs over channels, so the
    batch lies across the lanes; what one pass hands to the next goes through DRAM.
    """

    name = "simdc.softmax"

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue):
        super().__init__(operands=[input], result_types=[input.type], properties={"layer": StringAttr(layer)})

    def result_shape(self) -> tuple[int, ...]:
        if len(shape_of(self.input)) != 2:
            raise VerifyException(f"expected a matrix [n, c], got shape {list(shape_of(self.input))}")
        return shape_of(self.input)

    def kernel(self) -> VectorProgram:
        names = ("n", "c")
        x, y = operand("x", self.input, names), operand("y", self.result, names)
        return VectorProgram("softmax", softmax_phases(x, y, self.accumulator_bits), lanes="n")


def softmax_phases(x: Operand, y: Operand, bits: int) -> tuple[Phase, ...]:
    """Phases that make `y` of `x`, both indexed [n, c]; `bits` is the width of what they hand on."""
    names, (n, channels) = ("n", "c"), x.shape
    loops = (Loop("n", n), Loop("c", channels))
    e = y._replace(name="e", bits=bits)
    maximum, total = (Operand(name, bits, (n,), (affine("n"),)) for name in ("maximum", "total"))
    find = (Instruction("max", "maximum", ("maximum", "x")),)
    exponentials = (
        Instruction("sub", "difference", ("x", "maximum")),
        Instruction("exp", "e", ("difference",)),
        Instruction("add", "total", ("total", "e")),
    )
    divide = (Instruction("div", "y", ("e", "total")),)
    return (
        Phase(loops, (x,), (maximum,), (Block(names, find),), initial=(("maximum", float("-inf")),)),
        Phase(loops, (x, maximum), (e, total), (Block(names, exponentials),), initial=(("total", 0.0),)),
        Phase(loops, (e, total), (y,), (Block(names, divide),)),
    )
