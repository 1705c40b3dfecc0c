"""The logarithm of a softmax as one layer, and its gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction
from simdc.ir.base import TENSOR, FormedOp, GradientOp, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.form import Form
from simdc.ir.layers import layer
from simdc.ir.options import Axis
from simdc.ir.row_loops import RowLoops
from simdc.ir.rows import RowProgram, Stage, Sum, row_forms

from .softmax import CHANNELS, axis_shape


@irdl_op_definition
class LogSoftmaxGradOp(FormedOp, GradientOp):
    """`result = gradient - exp(output) * sum of gradient`, the sum along `axis`; `output` is the logarithm of the
    softmax."""

    name = "simdc.log_softmax_grad"

    gradient = operand_def(TENSOR)
    output = operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64), default_value=CHANNELS)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        shape = axis_shape(self.gradient, self.axis.value.data)
        if shape_of(self.output) != shape:
            raise VerifyException(f"output has shape {list(shape_of(self.output))}, the gradient {list(shape)}")
        return shape

    def forms(self) -> Mapping[str, Form]:
        return row_forms(self._plan)

    def _plan(self, bits: int) -> RowProgram:
        loops = RowLoops(shape_of(self.gradient), [self.axis.value.data])
        inputs = (loops.operand("gradient", self.gradient), loops.operand("y", self.output))
        back = (
            Instruction("exp", "p", ("y",)),
            Instruction("mul", "part", ("p", "total")),
            Instruction("sub", "dx", ("gradient", "part")),
        )
        gather = Stage((Instruction("add", "total", ("total", "gradient")),), (Sum("total"),))
        dx = loops.operand("dx", self.result)
        return RowProgram("log_softmax_grad", loops, inputs, (dx,), (gather, Stage(back)), bits)


@irdl_op_definition
class LogSoftmaxOp(FormedOp):
    """`result = input - max - log(sum of exp(input - max))`, maximum and sum along `axis`, by default the channels."""

    name = "simdc.log_softmax"
    GRADIENT: ClassVar = LogSoftmaxGradOp

    input = operand_def(TENSOR)
    axis = prop_def(IntegerAttr.constr(i64), default_value=CHANNELS)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        return axis_shape(self.input, self.axis.value.data)

    def forms(self) -> Mapping[str, Form]:
        return row_forms(self._plan)

    def _plan(self, bits: int) -> RowProgram:
        loops = RowLoops(shape_of(self.input), [self.axis.value.data])
        exponentials = (
            Instruction("sub", "centered", ("x", "maximum")),
            Instruction("exp", "e", ("centered",)),
            Instruction("add", "total", ("total", "e")),
        )
        # Once a row, so that an element takes one instruction at the end.
        once = (Instruction("log", "log", ("total",)), Instruction("add", "offset", ("maximum", "log")))
        stages = (
            Stage((Instruction("max", "maximum", ("maximum", "x")),), (Sum("maximum", "max", float("-inf")),)),
            Stage(exponentials, (Sum("total"),), once),
            Stage((Instruction("sub", "y", ("x", "offset")),)),
        )
        inputs, outputs = (loops.operand("x", self.input),), (loops.operand("y", self.result),)
        return RowProgram("log_softmax", loops, inputs, outputs, stages, bits)


@layer
def log_softmax(net: ModuleBuilder, name: str, x: SSAValue, *, axis: Axis = 1) -> SSAValue:
    """The logarithm of a softmax along a dimension."""
    return net.append(LogSoftmaxOp(name, x, axis=axis), name)
