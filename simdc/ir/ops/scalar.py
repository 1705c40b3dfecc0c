"""A tensor and a number that is known when the network is compiled, an immediate; gradients that are not that function
itself."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Annotated

from xdsl.dialects.builtin import FloatAttr, StringAttr, f64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction, VectorProgram
from simdc.ir.base import TENSOR, GradientOp, LayerOp, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.elements import broadcast_operand, element_program, element_shape
from simdc.ir.gradient import Backward, give_input, rule_for
from simdc.ir.layers import layer
from simdc.ir.options import Real, one_of

Code = tuple[Instruction, ...]
MOST_MULTIPLIED = 2**16
"""Whole exponents up to here are products of squares; beyond, as all others, they go through the logarithm."""


def power(base: str, exponent: float, result: str) -> Code:
    """`result = base ^ exponent`. Whole exponents, 0.5 and -0.5 take any base that numpy takes, all others positive
    ones."""
    special: dict[float, Code] = {
        0.0: (Instruction("move", result, (1.0,)),),
        1.0: (Instruction("move", result, (base,)),),
        -1.0: (Instruction("div", result, (1.0, base)),),
        0.5: (Instruction("sqrt", result, (base,)),),
        -0.5: (Instruction("inv_sqrt", result, (base,)),),
    }
    if exponent in special:
        return special[exponent]
    if exponent != int(exponent) or abs(exponent) > MOST_MULTIPLIED:
        return (
            Instruction("log", "log", (base,)),
            Instruction("mul", "exponent", ("log", exponent)),
            Instruction("exp", result, ("exponent",)),
        )
    if exponent < 0:
        return (*power(base, -exponent, "product"), Instruction("div", result, (1.0, "product")))
    return _products(base, int(exponent), result)


def _products(base: str, exponent: int, result: str) -> Code:
    """From the exponent's second binary digit on: square, and multiply by the base where the digit is one."""
    steps: list[tuple[str, ...]] = []
    for digit in f"{exponent:b}"[1:]:
        steps.append(("square",))
        if digit == "1":
            steps.append(("times",))
    code: list[Instruction] = []
    held = base
    for number, (step,) in enumerate(steps, 1):
        dest = result if number == len(steps) else "product"
        code.append(Instruction("mul", dest, (held, held if step == "square" else base)))
        held = dest
    return tuple(code)


def _by_larger(value: float, side: str | float, equal: float, other: float) -> Code:
    """`y = equal` where the larger of x and `value` is `side`, else `other`."""
    return (
        Instruction("max", "high", ("x", value)),
        Instruction("conditional_move", "y", ("high", side, equal, other)),
    )


FUNCTIONS: dict[str, Callable[[float], Code]] = {
    "add": lambda value: (Instruction("add", "y", ("x", value)),),
    "sub": lambda value: (Instruction("sub", "y", ("x", value)),),
    "rsub": lambda value: (Instruction("sub", "y", (value, "x")),),
    "mul": lambda value: (Instruction("mul", "y", ("x", value)),),
    "div": lambda value: (Instruction("div", "y", ("x", value)),),
    "rdiv": lambda value: (Instruction("div", "y", (value, "x")),),
    "pow": lambda value: power("x", value, "y"),
    "max": lambda value: (Instruction("max", "y", ("x", value)),),
    "min": lambda value: (Instruction("min", "y", ("x", value)),),
    "equal": lambda value: (Instruction("compare", "y", ("x", value)),),
    # x < value where the larger of both is not x, x <= value where it is the value.
    "less": lambda value: _by_larger(value, "x", 0.0, 1.0),
    "less_or_equal": lambda value: _by_larger(value, value, 1.0, 0.0),
    "greater": lambda value: _by_larger(value, value, 0.0, 1.0),
    "greater_or_equal": lambda value: _by_larger(value, "x", 1.0, 0.0),
}
"""Code from `x` to `y` for each function; `rsub` is value - x, `rdiv` value / x, comparisons give 1 or 0."""
COMPARISONS = ("equal", "less", "less_or_equal", "greater", "greater_or_equal")
"""Functions whose gradient is zero wherever there is one."""


@irdl_op_definition
class ScalarOp(LayerOp):
    """`result = function(input, value)`: add, sub, rsub, mul, div, rdiv, pow, max, min; equal, less, less_or_equal,
    greater, greater_or_equal, which give 1 or 0."""

    name = "simdc.scalar"

    input = operand_def(TENSOR)
    function = prop_def(StringAttr)
    value = prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        check_function(self.function.data, self.value.value.data, FUNCTIONS)
        return element_shape(self.input)

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.result)
        x, y = broadcast_operand("x", self.input, shape), broadcast_operand("y", self.result, shape)
        code = FUNCTIONS[self.function.data](self.value.value.data)
        return element_program(f"scalar_{self.function.data}", shape, (x,), y, code)


def check_function(function: str, value: float, known: dict[str, Callable[[float], Code]]) -> None:
    """Raise VerifyException unless the function is known and can take the number."""
    if function not in known:
        raise VerifyException(f"function must be one of {', '.join(known)}, got '{function}'")
    if not isfinite(value):
        raise VerifyException(f"value must be finite, got {value}")
    if function == "div" and value == 0:
        raise VerifyException("value must not be zero where it divides")


def _quotient(value: float) -> Code:
    """`value / x` falls by `value / x^2`."""
    return (
        Instruction("mul", "square", ("x", "x")),
        Instruction("mul", "product", ("gradient", -value)),
        Instruction("div", "dx", ("product", "square")),
    )


def _power(value: float) -> Code:
    return (
        *power("x", value - 1.0, "lower"),
        Instruction("mul", "product", ("gradient", value)),
        Instruction("mul", "dx", ("product", "lower")),
    )


def _taken(opcode: str) -> Callable[[float], Code]:
    """The gradient passes where the tensor was taken, equal numbers included."""

    def code(value: float) -> Code:
        return (
            Instruction(opcode, "taken", ("x", value)),
            Instruction("conditional_move", "dx", ("taken", "x", "gradient", 0.0)),
        )

    return code


SLOPES: dict[str, Callable[[float], Code]] = {
    "rdiv": _quotient,
    "pow": _power,
    "max": _taken("max"),
    "min": _taken("min"),
}
"""Code from `gradient` and `x` to `dx`."""


@irdl_op_definition
class ScalarGradOp(GradientOp):
    """`result = gradient * slope of function(input, value)`: rdiv, pow, max, min."""

    name = "simdc.scalar_grad"

    gradient = operand_def(TENSOR)
    input = operand_def(TENSOR)
    function = prop_def(StringAttr)
    value = prop_def(FloatAttr.constr(f64))
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        check_function(self.function.data, self.value.value.data, SLOPES)
        first, second = element_shape(self.gradient), shape_of(self.input)
        if first != second:
            raise VerifyException(f"the operands have shapes {list(first)} and {list(second)}")
        return first

    def kernel(self) -> VectorProgram:
        shape = shape_of(self.result)
        inputs = (broadcast_operand("gradient", self.gradient, shape), broadcast_operand("x", self.input, shape))
        dx = broadcast_operand("dx", self.result, shape)
        code = SLOPES[self.function.data](self.value.value.data)
        return element_program(f"scalar_{self.function.data}_grad", shape, inputs, dx, code)


@rule_for(ScalarOp)
def scalar_gradient(op: ScalarOp, back: Backward) -> None:
    """Adding a number passes the gradient on; multiplying or dividing by one does the same to the gradient."""
    upstream, name, function = back.upstream(op.result), f"{op.layer.data}.grad_input", op.function.data
    match function:
        case "add" | "sub":
            back.give(op.input, upstream)
        case "rsub":
            # Inference needs none of the seven ops of that file.
            from .activation.function import NegateOp

            give_input(back, op.input, NegateOp(name, upstream))
        case "mul" | "div":
            give_input(back, op.input, ScalarOp(name, upstream, function=function, value=op.value))
        case _ if function in COMPARISONS:
            pass
        case _:
            give_input(back, op.input, ScalarGradOp.of(name, op, upstream))


@layer
def scalar(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    function: Annotated[str, one_of(*FUNCTIONS)],
    value: Real,
) -> SSAValue:
    """Element by element with a number: `"rsub"` is value - x, `"rdiv"` value / x, `"less"` x < value."""
    return net.append(ScalarOp(name, x, function=function, value=value), name)
