"""Ops on two tensors, element by element. Their gradient is one op, whatever the function, with the sum over the places
where an operand was repeated as part of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Self

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, var_operand_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Instruction, VectorProgram
from simdc.ir.base import TENSOR, LayerOp, shape_of
from simdc.ir.broadcasting import BroadcastOp
from simdc.ir.elements import broadcast_index, broadcast_operand, element_program, element_shape
from simdc.ir.gradient import Backward, give_operand, rule_for
from simdc.ir.layers import plain_layer
from simdc.named import NamedTuple


@irdl_op_definition
class AddOp(BroadcastOp):
    """`result = lhs + rhs`: a residual join, where the shapes are equal."""

    name = "simdc.add"

    def instructions(self) -> tuple[Instruction, ...]:
        return (Instruction("add", "y", ("a", "b")),)


@irdl_op_definition
class SubtractOp(BroadcastOp):
    """`result = lhs - rhs`."""

    name = "simdc.subtract"
    VERB: ClassVar = "subtract"

    def instructions(self) -> tuple[Instruction, ...]:
        return (Instruction("sub", "y", ("a", "b")),)


@irdl_op_definition
class MultiplyOp(BroadcastOp):
    """`result = lhs * rhs`: a gate, or dropout in training, where `rhs` is its mask."""

    name = "simdc.multiply"
    VERB: ClassVar = "multiply"

    def instructions(self) -> tuple[Instruction, ...]:
        return (Instruction("mul", "y", ("a", "b")),)


@irdl_op_definition
class DivideOp(BroadcastOp):
    """`result = lhs / rhs`."""

    name = "simdc.divide"
    VERB: ClassVar = "divide"

    def instructions(self) -> tuple[Instruction, ...]:
        return (Instruction("div", "y", ("a", "b")),)


@irdl_op_definition
class PowerOp(BroadcastOp):
    """`result = lhs ^ rhs` as `exp(rhs * log(lhs))`, for positive `lhs`. `ScalarOp` has known exponents."""

    name = "simdc.power"
    VERB: ClassVar = "take the power of"

    def instructions(self) -> tuple[Instruction, ...]:
        return (
            Instruction("log", "log", ("a",)),
            Instruction("mul", "exponent", ("log", "b")),
            Instruction("exp", "y", ("exponent",)),
        )


@irdl_op_definition
class MaximumOp(BroadcastOp):
    """`result = max(lhs, rhs)`."""

    name = "simdc.maximum"
    VERB: ClassVar = "compare"

    def instructions(self) -> tuple[Instruction, ...]:
        return (Instruction("max", "y", ("a", "b")),)


@irdl_op_definition
class MinimumOp(BroadcastOp):
    """`result = min(lhs, rhs)`."""

    name = "simdc.minimum"
    VERB: ClassVar = "compare"

    def instructions(self) -> tuple[Instruction, ...]:
        return (Instruction("min", "y", ("a", "b")),)


class Slope(NamedTuple):
    """Which operands of the forward op a gradient reads, and its code from `gradient`, `lhs` and `rhs` to `dx`. With no
    code the gradient is passed on."""

    reads: tuple[str, ...]
    code: tuple[Instruction, ...]


PASS = Slope((), ())
SLOPES: dict[tuple[str, str], Slope] = {
    ("add", "lhs"): PASS,
    ("add", "rhs"): PASS,
    ("subtract", "lhs"): PASS,
    ("subtract", "rhs"): Slope((), (Instruction("sub", "dx", (0.0, "gradient")),)),
    ("multiply", "lhs"): Slope(("rhs",), (Instruction("mul", "dx", ("gradient", "rhs")),)),
    ("multiply", "rhs"): Slope(("lhs",), (Instruction("mul", "dx", ("gradient", "lhs")),)),
    ("divide", "lhs"): Slope(("rhs",), (Instruction("div", "dx", ("gradient", "rhs")),)),
    # -gradient * lhs / rhs^2
    ("divide", "rhs"): Slope(
        ("lhs", "rhs"),
        (
            Instruction("mul", "product", ("gradient", "lhs")),
            Instruction("mul", "square", ("rhs", "rhs")),
            Instruction("sub", "minus", (0.0, "product")),
            Instruction("div", "dx", ("minus", "square")),
        ),
    ),
    # gradient * rhs * lhs^(rhs - 1)
    ("power", "lhs"): Slope(
        ("lhs", "rhs"),
        (
            Instruction("log", "log", ("lhs",)),
            Instruction("sub", "less", ("rhs", 1.0)),
            Instruction("mul", "exponent", ("log", "less")),
            Instruction("exp", "power", ("exponent",)),
            Instruction("mul", "weighted", ("gradient", "rhs")),
            Instruction("mul", "dx", ("weighted", "power")),
        ),
    ),
    # gradient * lhs^rhs * log(lhs)
    ("power", "rhs"): Slope(
        ("lhs", "rhs"),
        (
            Instruction("log", "log", ("lhs",)),
            Instruction("mul", "exponent", ("log", "rhs")),
            Instruction("mul", "weighted", ("gradient", "log")),
            Instruction("exp", "power", ("exponent",)),
            Instruction("mul", "dx", ("weighted", "power")),
        ),
    ),
}


def _extreme(opcode: str, equal: float | str, other: float | str) -> Slope:
    """The gradient goes to the operand that was taken: to `lhs` if both are equal."""
    code = (
        Instruction(opcode, "taken", ("lhs", "rhs")),
        Instruction("conditional_move", "dx", ("taken", "lhs", equal, other)),
    )
    return Slope(("lhs", "rhs"), code)


for _function, _opcode in (("maximum", "max"), ("minimum", "min")):
    SLOPES[_function, "lhs"] = _extreme(_opcode, "gradient", 0.0)
    SLOPES[_function, "rhs"] = _extreme(_opcode, 0.0, "gradient")


@irdl_op_definition
class BroadcastGradOp(LayerOp):
    """The gradient of `function` with respect to its operand `side`, in that operand's shape: summed over all places
    where the operand was repeated. `inputs` are the operands of the forward op that the slope depends on, lhs first."""

    name = "simdc.broadcast_grad"

    gradient = operand_def(TENSOR)
    inputs = var_operand_def(TENSOR)
    function = prop_def(StringAttr)
    side = prop_def(StringAttr)
    result = result_def(TENSOR)

    @classmethod
    def of(cls, layer: str, forward: BroadcastOp, gradient: SSAValue, side: str) -> Self:
        """`side` is `lhs` or `rhs`."""
        operands = {"lhs": forward.lhs, "rhs": forward.rhs}
        function = forward.name.removeprefix("simdc.")
        inputs = [operands[name] for name in SLOPES[function, side].reads]
        return cls(layer, gradient, inputs, function=function, side=side, result=operands[side].type)

    @property
    def slope(self) -> Slope:
        """Raises VerifyException for a function or a side that there is not."""
        key = (self.function.data, self.side.data)
        if key not in SLOPES:
            raise VerifyException(f"there is no gradient of '{key[0]}' with respect to '{key[1]}'")
        return SLOPES[key]

    def result_shape(self) -> tuple[int, ...]:
        shape, reads = element_shape(self.gradient), self.slope.reads
        if len(self.inputs) != len(reads):
            raise VerifyException(f"reads {' and '.join(reads) or 'no input'}, got {len(self.inputs)} inputs")
        for value in (*self.inputs, self.result):
            broadcast_index(shape_of(value), shape)
        return shape_of(self.result)

    def kernel(self) -> VectorProgram:
        shape, (reads, code) = shape_of(self.gradient), self.slope
        names = {name: f"x{number}" for number, name in enumerate(reads)}
        code = [
            step._replace(sources=tuple(names.get(source, source) if isinstance(source, str) else source
                                        for source in step.sources))
            for step in code
        ]  # fmt: skip
        values = zip(("gradient", *names.values()), (self.gradient, *self.inputs), strict=True)
        inputs = tuple(broadcast_operand(name, value, shape) for name, value in values)
        dx = broadcast_operand("dx", self.result, shape)
        return element_program(f"{self.function.data}_grad", shape, inputs, dx, code)


def _negated(name: str, upstream: SSAValue, _: BroadcastOp) -> LayerOp:
    # Inference needs none of the seven ops of that file.
    from .activation.function import NegateOp

    return NegateOp(name, upstream)


PLAIN: dict[tuple[str, str], Callable[[str, SSAValue, BroadcastOp], LayerOp]] = {
    ("subtract", "rhs"): _negated,
    ("multiply", "lhs"): lambda name, upstream, op: MultiplyOp(name, upstream, op.rhs),
    ("multiply", "rhs"): lambda name, upstream, op: MultiplyOp(name, upstream, op.lhs),
    ("divide", "lhs"): lambda name, upstream, op: DivideOp(name, upstream, op.rhs),
}
"""Gradients that are ops of their own where nothing is summed."""


@rule_for(AddOp, SubtractOp, MultiplyOp, DivideOp, PowerOp, MaximumOp, MinimumOp)
def broadcast_gradient(op: BroadcastOp, back: Backward) -> None:
    """An operand that is not repeated has gradients that are ops of the forward kind, or nothing at all."""
    upstream, function = back.upstream(op.result), op.name.removeprefix("simdc.")
    for side, value, suffix in (("lhs", op.lhs, "grad_input"), ("rhs", op.rhs, "grad_other")):
        if not back.needs(value):
            continue
        name, whole = f"{op.layer.data}.{suffix}", shape_of(value) == shape_of(op.result)
        if whole and SLOPES[function, side] is PASS:
            back.give(value, upstream)
        elif whole and (function, side) in PLAIN:
            give_operand(back, value, PLAIN[function, side](name, upstream, op))
        else:
            give_operand(back, value, BroadcastGradOp.of(name, op, upstream, side))


plain_layer("add", AddOp, "`x + y`; shapes are broadcast as in numpy.", inputs=2)
plain_layer("sub", SubtractOp, "`x - y`, broadcast.", inputs=2)
plain_layer("mul", MultiplyOp, "`x * y`, broadcast.", inputs=2)
plain_layer("div", DivideOp, "`x / y`, broadcast.", inputs=2)
plain_layer("pow", PowerOp, "`x` to the power of `y`, broadcast, for positive `x`.", inputs=2)
plain_layer("maximum", MaximumOp, "The larger of both, broadcast.", inputs=2)
plain_layer("minimum", MinimumOp, "The smaller of both, broadcast.", inputs=2)
