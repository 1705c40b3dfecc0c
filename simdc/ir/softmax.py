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
        n, channels = shape_of(self.input)
        loops, names = (Loop("n", n), Loop("c", channels)), ("n", "c")
        bits = self.accumulator_bits
        x, y = operand("x", self.input, names), operand("y", self.result, names)
        e = y._replace(name="e", bits=bits)
        maximum, total = (Operand(name, bits, (n,), (affine("n"),)) for name in ("maximum", "total"))
        exponentials = (
            Instruction("sub", "difference", ("x", "maximum")),
            Instruction("exp", "e", ("difference",)),
            Instruction("add", "total", ("total", "e")),
        )
        phases = (
            Phase(
                loops,
                (x,),
                (maximum,),
                (Block(names, (Instruction("max", "maximum", ("maximum", "x")),)),),
                initial=(("maximum", float("-inf")),),
            ),
            Phase(loops, (x, maximum), (e, total), (Block(names, exponentials),), initial=(("total", 0.0),)),
            Phase(loops, (e, total), (y,), (Block(names, (Instruction("div", "y", ("e", "total")),)),)),
        )
        return VectorProgram("softmax", phases, lanes="n")
