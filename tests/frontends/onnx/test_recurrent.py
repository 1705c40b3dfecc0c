"""LSTM, GRU and RNN from ONNX files, against the text of the standard and against torch's own layers."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from onnx import helper

from simdc.backends.execute import execute
from simdc.errors import SimdcError
from simdc.frontends.onnx import parse_onnx
from simdc.frontends.onnx.parameters import load_parameters
from simdc.ir.network import network_of
from simdc.ir.ops.gru import GruGatesOp
from simdc.ir.ops.recurrence import StepProductOp
from tests.frontends.onnx.models import imported, ints, model, node, random, saved
from tests.oracles.onnx_recurrent import outputs

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
T, N, FEATURES, HIDDEN = 3, 2, 4, 5


def drawn(seed: int, kind: str) -> tuple[dict[str, np.ndarray], list[str], dict[str, Any]]:
    """Weights, the node's inputs and its attributes, each of them drawn apart."""
    choose, gates = Random(seed), GATES[kind]
    direction = choose.choice(("forward", "reverse", "bidirectional"))
    sides, layout = 1 + (direction == "bidirectional"), choose.randint(0, 1)
    weights = {"w": random(sides, gates * HIDDEN, FEATURES, seed=seed), "r": random(sides, gates * HIDDEN, HIDDEN)}
    inputs = ["x", "w", "r", "", "", "", ""]
    attributes: dict[str, Any] = {"hidden_size": HIDDEN, "direction": direction, "layout": layout}
    if choose.random() < 0.6:
        weights["b"], inputs[3] = random(sides, 2 * gates * HIDDEN), "b"
    if choose.random() < 0.4:
        weights["lengths"], inputs[4] = np.full(N, T, np.int32), "lengths"
    for place, name in ((5, "h"), (6, "c"))[: 1 + (kind == "LSTM")]:
        if choose.random() < 0.5:
            weights[name], inputs[place] = random(*((N, sides) if layout else (sides, N)), HIDDEN, seed=place), name
    if kind == "GRU":
        attributes["linear_before_reset"] = choose.randint(0, 1)
    if kind == "RNN":
        attributes["activations"] = [choose.choice(("Tanh", "Relu")) for _ in range(sides)]
    while not inputs[-1]:
        inputs.pop()
    return weights, inputs, attributes


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", GATES)
def test_what_the_standard_says(kind: str, seed: int, tmp_path: Path) -> None:
    weights, inputs, attributes = drawn(seed, kind)
    names = ["y", "y_h", "y_c"][: 2 + (kind == "LSTM")]
    shape = (N, T, FEATURES) if attributes["layout"] else (T, N, FEATURES)
    proto = model([node(kind, inputs, names, **attributes)], {"x": shape}, weights, outputs=names)
    path = saved(proto, tmp_path)
    module, x = parse_onnx(path, None), random(*shape, seed=9)
    module.verify()
    found = execute(module, [x], load_parameters(path)).returned
    initial = [weights[name] for name in ("h", "c") if name in weights]
    if "c" in weights and "h" not in weights:
        initial.insert(0, np.zeros_like(weights["c"]))
    expected = outputs(kind, x, weights["w"], weights["r"], weights.get("b"), initial, attributes)
    for one, wanted in zip(found, expected, strict=True):
        assert one.shape == wanted.shape
        np.testing.assert_allclose(one, wanted, atol=1e-5)
    counted = sum(weights[name].size for name in ("w", "r", "b") if name in weights)
    states = sum(weights[name].size for name in ("h", "c") if name in weights)
    assert network_of(module).parameters.value.data in (counted, counted + states)


def test_steps_share_their_weights(tmp_path: Path) -> None:
    weights = {"w": random(1, 3 * HIDDEN, FEATURES), "r": random(1, 3 * HIDDEN, HIDDEN), "b": random(1, 6 * HIDDEN)}
    body = node("GRU", ["x", "w", "r", "b"], ["", "h"], hidden_size=HIDDEN, linear_before_reset=1, name="gru")
    network = imported(model([body], {"x": (T, N, FEATURES)}, weights, outputs=["h"]), tmp_path)
    products = [op for op in network.layers() if isinstance(op, StepProductOp)]
    assert [op.layer.data for op in products] == [f"gru.step{number}.product" for number in range(T)]
    assert len({op.weight for op in products}) == len({op.bias for op in products}) == 1
    assert sum(isinstance(op, GruGatesOp) for op in network.layers()) == T


def refused(tmp_path: Path, kind: str = "LSTM", *, more: dict[str, np.ndarray] | None = None, **attributes: Any) -> str:
    gates = GATES[kind]
    weights = {"w": random(1, gates * HIDDEN, FEATURES), "r": random(1, gates * HIDDEN, HIDDEN)}
    inputs = ["x", "w", "r", "", "", "", "", ""]
    for name, value in (more or {}).items():
        weights[name] = value
        inputs[{"b": 3, "lengths": 4, "p": 7, "w": 1}[name]] = name
    body = node(kind, inputs, ["y"], **{"hidden_size": HIDDEN, **attributes})
    with pytest.raises(SimdcError) as error:
        imported(model([body], {"x": (T, N, FEATURES)}, weights), tmp_path)
    return " ".join(str(error.value).split())


@pytest.mark.parametrize(
    ("more", "attributes", "says"),
    [
        ({"p": random(1, 3 * HIDDEN)}, {}, "peepholes, its input 7, are not modelled"),
        ({"lengths": np.array([1, T], np.int32)}, {}, "its sequences differ in length"),
        ({"b": random(1, 4 * HIDDEN)}, {}, "expected [[1, 20, 4], [1, 20, 5], [1, 40]]"),
        ({}, {"hidden_size": 4}, "hidden_size is 4, and its weights are for 5"),
        ({}, {"clip": 1.0}, "its attribute clip is not modelled"),
        ({}, {"input_forget": 1}, "its attribute input_forget is not modelled"),
        ({}, {"direction": "sideways"}, "direction is 'sideways', and simdc knows forward, reverse, bidirectional"),
        ({}, {"activations": ["Relu", "Tanh", "Tanh"]}, "its activations are relu, tanh, tanh, and simdc knows"),
        ({}, {"activations": ["Tanh"]}, "it names 1 activations, expected 3"),
        ({}, {"layout": 2}, "layout is 2"),
    ],
)
def test_what_is_refused(more: dict[str, np.ndarray], attributes: dict[str, Any], says: str, tmp_path: Path) -> None:
    assert says in refused(tmp_path, more=more, **attributes)


def test_functions_of_plain_layers_that_are_refused(tmp_path: Path) -> None:
    assert "its activation is affine, and simdc knows tanh, relu" in refused(tmp_path, "RNN", activations=["Affine"])


def test_weights_that_are_data_are_refused(tmp_path: Path) -> None:
    weights = {"r": random(1, HIDDEN, HIDDEN)}
    body = node("RNN", ["x", "w", "r"], ["y"], hidden_size=HIDDEN)
    proto = model([body], {"x": (T, N, FEATURES), "w": (1, HIDDEN, FEATURES)}, weights)
    with pytest.raises(SimdcError, match="its weights depend on data"):
        imported(proto, tmp_path)


def test_a_sequence_in_a_network(tmp_path: Path) -> None:
    """Words picked from a table, an LSTM over them, a class from the last state."""
    weights = {
        "table": random(11, FEATURES),
        "w": random(2, 4 * HIDDEN, FEATURES),
        "r": random(2, 4 * HIDDEN, HIDDEN),
        "first": ints(0),
        "head": random(2 * HIDDEN, 3),
        "shape": ints(1, -1),
    }
    nodes = [
        node("MatMul", ["x", "table"], ["words"]),
        node("LSTM", ["words", "w", "r"], ["", "h"], hidden_size=HIDDEN, direction="bidirectional"),
        node("Transpose", ["h"], ["turned"], perm=[1, 0, 2]),
        node("Reshape", ["turned", "shape"], ["flat"]),
        node("MatMul", ["flat", "head"], ["y"]),
    ]
    network = imported(model(nodes, {"x": (T, 1, 11)}, weights), tmp_path)
    assert network.parameters.value.data == sum(weights[name].size for name in ("table", "w", "r", "head"))


def test_zeros_that_an_exporter_wrote_begin_a_sequence(tmp_path: Path) -> None:
    """torch's newer exporter stores the zero state in its own name, one for h and c, and tells of the weights only."""
    weights = {
        "w": random(1, 4 * HIDDEN, FEATURES),
        "r": random(1, 4 * HIDDEN, HIDDEN),
        "zero": np.zeros((1, N, HIDDEN), np.float32),
    }
    body = node("LSTM", ["x", "w", "r", "", "", "zero", "zero"], ["y"], hidden_size=HIDDEN)
    told = helper.make_tensor_value_info("r", 1, weights["r"].shape)
    told.metadata_props.add(key="pkg.torch.export.graph_signature.InputSpec.kind", value="PARAMETER")
    matrices = weights["w"].size + weights["r"].size
    silent = imported(model([body], {"x": (T, N, FEATURES)}, weights), tmp_path)
    assert silent.parameters.value.data == matrices + N * HIDDEN
    network = imported(model([body], {"x": (T, N, FEATURES)}, weights, values=[told]), tmp_path)
    assert network.parameters.value.data == matrices
