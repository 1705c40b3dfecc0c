"""Layers are called as the modules that they come from, as far as exporters say."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import helper

from simdc.frontends.onnx.module_paths import NAMESPACE, SCOPES, ModuleScope, NamedNode, layer_names, origin_of
from tests.frontends.onnx.models import imported, model, random


def scoped(*scopes: str) -> NamedNode:
    return NamedNode(f"node_{scopes[-1]}", "Conv", {SCOPES: str(list(scopes))})


@pytest.mark.parametrize(
    ("node", "origin"),
    [
        (scoped("", "stages", "stages.0", "stages.0.dw", "conv2d_1"), ModuleScope("stages.0.dw", "conv2d_1")),
        (scoped("", "mean"), ModuleScope("", "mean")),
        # The other key of the same exporter.
        (
            NamedNode("n", "Conv", {NAMESPACE: ": a.Net/layer1: a.Block/layer1.conv: a.Conv2d/conv2d: aten.conv2d"}),
            ModuleScope("layer1.conv", "conv2d"),
        ),
        # The older exporter: a part that begins with the part before it is a whole path, another one is not.
        (NamedNode("/layer1/layer1.0/conv1/Conv", "Conv", {}), ModuleScope("layer1.0.conv1", "Conv")),
        (NamedNode("/features/features.0/features.0.1/Relu", "Relu", {}), ModuleScope("features.0.1", "Relu")),
        (NamedNode("/encoder/layers.0/attn/MatMul_1", "MatMul", {}), ModuleScope("encoder.layers.0.attn", "MatMul_1")),
        (NamedNode("/a/ab/Add", "Add", {}), ModuleScope("a.ab", "Add")),
        (NamedNode("/Add", "Add", {}), ModuleScope("", "Add")),
        # Nobody says.
        (NamedNode("Conv_12", "Conv", {}), None),
        (NamedNode("conv", "Conv", {SCOPES: "?", NAMESPACE: "x"}), None),
        (NamedNode("/", "Conv", {}), None),
    ],
    ids=str,
)
def test_where_a_node_comes_from(node: NamedNode, origin: ModuleScope | None) -> None:
    assert origin_of(node) == origin


def test_a_module_of_one_node_gives_it_its_name() -> None:
    nodes = [
        NamedNode("/fc1/Gemm", "Gemm", {}),
        # A constant beside the node computes nothing.
        NamedNode("/act/Constant", "Constant", {}),
        NamedNode("/act/Clip", "Clip", {}),
        NamedNode("/fc2/MatMul", "MatMul", {}),
        NamedNode("/fc2/Add", "Add", {}),
        NamedNode("/Softmax", "Softmax", {}),
        NamedNode("Flatten_3", "Flatten", {}),
    ]
    assert layer_names(nodes) == [
        ("fc1", "fc1"),
        ("act.Constant", "act"),
        ("act", "act"),
        ("fc2.MatMul", "fc2"),
        ("fc2.Add", "fc2"),
        ("Softmax", ""),
        ("Flatten_3", ""),
    ]


def test_nodes_of_one_call_are_told_apart_by_their_operators() -> None:
    nodes = [scoped("", "head", "linear")._replace(operator=operator) for operator in ("MatMul", "Add")]
    assert [name for name, _ in layer_names(nodes)] == ["head.linear.MatMul", "head.linear.Add"]


def test_names_count_within_their_module() -> None:
    scopes = [("a", "matmul"), ("a", "matmul_1"), ("b", "matmul_2"), ("b", "relu_9"), ("b", "matmul_3"), ("", "add_7")]
    nodes = [scoped("", *(scope for scope in each if scope)) for each in scopes]
    names = [name for name, _ in layer_names(nodes)]
    assert names == ["a.matmul", "a.matmul_1", "b.matmul", "b.relu", "b.matmul_1", "add"]


def test_a_module_that_has_become_one_layer_is_called_so(tmp_path: Path) -> None:
    weights = {"w": random(4, 4), "b": random(4), "v": random(4, 4)}
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["m"], name="/block/fc/MatMul"),
        helper.make_node("Add", ["m", "b"], ["a"], name="/block/fc/Add"),
        helper.make_node("Relu", ["a"], ["r"], name="/block/Relu"),
        # A module with a layer of its own beside a module inside stays a block.
        helper.make_node("MatMul", ["r", "v"], ["s"], name="/block/MatMul"),
    ]
    network = imported(model(nodes, {"x": [3, 4]}, weights), tmp_path)
    names = [op.layer.data for op in network.layers() if op.UNIT is not None]
    assert names[0] == "block.fc"
    assert names[1] == "block.Relu"
    assert names[2].startswith("block.MatMul")


def test_layers_of_a_model_are_called_so(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], name="/stem/act/Relu"),
        helper.make_node("Relu", ["a"], ["b"], name="node_relu_1"),
        # Twice the same: the second gets the number of its node.
        helper.make_node("Relu", ["b"], ["y"], name="/stem/act.2/Relu"),
        helper.make_node("Relu", ["y"], ["z"], name="stem.act.2"),
    ]
    entry = nodes[1].metadata_props.add()
    entry.key, entry.value = SCOPES, "['', 'stem', 'stem.gate', 'relu_1']"
    network = imported(model(nodes, {"x": [1, 3, 4, 4]}), tmp_path)
    assert [op.layer.data for op in network.layers()] == ["stem.act", "stem.gate", "stem.act.2", "stem.act.2.4"]


def test_a_view_gives_its_name_to_the_product_behind_it(tmp_path: Path) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["m"], name="/block/fc/MatMul")]
    network = imported(model(nodes, {"x": [2, 3, 4]}, {"w": random(4, 5)}), tmp_path)
    assert [op.layer.data for op in network.layers() if op.UNIT is not None] == ["block.fc"]
    names = [op.layer.data for op in network.layers()]
    assert len(set(names)) == len(names) > 1
