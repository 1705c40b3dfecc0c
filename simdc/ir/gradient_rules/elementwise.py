"""Rules for activations, for ops on two tensors and for those on a tensor and a number."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.ir import SSAValue

from simdc.ir.base import LayerOp, shape_of
from simdc.ir.gradient import INPUT, RULES, WEIGHT, Backward, give_input, rule_for
from simdc.ir.network import ParameterOp
from simdc.ir.ops.activation import (
    ACTIVATIONS,
    ActivationOp,
    ExpOp,
    LogOp,
    NegateOp,
    PReluGradOp,
    PReluOp,
    PReluSlopeGradOp,
)
from simdc.ir.ops.broadcast import BroadcastOp, DivideOp, MaximumOp, MinimumOp, MultiplyOp, PowerOp, SubtractOp
from simdc.ir.ops.broadcast_grad import PASS, SLOPES, BroadcastGradOp
from simdc.ir.ops.comparison import EqualOp, LessOp, LessOrEqualOp
from simdc.ir.ops.elementwise import AddOp
from simdc.ir.ops.free import ReshapeOp
from simdc.ir.ops.reduce import ReduceSumOp
from simdc.ir.ops.reduce_extreme import ArgMaxOp, ArgMinOp
from simdc.ir.ops.scalar import COMPARISONS, ScalarOp
from simdc.ir.ops.scalar_grad import ScalarGradOp
from simdc.ir.ops.select import SelectOp


def activation(op: ActivationOp, back: Backward) -> None:
    """The gradient op that `ACTIVATIONS` has for this one."""
    grad = ACTIVATIONS[type(op)]
    give_input(back, op.input, grad(f"{op.layer.data}.grad_input", op, back.upstream(op.result)))


RULES.update(dict.fromkeys(ACTIVATIONS, activation))


@rule_for(ExpOp)
def exp(op: ExpOp, back: Backward) -> None:
    give_input(back, op.input, MultiplyOp(f"{op.layer.data}.grad_input", back.upstream(op.result), op.result))


@rule_for(LogOp)
def log(op: LogOp, back: Backward) -> None:
    give_input(back, op.input, DivideOp(f"{op.layer.data}.grad_input", back.upstream(op.result), op.input))


@rule_for(NegateOp)
def negate(op: NegateOp, back: Backward) -> None:
    give_input(back, op.input, NegateOp(f"{op.layer.data}.grad_input", back.upstream(op.result)))


@rule_for(PReluOp)
def prelu(op: PReluOp, back: Backward) -> None:
    name, upstream = op.layer.data, back.upstream(op.result)
    if back.needs(op.input):
        give_input(back, op.input, PReluGradOp(f"{name}.grad_input", op, upstream))
    if back.needs(op.slope):
        _give(back, op.slope, PReluSlopeGradOp(f"{name}.grad_slope", op, upstream))


def binary(op: BroadcastOp, back: Backward) -> None:
    """An operand that is not repeated has gradients that are ops of the forward kind, or nothing at all."""
    upstream, function = back.upstream(op.result), op.name.removeprefix("simdc.")
    for side, value, suffix in (("lhs", op.lhs, "grad_input"), ("rhs", op.rhs, "grad_other")):
        if not back.needs(value):
            continue
        name, whole = f"{op.layer.data}.{suffix}", shape_of(value) == shape_of(op.result)
        if whole and SLOPES[function, side] is PASS:
            back.give(value, upstream)
        elif whole and (function, side) in PLAIN:
            _give(back, value, PLAIN[function, side](name, upstream, op))
        else:
            _give(back, value, BroadcastGradOp(name, op, upstream, side))


PLAIN: dict[tuple[str, str], Callable[[str, SSAValue, BroadcastOp], LayerOp]] = {
    ("subtract", "rhs"): lambda name, upstream, op: NegateOp(name, upstream),
    ("multiply", "lhs"): lambda name, upstream, op: MultiplyOp(name, upstream, op.rhs),
    ("multiply", "rhs"): lambda name, upstream, op: MultiplyOp(name, upstream, op.lhs),
    ("divide", "lhs"): lambda name, upstream, op: DivideOp(name, upstream, op.rhs),
}
"""Gradients that are ops of their own where nothing is summed."""
RULES.update(dict.fromkeys((AddOp, SubtractOp, MultiplyOp, DivideOp, PowerOp, MaximumOp, MinimumOp), binary))


@rule_for(ScalarOp)
def scalar(op: ScalarOp, back: Backward) -> None:
    """Adding a number passes the gradient on; multiplying or dividing by one does the same to the gradient."""
    upstream, name, function = back.upstream(op.result), f"{op.layer.data}.grad_input", op.function.data
    match function:
        case "add" | "sub":
            back.give(op.input, upstream)
        case "rsub":
            give_input(back, op.input, NegateOp(name, upstream))
        case "mul" | "div":
            give_input(back, op.input, ScalarOp(name, upstream, function, op.value.value.data))
        case _ if function in COMPARISONS:
            pass
        case _:
            give_input(back, op.input, ScalarGradOp(name, op, upstream))


def none(op: LayerOp, back: Backward) -> None:
    """Comparisons and places are constant wherever they have a slope: no gradient passes, as in other frameworks."""


RULES.update(dict.fromkeys((EqualOp, LessOp, LessOrEqualOp, ArgMaxOp, ArgMinOp), none))


@rule_for(SelectOp)
def select(op: SelectOp, back: Backward) -> None:
    """Each side receives the gradient where it was chosen, zero elsewhere; then what was repeated is summed up."""
    upstream, name, shape = back.upstream(op.result), op.layer.data, shape_of(op.result)
    lhs, rhs = op.sides
    for value, suffix, gate in ((lhs, "grad_input", (upstream, 0.0)), (rhs, "grad_other", (0.0, upstream))):
        if not isinstance(value, SSAValue) or not back.needs(value):
            continue
        own = shape_of(value)
        steps = [f"{name}.{suffix}"] if own == shape else [f"{name}.{suffix}_whole", f"{name}.{suffix}"]
        gradient = back.emit(SelectOp(steps[0], op.condition, *gate), INPUT).results[0]
        if own != shape:
            gradient = _summed_to(back, gradient, own, steps[1])
        back.give(value, gradient)


def _summed_to(back: Backward, gradient: SSAValue, own: tuple[int, ...], name: str) -> SSAValue:
    """The gradient of a value of shape `own` that was broadcast."""
    shape = shape_of(gradient)
    padded = (1,) * (len(shape) - len(own)) + own
    axes = [axis for axis, (size, whole) in enumerate(zip(padded, shape, strict=True)) if size != whole]
    summed = ReduceSumOp(name if len(own) == len(shape) else f"{name}_sum", gradient, axes, keepdims=True)
    result = back.emit(summed, INPUT).results[0]
    return result if len(own) == len(shape) else back.emit(ReshapeOp(name, result, own), INPUT).results[0]


def _give(back: Backward, value: SSAValue, op: LayerOp) -> None:
    """Hand over the gradient that `op` computes; a parameter's is a step of its own."""
    step = WEIGHT if isinstance(value.owner, ParameterOp) else INPUT
    back.give(value, back.emit(op, step).results[0])
