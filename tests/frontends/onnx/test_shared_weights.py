"""A weight that several nodes read is one parameter, also where one of them reads it turned."""

from __future__ import annotations

from pathlib import Path

import pytest

from simdc.ir.network import ParameterOp
from tests.frontends.onnx.models import imported, model, node, random


@pytest.mark.parametrize("turned_twice", [False, True])
def test_a_table_that_is_the_last_weight(turned_twice: bool, tmp_path: Path) -> None:
    """9 rows of 6: tokens get their features from it, and the last layer has it for a weight."""
    nodes = [
        node("ArgMax", ["x"], ["ids"], axis=1, keepdims=0),
        node("Gather", ["table", "ids"], ["e"]),
        node("Tanh", ["e"], ["t"]),
        node("Transpose", ["table"], ["turned"]),
        node("MatMul", ["t", "turned"], ["y"]),
    ]
    weights = {"table": random(9, 6)}
    if turned_twice:
        weights["other"] = random(6, 9)
        nodes.insert(1, node("Transpose", ["other"], ["table"]))
        del weights["table"]
    network = imported(model(nodes, {"x": (2, 7)}, weights), tmp_path)
    parameters = [op for op in network.body.block.ops if isinstance(op, ParameterOp)]
    assert len(parameters) == 1
    assert network.parameters.value.data == 54


def test_a_layer_that_stands_twice(tmp_path: Path) -> None:
    nodes = [node("MatMul", ["x", "w"], ["a"]), node("Relu", ["a"], ["b"]), node("MatMul", ["b", "w"], ["y"])]
    network = imported(model(nodes, {"x": (2, 7)}, {"w": random(7, 7)}), tmp_path)
    assert sum(isinstance(op, ParameterOp) for op in network.body.block.ops) == 1
