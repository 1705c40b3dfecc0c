"""Long short-term memory (Hochreiter and Schmidhuber 1997), step by step, and its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, result_def

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

from .recurrence import (
    Unrolled,
    Weights,
    input_gates,
    joined,
    make_weights,
    product_of_state,
    sequence_of,
    zero_state,
)
from .scalar import ScalarOp

GATES = 4
INPUT_GATE, OUTPUT_GATE, FORGET_GATE, CELL_GATE = range(GATES)
"""Columns of the gates, in the order of ONNX."""


def _gate_code() -> Code:
    """The gates `i`, `o`, `f` and `g` from their two parts, and the new cell state `made`."""
    code: list[Instruction] = []
    for number, name in ((INPUT_GATE, "i"), (OUTPUT_GATE, "o"), (FORGET_GATE, "f"), (CELL_GATE, "g")):
        code.append(Instruction("add", "sum", (f"x{number}", f"r{number}")))
        code += tanh("sum", name) if number == CELL_GATE else sigmoid("sum", name)
    code += [Instruction("mul", "kept", ("f", "cell")), Instruction("mul", "new", ("i", "g"))]
    return (*code, Instruction("add", "made", ("kept", "new")))


@irdl_op_definition
class LstmGatesOp(LayerOp):
    """A step of an LSTM from what input and hidden state give: `i, o, f = sigmoid(x + recurrent)`, `g = tanh(...)`,
    `new_cell = f * cell + i * g`, `hidden = o * tanh(new_cell)`.

    x and recurrent [n, 4h], the columns of i, o, f and g one after the other; cell, new_cell and hidden [n, h].
    """

    name = "simdc.lstm_gates"

    x = operand_def(TENSOR)
    recurrent = operand_def(TENSOR)
    cell = operand_def(TENSOR)
    hidden = result_def(TENSOR)
    new_cell = result_def(TENSOR)

    def alike(self) -> Sequence[SSAValue]:
        return (self.cell, self.cell)

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        return (check_gates(GATES, (self.cell,), (self.x, self.recurrent)),) * 2

    def kernel(self) -> VectorProgram:
        inputs = (*columns("x", self.x, GATES), *columns("r", self.recurrent, GATES), state("cell", self.cell))
        results = state("hidden", self.hidden), state("new_cell", self.new_cell)
        finish = Instruction("move", "new_cell", ("made",)), Instruction("mul", "hidden", ("o", "bent"))
        code = (*_gate_code(), *tanh("made", "bent"), *finish)
        n, features = shape_of(self.cell)
        return gate_program("lstm_gates", (n, features), inputs, results, code)


@irdl_op_definition
class LstmGatesGradOp(LayerOp):
    """Gradients of a step with respect to the sums before its gates, which are those of both parts, and to the cell
    state. The gates are computed again. `gradient` and `cell_gradient` are those with respect to the hidden and the new
    cell state; of the last step, whose cell state nobody reads, there is no second."""

    name = "simdc.lstm_gates_grad"

    x = operand_def(TENSOR)
    recurrent = operand_def(TENSOR)
    cell = operand_def(TENSOR)
    gradient = operand_def(TENSOR)
    cell_gradient = opt_operand_def(TENSOR)
    gates_grad = result_def(TENSOR)
    cell_grad = result_def(TENSOR)

    def alike(self) -> Sequence[SSAValue]:
        return (self.x, self.cell)

    def result_shapes(self) -> tuple[tuple[int, ...], ...]:
        given = () if self.cell_gradient is None else (self.cell_gradient,)
        shape = check_gates(GATES, (self.cell, self.gradient, *given), (self.x, self.recurrent))
        return shape_of(self.x), shape

    def kernel(self) -> VectorProgram:
        inputs = [*columns("x", self.x, GATES), *columns("r", self.recurrent, GATES), state("cell", self.cell)]
        inputs.append(state("gradient", self.gradient))
        if self.cell_gradient is not None:
            inputs.append(state("cell_gradient", self.cell_gradient))
        results = (*columns("y", self.gates_grad, GATES), state("cell_grad", self.cell_grad))
        n, features = shape_of(self.cell)
        return gate_program("lstm_gates_grad", (n, features), inputs, results, (*_gate_code(), *self._backward()))

    def _backward(self) -> Code:
        """`down` is the gradient of the new cell state, through the hidden state and from the next step."""
        given = () if self.cell_gradient is None else (Instruction("add", "down", ("down", "cell_gradient")),)
        return (
            *tanh("made", "bent"),
            Instruction("mul", "through", ("gradient", "bent")),
            *sigmoid_slope("o", "through", f"y{OUTPUT_GATE}"),
            Instruction("mul", "through", ("gradient", "o")),
            *tanh_slope("bent", "through", "down"),
            *given,
            Instruction("mul", "through", ("down", "g")),
            *sigmoid_slope("i", "through", f"y{INPUT_GATE}"),
            Instruction("mul", "through", ("down", "cell")),
            *sigmoid_slope("f", "through", f"y{FORGET_GATE}"),
            Instruction("mul", "through", ("down", "i")),
            *tanh_slope("g", "through", f"y{CELL_GATE}"),
            Instruction("mul", "cell_grad", ("down", "f")),
        )


@rule_for(LstmGatesOp)
def lstm_gates_gradient(op: LstmGatesOp, back: Backward) -> None:
    name = op.layer.data
    if back.reaches(op.hidden):
        hidden = back.upstream(op.hidden)
    else:
        # Somebody asks for the last cell state and not for the hidden one.
        hidden = back.emit(ScalarOp(f"{name}.grad_hidden", op.hidden, function="mul", value=0.0), INPUT).results[0]
    cell_gradient = back.upstream(op.new_cell) if back.reaches(op.new_cell) else None
    gradient = LstmGatesGradOp(f"{name}.grad", op.x, op.recurrent, op.cell, hidden, cell_gradient)
    gates, cell = back.emit(gradient, INPUT).results
    for value, given in ((op.x, gates), (op.recurrent, gates), (op.cell, cell)):
        if back.needs(value):
            back.give(value, given)


def run_lstm(
    net: ModuleBuilder,
    name: str,
    gates: Sequence[SSAValue],
    weights: Weights,
    states: tuple[SSAValue, SSAValue],
    *,
    reverse: bool,
) -> Unrolled:
    """The steps one after the other from the hidden and the cell state `states` on, with the last step first in
    `reverse`; `gates` are the input's parts."""
    hidden, cell = states
    made: dict[int, SSAValue] = {}
    for number in sorted(range(len(gates)), reverse=reverse):
        step = f"{name}.step{number}"
        op = LstmGatesOp(f"{step}.gates", gates[number], product_of_state(net, step, hidden, weights), cell)
        net.insert(op, f"{step}.gates")
        hidden, cell = op.hidden, op.new_cell
        made[number] = hidden
    return Unrolled([made[number] for number in range(len(gates))], (hidden, cell))


Last = Annotated[Flag, "the state after the last step only, [n, features]"]
Bidirectional = Annotated[Flag, "another one runs from the end; both stand side by side"]


@layer
def lstm(
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
    """Long short-term memory over [n, t, features]: the hidden state after each step."""
    n, _, given = sequence_of(x)
    runs: list[Unrolled] = []
    for side in (name, f"{name}.reverse")[: 1 + bidirectional]:
        weights = make_weights(net, side, (features, given), GATES, bias=bias, frozen=freeze)
        states = [zero_state(net, f"{side}.initial_{state}", (n, features)) for state in ("hidden", "cell")]
        gates = input_gates(net, side, x, weights, axis=1)
        runs.append(run_lstm(net, side, gates, weights, (states[0], states[1]), reverse=side != name))
    return joined(net, name, runs, last=last)
