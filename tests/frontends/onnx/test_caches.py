"""A Concat that appends rows to what the network gets and gives back is no copy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.frontends.onnx.models import check_against_reference, imported, kinds, model, node, random

SHAPES = {"past": (1, 2, 5, 4), "x": (1, 2, 1, 4)}


def test_a_cache(tmp_path: Path) -> None:
    nodes = [
        node("Relu", ["x"], ["new"]),
        node("Concat", ["past", "new"], ["present"], axis=-2),
        node("ReduceSum", ["present", "axes"], ["y"], keepdims=0),
    ]
    proto = model(nodes, SHAPES, {"axes": np.array([2])}, outputs=["y", "present"])
    inputs = {name: random(*shape) for name, shape in SHAPES.items()}
    network = check_against_reference(proto, tmp_path, inputs)
    assert kinds(network) == ["relu", "cache_append", "reduce_sum"]


@pytest.mark.parametrize(
    ("inputs", "axis", "outputs"),
    [
        (["past", "new"], 2, ["y"]),  # Nobody gets it for the next run.
        (["new", "past"], 2, ["present", "y"]),  # Rows before the others would move them.
        (["past", "new"], 3, ["present", "y"]),  # Features are no rows.
        (["past", "x"], 2, ["present", "y"]),  # Two inputs: nothing is made.
    ],
)
def test_what_is_a_copy(inputs: list[str], axis: int, outputs: list[str], tmp_path: Path) -> None:
    shapes = {"past": (1, 2, 1, 4), "x": (1, 2, 1, 4)}
    nodes = [
        node("Relu", ["x"], ["new"]),
        node("Concat", inputs, ["present"], axis=axis),
        node("Tanh", ["present"], ["y"]),
    ]
    assert "concat" in kinds(imported(model(nodes, shapes, outputs=outputs), tmp_path))
