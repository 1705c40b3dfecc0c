"""Steps of recurrent layers. What is whole here is numpy's, and nothing of it follows the kernels' code."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from simdc.cost.kernel import VectorProgram
from simdc.ir.base import LayerOp, shape_of
from simdc.ir.ops.gru import GruGatesGradOp, GruGatesOp
from simdc.ir.ops.lstm import LstmGatesGradOp, LstmGatesOp
from simdc.ir.ops.recurrence import SequenceOp, StepProductOp, StepsOp

from .arrays import Array, Arrays
from .gather import RowRun
from .program import ProgramRun, run_program

CALLED = {"x": "x", "recurrent": "r"}
MADE = {"gates_grad": "y", "x_grad": "y", "recurrent_grad": "q"}
"""What programs call the columns of each gate, before the gate's number."""


def _run_gates(op: LayerOp, program: VectorProgram, arguments: Sequence[Array]) -> tuple[Arrays, ProgramRun]:
    """By the kernel: each gate's columns are an operand or a result of their own."""
    definition = op.get_irdl_definition()
    shapes = {operand.name: operand.shape for operand in program.nests[0].inputs}
    given = [name for name, _ in definition.operands if getattr(op, name) is not None]
    inputs: dict[str, Array] = {}
    for name, value in zip(given, arguments, strict=True):
        parts = [each for each in shapes if each == name or each.rstrip("0123456789") == CALLED.get(name)]
        inputs |= {part: value.reshape(shapes[part]) for part in parts}
    run = run_program(program, inputs)
    results: list[Array] = []
    for name, _ in definition.results:
        parts = [each for each in run.arrays if each == name or each.rstrip("0123456789") == MADE.get(name)]
        # Each part wrote its gate's columns and left the rest undefined.
        whole: Array = np.nansum(np.stack([run.arrays[part] for part in parts]), axis=0)
        results.append(whole.reshape(shape_of(getattr(op, name))))
    return tuple(results), run


BY_GATES: dict[type[LayerOp], RowRun] = dict.fromkeys(
    (LstmGatesOp, LstmGatesGradOp, GruGatesOp, GruGatesGradOp), _run_gates
)


def _sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


def _lstm(x: Array, recurrent: Array, cell: Array) -> tuple[Array, ...]:
    """The gates and the new cell state."""
    i, o, f, g = np.split(x + recurrent, 4, axis=1)
    i, o, f, g = _sigmoid(i), _sigmoid(o), _sigmoid(f), np.tanh(g)
    return i, o, f, g, f * cell + i * g


def _gru(x: Array, recurrent: Array) -> tuple[Array, ...]:
    """The gates, the new part of the state, and what the hidden state gives to it."""
    (xz, xr, xg), (rz, rr, rg) = np.split(x, 3, axis=1), np.split(recurrent, 3, axis=1)
    z, r = _sigmoid(xz + rz), _sigmoid(xr + rr)
    return z, r, np.tanh(xg + r * rg), rg


@register_impls
class RecurrentFunctions(InterpreterFunctions):
    @impl(StepsOp)
    def steps(self, interpreter: Interpreter, op: StepsOp, args: Arrays) -> Arrays:
        return tuple(np.moveaxis(args[0], op.axis.value.data, 0))

    @impl(SequenceOp)
    def sequence(self, interpreter: Interpreter, op: SequenceOp, args: Arrays) -> Arrays:
        return (np.stack(args, axis=op.axis.value.data),)

    @impl(StepProductOp)
    def step_product(self, interpreter: Interpreter, op: StepProductOp, args: Arrays) -> Arrays:
        state, weight, *bias = args
        return (state @ weight.T + bias[0] if bias else state @ weight.T,)

    @impl(LstmGatesOp)
    def lstm_gates(self, interpreter: Interpreter, op: LstmGatesOp, args: Arrays) -> Arrays:
        _, o, _, _, made = _lstm(*args)
        return o * np.tanh(made), made

    @impl(LstmGatesGradOp)
    def lstm_gates_grad(self, interpreter: Interpreter, op: LstmGatesGradOp, args: Arrays) -> Arrays:
        x, recurrent, cell, hidden, *later = args
        i, o, f, g, made = _lstm(x, recurrent, cell)
        bent = np.tanh(made)
        down = hidden * o * (1.0 - bent**2) + (later[0] if later else 0.0)
        parts = (down * g * i * (1.0 - i), hidden * bent * o * (1.0 - o), down * cell * f * (1.0 - f))
        return np.concatenate([*parts, down * i * (1.0 - g**2)], axis=1), down * f

    @impl(GruGatesOp)
    def gru_gates(self, interpreter: Interpreter, op: GruGatesOp, args: Arrays) -> Arrays:
        x, recurrent, hidden = args
        z, _, g, _ = _gru(x, recurrent)
        return ((1.0 - z) * g + z * hidden,)

    @impl(GruGatesGradOp)
    def gru_gates_grad(self, interpreter: Interpreter, op: GruGatesGradOp, args: Arrays) -> Arrays:
        x, recurrent, hidden, gradient = args
        z, r, g, part = _gru(x, recurrent)
        dz = gradient * (hidden - g) * z * (1.0 - z)
        dg = gradient * (1.0 - z) * (1.0 - g**2)
        dr = dg * part * r * (1.0 - r)
        return np.concatenate([dz, dr, dg], axis=1), np.concatenate([dz, dr, dg * r], axis=1), gradient * z
