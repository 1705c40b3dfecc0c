"""Gated recurrent units (Cho et al. 2014), step by step, and their gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def

from simdc.cost.kernel import Instruction, VectorProgram
from simdc.ir.base import TENSOR, LayerOp, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.gates import (
    Code,
    check_gates,
    columns,
    gate_program,
    sigmoid,
    sigmoid_slope,
    state,
    tanh,
    tanh_slope,
)
from simdc.ir.gradient import INPUT, Backward, rule_for
from simdc.ir.layers import layer
from simdc.ir.options import Flag, Freeze, Positive
from simdc.named import NamedTuple

from .activation.exponential import SigmoidOp, TanhOp
from .broadcast import AddOp, MultiplyOp, SubtractOp
from .free import ReshapeOp
from .lstm import Bidirectional, Last
from .recurrence import (
    StepProductOp,
    StepsOp,
    Unrolled,
    Weights,
    input_gates,
    joined,
    make_weights,
    product_of_state,
    sequence_of,
    zero_state,
)

GATES = 3
UPDATE_GATE, RESET_GATE, NEW_GATE = range(GATES)
"""Columns of the gates, in the order of ONNX."""


def _gate_code() -> Code:
    """The gates `z` and `r`, and the new state `g`, of which the old one will be a part."""
    code: list[Instruction] = []
    for number, name in ((UPDATE_GATE, "z"), (RESET_GATE, "r")):
        code += [Instruction("add", "sum", (f"x{number}", f"r{number}")), *sigmoid("sum", name)]
    code += [Instruction("mul", "kept", ("r", f"r{NEW_GATE}")), Instruction("add", "sum", (f"x{NEW_GATE}", "kept"))]
    return (*code, *tanh("sum", "g"))


@irdl_op_definition
class GruGatesOp(LayerOp):
    """A step of a GRU from what input and hidden state give: `z, r = sigmoid(x + recurrent)`,
    `g = tanh(x + r * recurrent)`, `new_hidden = g + z * (hidden - g)`.

    x and recurrent [n, 3h], the columns of z, r and g one after the other; hidden and new_hidden [n, h]. The reset gate
    r comes after the product with the state, as in torch: `linear_before_reset` of ONNX.
    """

    name = "simdc.gru_gates"

    x = operand_def(TENSOR)
    recurrent = operand_def(TENSOR)
    hidden = operand_def(TENSOR)
    new_hidden = result_def(TENSOR)

    def alike(self) -> Sequence[SSAValue]:
        return (self.hidden,)

    def result_shape(self) -> tuple[int, ...]:
        return check_gates(GATES, (self.hidden,), (self.x, self.recurrent))

    def kernel(self) -> VectorProgram:
        inputs = (*columns("x", self.x, GATES), *columns("r", self.recurrent, GATES), state("hidden", self.hidden))
        finish = (
            Instruction("sub", "apart", ("hidden", "g")),
            Instruction("mul", "kept", ("z", "apart")),
            Instruction("add", "new_hidden", ("g", "kept")),
        )
        n, features = shape_of(self.hidden)
        results = (state("new_hidden", self.new_hidden),)
        return gate_program("gru_gates", (n, features), inputs, results, (*_gate_code(), *finish))


@irdl_op_definition
class GruGatesGradOp(LayerOp):
    """Gradients of a step with respect to the part of the input, that of the hidden state, and the hidden state itself.
    The gates are computed again."""

    name = "simdc.gru_gates_grad"

    x = operand_def(TENSOR)
    recurrent = operand_def(TENSOR)
    hidden = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    x_grad = result_def(TENSOR)
    recurrent_grad = result_def(TENSOR)
    hidden_grad = result_def(TENSOR)

    def alike(self) -> Sequence[SSAValue]:
        return (self.x, self.recurrent, self.hidden)

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        shape = check_gates(GATES, (self.hidden, self.gradient), (self.x, self.recurrent))
        return shape_of(self.x), shape_of(self.recurrent), shape

    def kernel(self) -> VectorProgram:
        states = state("hidden", self.hidden), state("gradient", self.gradient)
        inputs = (*columns("x", self.x, GATES), *columns("r", self.recurrent, GATES), *states)
        wide = (*columns("y", self.x_grad, GATES), *columns("q", self.recurrent_grad, GATES))
        code = (
            *_gate_code(),
            Instruction("sub", "apart", ("hidden", "g")),
            Instruction("mul", "through", ("gradient", "apart")),
            *sigmoid_slope("z", "through", "down"),
            Instruction("move", f"y{UPDATE_GATE}", ("down",)),
            Instruction("move", f"q{UPDATE_GATE}", ("down",)),
            Instruction("mul", "old", ("gradient", "z")),
            Instruction("move", "hidden_grad", ("old",)),
            Instruction("sub", "through", ("gradient", "old")),
            *tanh_slope("g", "through", "down"),
            Instruction("move", f"y{NEW_GATE}", ("down",)),
            Instruction("mul", f"q{NEW_GATE}", ("down", "r")),
            Instruction("mul", "through", ("down", f"r{NEW_GATE}")),
            *sigmoid_slope("r", "through", "down"),
            Instruction("move", f"y{RESET_GATE}", ("down",)),
            Instruction("move", f"q{RESET_GATE}", ("down",)),
        )
        n, features = shape_of(self.hidden)
        results = (*wide, state("hidden_grad", self.hidden_grad))
        return gate_program("gru_gates_grad", (n, features), inputs, results, code)


@rule_for(GruGatesOp)
def gru_gates_gradient(op: GruGatesOp, back: Backward) -> None:
    name, upstream = op.layer.data, back.upstream(op.new_hidden)
    gradient = back.emit(GruGatesGradOp(f"{name}.grad", op.x, op.recurrent, op.hidden, upstream), INPUT)
    for value, given in zip((op.x, op.recurrent, op.hidden), gradient.results, strict=True):
        if back.needs(value):
            back.give(value, given)


def run_gru(
    net: ModuleBuilder, name: str, gates: Sequence[SSAValue], weights: Weights, hidden: SSAValue, *, reverse: bool
) -> Unrolled:
    """The steps one after the other from `hidden` on, with the last step first in `reverse`; `gates` are the input's
    parts."""
    made: dict[int, SSAValue] = {}
    for number in sorted(range(len(gates)), reverse=reverse):
        step = f"{name}.step{number}"
        op = GruGatesOp(f"{step}.gates", gates[number], product_of_state(net, step, hidden, weights), hidden)
        made[number] = hidden = net.append(op, f"{step}.gates")
    return Unrolled([made[number] for number in range(len(gates))], (hidden,))


class ResetFirst(NamedTuple):
    """Weights of a GRU whose reset gate comes before the product: `weights` with the recurrent ones of z and r, and
    the `candidate` ones [h, h], which what is left of the state is multiplied by."""

    weights: Weights
    candidate: SSAValue
    candidate_bias: SSAValue | None = None


def run_reset_first(
    net: ModuleBuilder, name: str, gates: Sequence[SSAValue], weights: ResetFirst, hidden: SSAValue, *, reverse: bool
) -> Unrolled:
    """As `run_gru` with `g = tanh(x + candidate(r * hidden))`. A step has two products that wait for each other, so its
    gates are layers of their own."""
    made: dict[int, SSAValue] = {}
    for number in sorted(range(len(gates)), reverse=reverse):
        step = f"{name}.step{number}"

        def add(op: LayerOp) -> SSAValue:
            return net.append(op, op.layer.data)

        old, features = hidden, shape_of(hidden)[1]
        xz, xr, xg = _columns(net, f"{step}.x", gates[number], features)
        rz, rr = _columns(net, f"{step}.recurrent", product_of_state(net, step, old, weights.weights), features)
        z, r = (
            add(SigmoidOp(f"{step}.{gate}", add(AddOp(f"{step}.{gate}_sum", *parts))))
            for gate, parts in (("z", (xz, rz)), ("r", (xr, rr)))
        )
        left = add(MultiplyOp(f"{step}.left", r, old))
        product = add(StepProductOp(f"{step}.candidate", left, weights.candidate, weights.candidate_bias))
        g = add(TanhOp(f"{step}.g", add(AddOp(f"{step}.g_sum", xg, product))))
        kept = add(MultiplyOp(f"{step}.kept", z, add(SubtractOp(f"{step}.apart", old, g))))
        made[number] = hidden = add(AddOp(f"{step}.state", g, kept))
    return Unrolled([made[number] for number in range(len(gates))], (hidden,))


def _columns(net: ModuleBuilder, name: str, value: SSAValue, features: int) -> Sequence[SSAValue]:
    """The columns of each gate, which lie beside each other."""
    n, width = shape_of(value)
    parted = net.append(ReshapeOp(f"{name}.gates", value, shape=(n, width // features, features)), f"{name}.gates")
    steps = StepsOp(f"{name}.columns", parted, axis=1)
    net.insert(steps, f"{name}.columns")
    return tuple(steps.results)


@layer
def gru(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    features: Annotated[Positive, "of the state"],
    bidirectional: Bidirectional = False,
    last: Last = False,
    bias: Flag = True,
    freeze: Freeze = False,
) -> SSAValue:
    """Gated recurrent units over [n, t, features]: the hidden state after each step."""
    n, _, given = sequence_of(x)
    runs: list[Unrolled] = []
    for side in (name, f"{name}.reverse")[: 1 + bidirectional]:
        weights = make_weights(net, side, (features, given), GATES, bias=bias, frozen=freeze)
        hidden = zero_state(net, f"{side}.initial_hidden", (n, features))
        gates = input_gates(net, side, x, weights, axis=1)
        runs.append(run_gru(net, side, gates, weights, hidden, reverse=side != name))
    return joined(net, name, runs, last=last)
