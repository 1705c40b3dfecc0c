"""Several nodes that are one layer: fused activations, biases behind their layer, statistics and scale apart."""

from __future__ import annotations

from itertools import pairwise
from math import pi, sqrt
from pathlib import Path

import numpy as np
import onnx
import pytest

from simdc.ir.network import NetworkOp
from tests.frontends.onnx.models import check_against_reference, imported, ints, kinds, model, node, random

SHAPE = (2, 3, 5, 4)


def scalar(value: float) -> np.ndarray:
    return np.array(value, np.float32)


NUMBERS = {
    "half": scalar(0.5),
    "one": scalar(1),
    "three": scalar(3),
    "six": scalar(6),
    "zero": scalar(0),
    "sixth": scalar(1 / 6),
    "root": scalar(sqrt(2)),
    "inverse_root": scalar(sqrt(0.5)),
    "inner": scalar(sqrt(2 / pi)),
    "cubic": scalar(0.044715),
    # sqrt(1/2) as half precision has it: 0.7071068 is 0.70703125.
    "half_precision_root": scalar(0.70703125),
    "last": np.array([-1], np.int64),
}
RELU6 = [node("Add", ["x", "three"], ["s"]), node("Clip", ["s", "zero", "six"], ["c"])]
CUBE = [node("Mul", ["cube", "cubic"], ["small"]), node("Add", ["x", "small"], ["sum"])]
TANH = [
    *CUBE,
    node("Mul", ["sum", "inner"], ["inside"]),
    node("Tanh", ["inside"], ["t"]),
    node("Add", ["t", "one"], ["g"]),
]
PATTERNS = {
    "silu": ("silu", [node("Sigmoid", ["x"], ["s"]), node("Mul", ["x", "s"], ["y"])]),
    "silu-other-order": ("silu", [node("Sigmoid", ["x"], ["s"]), node("Mul", ["s", "x"], ["y"])]),
    "hard-swish-div": ("hard_swish", [*RELU6, node("Mul", ["x", "c"], ["m"]), node("Div", ["m", "six"], ["y"])]),
    "hard-swish-gate": ("hard_swish", [*RELU6, node("Div", ["c", "six"], ["d"]), node("Mul", ["d", "x"], ["y"])]),
    "hard-swish-mul": ("hard_swish", [*RELU6, node("Mul", ["x", "c"], ["m"]), node("Mul", ["sixth", "m"], ["y"])]),
    "hard-swish-sigmoid": (
        "hard_swish",
        [node("HardSigmoid", ["x"], ["s"], alpha=1 / 6, beta=0.5), node("Mul", ["x", "s"], ["y"])],
    ),
    "hard-sigmoid": ("hard_sigmoid", [*RELU6, node("Div", ["c", "six"], ["y"])]),
    "gelu-div": (
        "gelu",
        [
            node("Div", ["x", "root"], ["d"]),
            node("Erf", ["d"], ["e"]),
            node("Add", ["e", "one"], ["a"]),
            node("Mul", ["x", "a"], ["m"]),
            node("Mul", ["m", "half"], ["y"]),
        ],
    ),
    "gelu-half-first": (
        "gelu",
        [
            node("Mul", ["half", "x"], ["h"]),
            node("Mul", ["x", "inverse_root"], ["d"]),
            node("Erf", ["d"], ["e"]),
            node("Add", ["one", "e"], ["a"]),
            node("Mul", ["h", "a"], ["y"]),
        ],
    ),
    "gelu-tanh-pow": (
        "gelu",
        [
            node("Pow", ["x", "three"], ["cube"]),
            *TANH,
            node("Mul", ["x", "half"], ["h"]),
            node("Mul", ["h", "g"], ["y"]),
        ],
    ),
    "gelu-tanh-products": (
        "gelu",
        [
            node("Mul", ["x", "x"], ["square"]),
            node("Mul", ["square", "x"], ["cube"]),
            *TANH,
            node("Mul", ["x", "g"], ["h"]),
            node("Mul", ["h", "half"], ["y"]),
        ],
    ),
}

PATTERNS |= {
    # What nodes compute counts, not which nodes they are.
    "silu-by-exp": (
        "silu",
        [
            node("Neg", ["x"], ["n"]),
            node("Exp", ["n"], ["e"]),
            node("Add", ["e", "one"], ["a"]),
            node("Div", ["x", "a"], ["y"]),
        ],
    ),
    "gelu-root-of-two": (
        "gelu",
        [
            node("Mul", ["x", "half_precision_root"], ["d"]),
            node("Erf", ["d"], ["e"]),
            node("Add", ["e", "one"], ["a"]),
            node("Mul", ["half", "a"], ["m"]),
            node("Mul", ["m", "x"], ["y"]),
        ],
    ),
    "softplus": ("softplus", [node("Exp", ["x"], ["e"]), node("Add", ["one", "e"], ["a"]), node("Log", ["a"], ["y"])]),
    "softmax": (
        "softmax",
        [
            node("ReduceMax", ["x"], ["largest"], axes=[-1]),
            node("Sub", ["x", "largest"], ["d"]),
            node("Exp", ["d"], ["e"]),
            node("ReduceSum", ["e", "last"], ["sum"]),
            node("Div", ["e", "sum"], ["y"]),
        ],
    ),
}


def network_of_pattern(nodes: list[onnx.NodeProto], folder: Path, outputs: list[str] | None = None) -> NetworkOp:
    used = {name for each in nodes for name in each.input}
    numbers = {name: value for name, value in NUMBERS.items() if name in used}
    proto = model(nodes, {"x": SHAPE}, numbers, outputs=outputs)
    return check_against_reference(proto, folder, {"x": random(*SHAPE, low=-5.0, high=5.0)}, tolerance=1e-4)


@pytest.mark.parametrize(("layer", "nodes"), PATTERNS.values(), ids=PATTERNS.keys())
def test_pattern_is_one_layer(layer: str, nodes: list[onnx.NodeProto], tmp_path: Path) -> None:
    network = network_of_pattern(nodes, tmp_path)
    assert kinds(network) == [layer]
    (op,) = network.layers()
    # The layer has the name of the last node and names the others.
    assert op.layer.data == "y"
    assert op.merged is not None
    assert sorted(name.data for name in op.merged) == sorted(each.output[0] for each in nodes[:-1])


def test_a_part_that_somebody_else_reads_stays_a_layer(tmp_path: Path) -> None:
    nodes = [node("Sigmoid", ["x"], ["s"]), node("Mul", ["x", "s"], ["y"])]
    assert kinds(network_of_pattern(nodes, tmp_path, ["y", "s"])) == ["sigmoid", "multiply"]


def test_a_gate_of_another_value_is_no_silu(tmp_path: Path) -> None:
    nodes = [
        node("Relu", ["x"], ["r"]),
        node("Sigmoid", ["r"], ["s"]),
        node("Mul", ["x", "s"], ["y"]),
    ]
    assert kinds(network_of_pattern(nodes, tmp_path)) == ["relu", "sigmoid", "multiply"]


@pytest.mark.parametrize(("number", "layers"), [("six", 1), ("three", 4)])
def test_only_the_right_number_makes_a_hard_swish(number: str, layers: int, tmp_path: Path) -> None:
    nodes = [*RELU6, node("Mul", ["x", "c"], ["m"]), node("Div", ["m", number], ["y"])]
    assert len(kinds(network_of_pattern(nodes, tmp_path))) == layers


def test_a_scaled_silu_keeps_its_factor(tmp_path: Path) -> None:
    nodes = [
        node("Sigmoid", ["x"], ["s"]),
        node("Mul", ["x", "s"], ["m"]),
        node("Mul", ["m", "three"], ["y"]),
    ]
    assert kinds(network_of_pattern(nodes, tmp_path)) == ["silu", "scalar"]


def test_a_bias_behind_a_convolution_is_its_bias(tmp_path: Path) -> None:
    nodes = [node("Conv", ["x", "w"], ["c"]), node("Add", ["b", "c"], ["y"])]
    weights = {"w": random(4, 3, 2, 2), "b": random(1, 4, 1, 1)}
    network = check_against_reference(model(nodes, {"x": SHAPE}, weights), tmp_path, {"x": random(*SHAPE)})
    assert kinds(network) == ["conv2d"]
    assert network.parameters.value.data == 4 * 3 * 2 * 2 + 4


@pytest.mark.parametrize("bias", [(4,), (1, 4), (1,)])
def test_a_bias_behind_a_matmul_is_its_bias(bias: tuple[int, ...], tmp_path: Path) -> None:
    nodes = [node("MatMul", ["x", "w"], ["m"]), node("Add", ["m", "b"], ["y"])]
    proto = model(nodes, {"x": (3, 5)}, {"w": random(5, 4), "b": random(*bias)})
    assert kinds(check_against_reference(proto, tmp_path, {"x": random(3, 5)})) == ["linear"]


def test_an_add_of_something_else_stays(tmp_path: Path) -> None:
    """Along the rows instead of the channels, and a product that is needed without the addend, too."""
    nodes = [node("Conv", ["x", "w"], ["c"]), node("Add", ["c", "b"], ["y"])]
    weights = {"w": random(4, 3, 2, 2), "b": random(4, 1)}
    proto = model(nodes, {"x": SHAPE}, weights)
    assert kinds(check_against_reference(proto, tmp_path, {"x": random(*SHAPE)})) == ["conv2d", "add"]
    nodes = [node("MatMul", ["x", "w"], ["m"]), node("Add", ["m", "b"], ["y"])]
    proto = model(nodes, {"x": (3, 5)}, {"w": random(5, 4), "b": random(4)}, outputs=["m", "y"])
    assert kinds(check_against_reference(proto, tmp_path, {"x": random(3, 5)})) == ["linear", "add"]


def test_caffe_statistics_and_scale_are_one_normalization(tmp_path: Path) -> None:
    nodes = [
        node("BatchNormalization", ["x", "one", "zero", "mean", "var"], ["n"]),
        node("Unsqueeze", ["scale", "axes"], ["s"]),
        node("Mul", ["n", "s"], ["m"]),
        node("Unsqueeze", ["shift", "axes"], ["t"]),
        node("Add", ["m", "t"], ["y"]),
    ]
    weights = {name: random(3, seed=place, low=0.5) for place, name in enumerate(("mean", "var", "scale", "shift"))}
    weights |= {"one": random(3, seed=7), "zero": random(3, seed=8)}
    proto = model(nodes, {"x": SHAPE}, {**weights, "axes": ints(1, 2)})
    network = check_against_reference(proto, tmp_path, {"x": random(*SHAPE)})
    assert kinds(network) == ["batch_norm"]
    # One factor and one offset for each channel.
    assert network.parameters.value.data == 2 * 3


def test_products_of_computed_matrices(tmp_path: Path) -> None:
    nodes = [
        node("Relu", ["b"], ["r"]),
        node("Gemm", ["x", "r", "c"], ["g"], transB=1, alpha=2.0, beta=0.5),
        node("Relu", ["g"], ["h"]),
        node("MatMul", ["h", "r"], ["y"]),
    ]
    proto = model(nodes, {"x": (3, 5), "b": (4, 5)}, {"c": random(4)})
    network = check_against_reference(proto, tmp_path, {"x": random(3, 5), "b": random(4, 5)})
    assert kinds(network) == ["relu", "transpose", "matmul", "scalar", "add", "relu", "matmul"]


@pytest.mark.parametrize(("lhs", "rhs"), [((3, 5), (5,)), ((2, 3, 5), (5,)), ((5,), (5, 4))])
def test_products_with_a_computed_vector(lhs: tuple[int, ...], rhs: tuple[int, ...], tmp_path: Path) -> None:
    nodes = [node("Relu", ["b"], ["r"]), node("MatMul", ["x", "r"], ["y"])]
    inputs = {"x": random(*lhs), "b": random(*rhs, low=0.1)}
    proto = model(nodes, {"x": lhs, "b": rhs})
    assert "matmul" in kinds(check_against_reference(proto, tmp_path, inputs))


def test_a_number_that_is_not_in_the_file_makes_no_pattern(tmp_path: Path) -> None:
    nodes = [*RELU6, node("Mul", ["x", "c"], ["m"]), node("Div", ["m", "gone"], ["y"])]
    numbers = {name: NUMBERS[name] for name in ("three", "zero", "six")}
    gone = onnx.helper.make_tensor_value_info("gone", 1, [1])
    network = imported(model(nodes, {"x": SHAPE}, numbers, values=[gone]), tmp_path)
    assert kinds(network) == ["scalar", "clip", "multiply", "divide"]


def test_a_long_chain_of_products_is_read_quickly(tmp_path: Path) -> None:
    names = ["x", *(f"m{number}" for number in range(2000))]
    nodes = [node("Mul", [one, one], [other]) for one, other in pairwise(names)]
    assert kinds(imported(model(nodes, {"x": SHAPE}), tmp_path)) == ["multiply"] * 2000
