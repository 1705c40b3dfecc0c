"""Normalization of rows that is written out in nodes becomes one layer, which computes what the nodes did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simdc.ir.network import ParameterOp
from simdc.ir.ops.layer_norm import LayerNormOp
from tests.frontends.onnx.models import check_against_reference, kinds, model, node, random

SHAPE = (2, 3, 6)
WEIGHTS: dict[str, np.ndarray] = {
    "scale": random(6, seed=1),
    "shift": random(6, seed=2),
    "two": np.array(2.0, np.float32),
    "half": np.array(0.5, np.float32),
    "one": np.array(1.0, np.float32),
    "epsilon": np.array(0.01, np.float32),
}


def squared(how: str, x: str) -> Any:
    return node("Pow", [x, "two"], ["square"]) if how == "power" else node("Mul", [x, x], ["square"])


def divided(how: str, x: str, y: str = "hat") -> list[Any]:
    """`x` over the root of `wide`."""
    root = node("Pow", ["wide", "half"], ["root"]) if how == "power" else node("Sqrt", ["wide"], ["root"])
    if how == "inverse":
        return [root, node("Reciprocal", ["root"], ["inverse"]), node("Mul", ["inverse", x], [y])]
    if how == "share":
        return [root, node("Div", ["one", "root"], ["inverse"]), node("Mul", [x, "inverse"], [y])]
    return [root, node("Div", [x, "root"], [y])]


def layer_norm(square: str = "power", divide: str = "divide", *, cast: bool = False, axes: Any = (-1,)) -> list[Any]:
    nodes = [
        node("ReduceMean", ["x"], ["mean"], axes=list(axes)),
        node("Sub", ["x", "mean"], ["d"]),
        squared(square, "d"),
        node("ReduceMean", ["square"], ["variance"], axes=list(axes)),
        node("Add", ["variance", "epsilon"], ["wide"]),
        *divided(divide, "d"),
    ]
    hat = "hat"
    if cast:
        nodes.append(node("Cast", ["hat"], ["cast"], to=1))
        hat = "cast"
    return [*nodes, node("Mul", ["scale", hat], ["scaled"]), node("Add", ["scaled", "shift"], ["y"])]


def rms_norm(square: str = "power", divide: str = "inverse", *, cast: bool = False) -> list[Any]:
    """As Llama has it: in single precision, and cast back before the scale."""
    x = "x32" if cast else "x"
    nodes = [node("Cast", ["x"], ["x32"], to=1)] if cast else []
    nodes += [
        squared(square, x),
        node("ReduceMean", ["square"], ["variance"], axes=[-1]),
        node("Add", ["variance", "epsilon"], ["wide"]),
        *divided(divide, x),
    ]
    hat = "hat"
    if cast:
        nodes.append(node("Cast", ["hat"], ["cast"], to=1))
        hat = "cast"
    return [*nodes, node("Mul", [hat, "scale"], ["y"])]


def used(nodes: list[Any]) -> dict[str, np.ndarray]:
    return {name: value for name, value in WEIGHTS.items() if any(name in each.input for each in nodes)}


@pytest.mark.parametrize("square", ["power", "product"])
@pytest.mark.parametrize("divide", ["divide", "power", "inverse", "share"])
def test_layer_norm(square: str, divide: str, tmp_path: Path) -> None:
    nodes = layer_norm(square, divide, cast=divide == "divide")
    network = check_against_reference(model(nodes, {"x": SHAPE}, used(nodes)), tmp_path, {"x": random(*SHAPE)})
    assert kinds(network) == ["layer_norm"]
    (op,) = network.layers()
    assert isinstance(op, LayerNormOp)
    assert op.epsilon.value.data == pytest.approx(0.01)
    assert op.merged is not None
    assert sum(isinstance(each, ParameterOp) for each in network.body.block.ops) == 2


@pytest.mark.parametrize("cast", [False, True])
@pytest.mark.parametrize("square", ["power", "product"])
@pytest.mark.parametrize("divide", ["divide", "power", "inverse", "share"])
def test_rms_norm(square: str, divide: str, cast: bool, tmp_path: Path) -> None:
    nodes = rms_norm(square, divide, cast=cast)
    network = check_against_reference(model(nodes, {"x": SHAPE}, used(nodes)), tmp_path, {"x": random(*SHAPE)})
    assert kinds(network) == ["rms_norm"]
    # A cast before the square belongs to the layer, as the others do.
    (op,) = network.layers()
    assert op.merged is not None
    assert sorted(name.data for name in op.merged) == sorted(each.output[0] for each in nodes[:-1])


def test_a_difference_that_others_read_is_left(tmp_path: Path) -> None:
    """Then it is the rows that a norm by the root mean square takes."""
    nodes = [*layer_norm(), node("Relu", ["d"], ["r"])]
    proto = model(nodes, {"x": SHAPE}, used(nodes), outputs=["y", "r"])
    network = check_against_reference(proto, tmp_path, {"x": random(*SHAPE)})
    assert kinds(network) == ["reduce_mean", "subtract", "rms_norm", "add", "relu"]


def test_without_a_shift(tmp_path: Path) -> None:
    nodes = [*layer_norm()[:-1], node("Relu", ["scaled"], ["y"])]
    network = check_against_reference(model(nodes, {"x": SHAPE}, used(nodes)), tmp_path, {"x": random(*SHAPE)})
    assert kinds(network) == ["layer_norm", "relu"]


def test_rows_of_two_dimensions(tmp_path: Path) -> None:
    nodes = layer_norm(axes=(1, 2))
    weights = used(nodes) | {"scale": random(3, 6, seed=1), "shift": random(3, 6, seed=2)}
    network = check_against_reference(model(nodes, {"x": SHAPE}, weights), tmp_path, {"x": random(*SHAPE)})
    assert kinds(network) == ["layer_norm"]


def test_without_a_scale(tmp_path: Path) -> None:
    """One number for all rows is no scale of a row."""
    nodes, narrow = layer_norm(), {"scale": random(1, seed=1)}
    proto = model(nodes, {"x": SHAPE}, used(nodes) | narrow)
    network = check_against_reference(proto, tmp_path, {"x": random(*SHAPE)})
    assert kinds(network) == ["reduce_mean", "subtract", "rms_norm", "scalar", "add"]
    nodes = rms_norm()[:-1]
    network = check_against_reference(model(nodes, {"x": SHAPE}, used(nodes)), tmp_path, {"x": random(*SHAPE)})
    assert kinds(network) == ["rms_norm"]


@pytest.mark.parametrize("change", ["axis", "read", "other"])
def test_what_is_something_else(change: str, tmp_path: Path) -> None:
    nodes, outputs = layer_norm(axes=(1,) if change == "axis" else (-1,)), ["y"]
    weights = used(nodes)
    if change == "read":
        outputs = ["y", "variance"]
    elif change == "other":
        nodes[2].input[0] = "x"
    proto = model(nodes, {"x": SHAPE}, weights, outputs=outputs)
    inputs = {"x": np.abs(random(*SHAPE))}
    assert not {"layer_norm", "rms_norm"} & set(kinds(check_against_reference(proto, tmp_path, inputs)))
