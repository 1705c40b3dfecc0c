"""An activation and a product are one layer, where nobody else reads the activation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.frontends.onnx.models import check_against_reference, kinds, model, node, random

SHAPES = {"x": (2, 5), "g": (2, 5)}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("approximate", ["silu", "none", "tanh"])
def test_gates(approximate: str, first: bool, tmp_path: Path) -> None:
    nodes = [node("Gelu", ["x"], ["a"], approximate=approximate)]
    if approximate == "silu":
        nodes = [node("Sigmoid", ["x"], ["s"]), node("Mul", ["x", "s"], ["a"])]
    proto = model([*nodes, node("Mul", ["a", "g"] if first else ["g", "a"], ["y"])], SHAPES, opset=20)
    network = check_against_reference(proto, tmp_path, {name: random(*shape) for name, shape in SHAPES.items()})
    assert kinds(network) == ["gated"]
    (op,) = network.layers()
    assert op.merged is not None


@pytest.mark.parametrize("change", ["read", "broadcast", "itself"])
def test_what_is_none(change: str, tmp_path: Path) -> None:
    shapes = {"x": (2, 5), "g": (2, 1) if change == "broadcast" else (2, 5)}
    nodes = [node("Gelu", ["x"], ["a"]), node("Mul", ["a", "a" if change == "itself" else "g"], ["y"])]
    if change == "itself":
        shapes.pop("g")
    outputs = ["y", "a"] if change == "read" else ["y"]
    proto = model(nodes, shapes, outputs=outputs, opset=20)
    network = check_against_reference(proto, tmp_path, {name: random(*shape) for name, shape in shapes.items()})
    assert kinds(network) == ["gelu", "multiply"]
