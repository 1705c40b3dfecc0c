"""A layer as a file of simdc/ir/ops would have it: the op, its gradient and its signature, and nothing elsewhere."""

from __future__ import annotations

from typing import Annotated, ClassVar

from xdsl.dialects.builtin import FloatAttr, f64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def

from simdc.cost import Instruction, VectorProgram
from simdc.ir.base import TENSOR, GradientOp, LayerOp, operand, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.elements import element_index, element_program, element_shape
from simdc.ir.layers import layer
from simdc.ir.options import Flag, Real


@irdl_op_definition
class GainGradOp(GradientOp):
    """`result = gradient * factor`."""

    name = "simdc.gain_grad"

    gradient = operand_def(TENSOR)
    factor = prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        return element_shape(self.gradient)

    def kernel(self) -> VectorProgram:
        return scaled("gain_grad", self.gradient, self.result, self.factor.value.data)


@irdl_op_definition
class GainOp(LayerOp):
    """`result = input * factor`."""

    name = "simdc.gain"
    GRADIENT: ClassVar = GainGradOp

    input = operand_def(TENSOR)
    factor = prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        return element_shape(self.input)

    def kernel(self) -> VectorProgram:
        return scaled("gain", self.input, self.result, self.factor.value.data)


def scaled(kind: str, source: SSAValue, result: SSAValue, factor: float) -> VectorProgram:
    shape = shape_of(result)
    x, y = operand("x", source, element_index(shape)), operand("y", result, element_index(shape))
    return element_program(kind, shape, (x,), y, (Instruction("mul", "y", ("x", factor)),))


@layer
def gain(
    net: ModuleBuilder, name: str, x: SSAValue, *, factor: Annotated[Real, "not 0"], inverse: Flag = False
) -> SSAValue:
    """Multiplies by a number."""
    return net.append(GainOp(name, x, factor=1.0 / factor if inverse else factor), name)
