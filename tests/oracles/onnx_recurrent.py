"""LSTM, GRU and RNN as the text of ONNX's operators defines them, one step at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = np.ndarray
State = tuple[Array, ...]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


FUNCTIONS: dict[str, Callable[[Array], Array]] = {"Tanh": np.tanh, "Relu": lambda x: np.maximum(x, 0)}


def lstm_step(x: Array, state: State, w: Array, r: Array, b: Array, attributes: Mapping[str, Any]) -> State:
    hidden, cell = state
    wi, wo, wf, wc = np.split(w, 4)
    ri, ro, rf, rc = np.split(r, 4)
    wbi, wbo, wbf, wbc, rbi, rbo, rbf, rbc = np.split(b, 8)
    i = sigmoid(x @ wi.T + hidden @ ri.T + wbi + rbi)
    f = sigmoid(x @ wf.T + hidden @ rf.T + wbf + rbf)
    c = np.tanh(x @ wc.T + hidden @ rc.T + wbc + rbc)
    cell = f * cell + i * c
    o = sigmoid(x @ wo.T + hidden @ ro.T + wbo + rbo)
    return o * np.tanh(cell), cell


def gru_step(x: Array, state: State, w: Array, r: Array, b: Array, attributes: Mapping[str, Any]) -> State:
    (hidden,) = state
    wz, wr, wh = np.split(w, 3)
    rz, rr, rh = np.split(r, 3)
    wbz, wbr, wbh, rbz, rbr, rbh = np.split(b, 6)
    z = sigmoid(x @ wz.T + hidden @ rz.T + wbz + rbz)
    reset = sigmoid(x @ wr.T + hidden @ rr.T + wbr + rbr)
    if attributes.get("linear_before_reset", 0):
        h = np.tanh(x @ wh.T + reset * (hidden @ rh.T + rbh) + wbh)
    else:
        h = np.tanh(x @ wh.T + (reset * hidden) @ rh.T + rbh + wbh)
    return ((1 - z) * h + z * hidden,)


def rnn_step(x: Array, state: State, w: Array, r: Array, b: Array, attributes: Mapping[str, Any]) -> State:
    (hidden,) = state
    wbi, rbi = np.split(b, 2)
    return (FUNCTIONS[attributes["function"]](x @ w.T + hidden @ r.T + wbi + rbi),)


STEPS = {"LSTM": lstm_step, "GRU": gru_step, "RNN": rnn_step}


def outputs(
    kind: str, x: Array, w: Array, r: Array, b: Array | None, initial: list[Array], attributes: Mapping[str, Any]
) -> list[Array]:
    """Y, Y_h and Y_c. `initial` are initial_h and initial_c, none where zeros are meant."""
    direction, layout = attributes.get("direction", "forward"), attributes.get("layout", 0)
    if layout:
        x, initial = x.swapaxes(0, 1), [each.swapaxes(0, 1) for each in initial]
    sides = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[direction]
    hidden = r.shape[-1]
    states = 2 if kind == "LSTM" else 1
    zeros = np.zeros((len(sides), x.shape[1], hidden))
    begin = [initial[number] if number < len(initial) else zeros for number in range(states)]
    offsets = np.zeros((len(sides), 2 * w.shape[1])) if b is None else b
    y = np.zeros((x.shape[0], len(sides), x.shape[1], hidden))
    last = [np.zeros_like(zeros) for _ in range(states)]
    for side, reverse in enumerate(sides):
        own = {**attributes, "function": attributes.get("activations", ["Tanh", "Tanh"])[side]}
        state = tuple(each[side] for each in begin)
        for t in reversed(range(len(x))) if reverse else range(len(x)):
            state = STEPS[kind](x[t], state, w[side], r[side], offsets[side], own)
            y[t, side] = state[0]
        for number in range(states):
            last[number][side] = state[number]
    if layout:
        return [y.transpose(2, 0, 1, 3), *(each.swapaxes(0, 1) for each in last)]
    return [y, *last]
