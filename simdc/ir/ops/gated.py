"""Gated units: an activation of one tensor times another, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction, VectorProgram
from simdc.ir.base import TENSOR, GradientOp, LayerOp, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.elements import broadcast_operand, decay, element_program, element_shape
from simdc.ir.gradient import Backward, give_each, rule_for
from simdc.ir.layers import layer
from simdc.ir.options import one_of

from .activation.base import Code
from .activation.gaussian import gelu_bend, gelu_code

SILU = (*decay("x"), Instruction("div", "y", ("x", "whole")))
SILU_BEND = (
    *decay("x"),
    Instruction("div", "share", (1.0, "whole")),
    Instruction("sub", "rest", (1.0, "share")),
    Instruction("mul", "bend", ("x", "rest")),
    Instruction("add", "factor", ("bend", 1.0)),
    Instruction("mul", "slope", ("share", "factor")),
)
FORWARD: dict[str, Code] = {"silu": SILU, "gelu": gelu_code("none"), "gelu_tanh": gelu_code("tanh")}
BEND: dict[str, Code] = {"silu": SILU_BEND, "gelu": gelu_bend("none"), "gelu_tanh": gelu_bend("tanh")}
"""Code for the `slope` at x; the activation itself is `x * share`."""


@irdl_op_definition
class GatedOp(LayerOp):
    """`result = function(input) * other`, both of one shape: SwiGLU with `silu`, GEGLU with `gelu` or `gelu_tanh`."""

    name = "simdc.gated"

    input = operand_def(TENSOR)
    other = operand_def(TENSOR)
    function = prop_def(StringAttr)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        return _same_shape(self.function.data, self.input, self.other)

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.result)
        *code, last = FORWARD[self.function.data]
        product = (*code, last._replace(dest="act"), Instruction("mul", "y", ("act", "other")))
        inputs = (broadcast_operand("x", self.input, shape), broadcast_operand("other", self.other, shape))
        return element_program("gated", shape, inputs, broadcast_operand("y", self.result, shape), product)


@irdl_op_definition
class GatedGradOp(GradientOp):
    """The gradients of `function(input) * other`: `input_grad = gradient * other * slope` and
    `other_grad = gradient * function(input)`, in one pass over all three."""

    name = "simdc.gated_grad"

    gradient = operand_def(TENSOR)
    input = operand_def(TENSOR)
    other = operand_def(TENSOR)
    function = prop_def(StringAttr)
    input_grad = result_def(TENSOR)
    other_grad = result_def(TENSOR)

    def alike(self) -> Sequence[SSAValue]:
        return (self.input, self.other)

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        return (_same_shape(self.function.data, self.input, self.other, self.gradient),) * 2

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.input)
        names = {"gradient": self.gradient, "x": self.input, "other": self.other}
        inputs = [broadcast_operand(name, value, shape) for name, value in names.items()]
        first = broadcast_operand("input_grad", self.input_grad, shape)
        second = broadcast_operand("other_grad", self.other_grad, shape)
        code = (
            *BEND[self.function.data],
            Instruction("mul", "act", ("x", "share")),
            Instruction("mul", "passed", ("gradient", "other")),
            Instruction("mul", "other_grad", ("gradient", "act")),
            Instruction("mul", "input_grad", ("passed", "slope")),
        )
        program = element_program("gated_grad", shape, inputs, first, code)
        (nest,) = program.nests
        return program._replace(nests=(nest._replace(outputs=(first, second)),))


def _same_shape(function: str, *values: SSAValue) -> tuple[int, ...]:
    if function not in FORWARD:
        raise VerifyException(f"function must be one of {', '.join(FORWARD)}, got '{function}'")
    shapes = [shape_of(value) for value in values]
    if len(set(shapes)) != 1:
        raise VerifyException(f"the operands have shapes {' and '.join(str(list(shape)) for shape in shapes)}")
    return element_shape(values[0])


@rule_for(GatedOp)
def gated_gradient(op: GatedOp, back: Backward) -> None:
    gradient = GatedGradOp.of(f"{op.layer.data}.grad_input", op, back.upstream(op.result))
    give_each(back, (op.input, op.other), gradient)


@layer
def swiglu(net: ModuleBuilder, name: str, x: SSAValue, y: SSAValue) -> SSAValue:
    """`x * sigmoid(x) * y`, in one pass."""
    return net.append(GatedOp(name, x, y, function="silu"), name)


@layer
def geglu(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    y: SSAValue,
    *,
    approximate: Annotated[str, one_of("none", "tanh")] = "none",
) -> SSAValue:
    """`gelu(x) * y`, in one pass."""
    return net.append(GatedOp(name, x, y, function="gelu" if approximate == "none" else "gelu_tanh"), name)
