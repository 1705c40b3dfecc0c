"""LSTM, GRU and RNN: unrolled, a direction at a time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod

import numpy as np
from xdsl.ir import SSAValue

from simdc.frontends.onnx.build import Build
from simdc.frontends.onnx.constant import Constant, Value, known
from simdc.frontends.onnx.problems import Unsupported
from simdc.frontends.onnx.table import operator
from simdc.frontends.onnx.tables import is_made_zero
from simdc.ir.ops.gru import ResetFirst, run_gru, run_reset_first
from simdc.ir.ops.lstm import run_lstm
from simdc.ir.ops.recurrence import SequenceOp, StepsOp, Unrolled, Weights, input_gates
from simdc.ir.ops.rnn import FUNCTIONS, run_rnn
from simdc.named import NamedTuple

FLOAT = 1
DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}
"""Whether each of the directions begins with the last step."""
COMMON = ("sigmoid", "tanh", "tanh")


class RecurrentNode(NamedTuple):
    """A node's sizes: dimension `axis` of its input is the sequence, the other of the first two the batch."""

    axis: int
    batch: int
    hidden: int
    gates: int
    reverse: tuple[bool, ...]


def _read(build: Build, gates: int) -> RecurrentNode:
    """Raises Unsupported for what is not modelled."""
    node, x, recurrent = build.node, build.shape(0), build.shape(2)
    direction = node.text("direction", "forward")
    if direction not in DIRECTIONS:
        raise Unsupported(f"direction is '{direction}', and simdc knows {', '.join(DIRECTIONS)}")
    reverse, axis = DIRECTIONS[direction], node.integer("layout", 0)
    if axis not in (0, 1) or len(x) != 3:
        raise Unsupported(
            f"layout is {axis} and its input has shape {list(x)}; simdc knows layouts 0 and 1 of [t, n, f]"
        )
    hidden = recurrent[-1]
    sides = len(reverse)
    wanted: list[tuple[int, ...]] = [(sides, gates * hidden, x[2]), (sides, gates * hidden, hidden)]
    found = [build.shape(1), recurrent]
    if build.has(3):
        wanted.append((sides, 2 * gates * hidden))
        found.append(build.shape(3))
    if node.integer("hidden_size", hidden) != hidden:
        raise Unsupported(f"hidden_size is {node.integer('hidden_size', hidden)}, and its weights are for {hidden}")
    if found != wanted:
        raise Unsupported(f"its weights have shapes {list(map(list, found))}, expected {list(map(list, wanted))}")
    for name in ("clip", "input_forget"):
        if node.attributes.get(name):
            raise Unsupported(f"its attribute {name} is not modelled")
    lengths = build.settings(4, "lengths of sequences")
    if lengths is not None and set(lengths) != {x[axis]}:
        raise Unsupported("its sequences differ in length, which is not modelled")
    return RecurrentNode(axis, x[1 - axis], hidden, gates, reverse)


def _functions(build: Build, default: Sequence[str], directions: int) -> list[tuple[str, ...]]:
    """The functions of each direction's gates, in small letters."""
    names = build.node.texts("activations") or tuple(default) * directions
    count = len(default)
    if len(names) != count * directions:
        raise Unsupported(f"it names {len(names)} activations, expected {count * directions}")
    lowered = [name.lower() for name in names]
    return [tuple(lowered[count * side : count * (side + 1)]) for side in range(directions)]


def _common(build: Build, count: int, directions: int) -> None:
    """Raise Unsupported for gates with other functions than the usual ones."""
    for found in _functions(build, COMMON[:count], directions):
        if found != COMMON[:count]:
            raise Unsupported(f"its activations are {', '.join(found)}, and simdc knows {', '.join(COMMON[:count])}")


def _rows(weight: Constant, side: int, first: int, count: int) -> Constant:
    """Some rows of one direction's weights."""
    return weight.mapped((count, *weight.shape[2:]), lambda array: array[side, first : first + count])


def _parameter(build: Build, place: int, side: int, role: str, first: int, count: int) -> SSAValue:
    weight = build.constant(place)
    if weight is None:
        raise Unsupported("its weights depend on data")
    return build.parameter(_rows(weight, side, first, count), role)


def _weights(build: Build, layer: RecurrentNode, side: int, used: int) -> Weights:
    """Of one direction; `used` gates of the recurrent weights."""
    rows, hidden = layer.gates * layer.hidden, layer.hidden
    prefix = "reverse." if layer.reverse[side] else ""
    matrices = (
        _parameter(build, 1, side, f"{prefix}input.weight", 0, rows),
        _parameter(build, 2, side, f"{prefix}recurrent.weight", 0, used * hidden),
    )
    if not build.has(3):
        return Weights(*matrices)
    offsets = (
        _parameter(build, 3, side, f"{prefix}input.bias", 0, rows),
        _parameter(build, 3, side, f"{prefix}recurrent.bias", rows, used * hidden),
    )
    return Weights(*matrices, *offsets)


def _initial(build: Build, layer: RecurrentNode, place: int, what: str) -> Sequence[SSAValue]:
    """The state that each direction begins with, [n, h]; zeros where none is given, or PyTorch wrote some."""
    shape, constant = (layer.batch, layer.hidden), build.constant(place)
    blank = constant is not None and constant.elements == len(layer.reverse) * prod(shape) and is_made_zero(constant)
    if blank or not build.has(place):
        zeros = [known(f"{what}{side}", np.zeros(shape, np.float32), FLOAT) for side in range(len(layer.reverse))]
        return [build.parameter(each, each.name, kind="constant") for each in zeros]
    given = build.tensor(place, what)
    steps = StepsOp(build.part(f"{what}.sides"), given, axis=layer.axis)
    build.network.insert(steps, steps.layer.data)
    return tuple(steps.results)


def _gates(build: Build, layer: RecurrentNode, weights: Weights, name: str) -> Sequence[SSAValue]:
    return input_gates(build.network, name, build.tensor(0), weights, layer.axis)


def _results(build: Build, layer: RecurrentNode, runs: Sequence[Unrolled]) -> tuple[Value, ...]:
    """Y, Y_h and, of an LSTM, Y_c. What the steps gave is put together where it lies."""

    def joined(name: str, values: Sequence[SSAValue], axis: int) -> SSAValue:
        return build.add(SequenceOp(name, values, axis=axis))

    # [t, h'] of one direction is [t, n, h] or [n, t, h]; the directions stand behind t.
    hidden = [joined(build.part("hidden"), run.hidden, layer.axis) for run in runs]
    results: list[Value] = [joined(build.name, hidden, layer.axis + 1)]
    for number, what in enumerate(("last", "last_cell")[: len(runs[0].last)]):
        results.append(joined(build.part(what), [run.last[number] for run in runs], layer.axis))
    return tuple(results)


def _name(build: Build, layer: RecurrentNode, side: int) -> str:
    """What the layers of a direction begin with."""
    return f"{build.name}.reverse" if layer.reverse[side] else build.name


@operator("LSTM", weights=(1, 2, 3), settings=(4,))
def lstm(build: Build) -> tuple[Value, ...]:
    layer = _read(build, 4)
    _common(build, 3, len(layer.reverse))
    if build.has(7):
        raise Unsupported("peepholes, its input 7, are not modelled")
    hidden, cell = _initial(build, layer, 5, "initial_hidden"), _initial(build, layer, 6, "initial_cell")
    runs: list[Unrolled] = []
    for side, reverse in enumerate(layer.reverse):
        name, weights = _name(build, layer, side), _weights(build, layer, side, layer.gates)
        gates = _gates(build, layer, weights, name)
        runs.append(run_lstm(build.network, name, gates, weights, (hidden[side], cell[side]), reverse=reverse))
    return _results(build, layer, runs)


@operator("GRU", weights=(1, 2, 3), settings=(4,))
def gru(build: Build) -> tuple[Value, ...]:
    layer = _read(build, 3)
    _common(build, 2, len(layer.reverse))
    initial, after = _initial(build, layer, 5, "initial_hidden"), build.node.integer("linear_before_reset", 0) != 0
    runs: list[Unrolled] = []
    for side, reverse in enumerate(layer.reverse):
        name, weights = _name(build, layer, side), _weights(build, layer, side, layer.gates if after else 2)
        gates = _gates(build, layer, weights, name)
        if after:
            runs.append(run_gru(build.network, name, gates, weights, initial[side], reverse=reverse))
        else:
            whole = _candidate(build, layer, side, weights)
            runs.append(run_reset_first(build.network, name, gates, whole, initial[side], reverse=reverse))
    return _results(build, layer, runs)


def _candidate(build: Build, layer: RecurrentNode, side: int, weights: Weights) -> ResetFirst:
    hidden, prefix = layer.hidden, "reverse." if layer.reverse[side] else ""
    part = partial(_parameter, build)
    matrix = part(2, side, f"{prefix}candidate.weight", 2 * hidden, hidden)
    if not build.has(3):
        return ResetFirst(weights, matrix)
    # Three gates of the input, two of the state, then this one.
    return ResetFirst(weights, matrix, part(3, side, f"{prefix}candidate.bias", 5 * hidden, hidden))


@operator("RNN", weights=(1, 2, 3), settings=(4,))
def rnn(build: Build) -> tuple[Value, ...]:
    layer = _read(build, 1)
    initial, functions = _initial(build, layer, 5, "initial_hidden"), _functions(build, ("Tanh",), len(layer.reverse))
    runs: list[Unrolled] = []
    for side, (reverse, (function,)) in enumerate(zip(layer.reverse, functions, strict=True)):
        if function not in FUNCTIONS:
            raise Unsupported(f"its activation is {function}, and simdc knows {', '.join(FUNCTIONS)}")
        name, weights = _name(build, layer, side), _weights(build, layer, side, 1)
        gates = _gates(build, layer, weights, name)
        runs.append(run_rnn(build.network, name, gates, weights, initial[side], reverse=reverse, function=function))
    return _results(build, layer, runs)
