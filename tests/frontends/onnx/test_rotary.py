"""Rotary positions as exporters write them become one layer, which computes what the nodes did."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from simdc.ir.network import ParameterOp, network_of
from simdc.ir.ops.rope import RopeOp
from tests.backends.execute.training import derived
from tests.frontends.onnx.models import check_against_reference, imported, ints, kinds, model, node, random

SHAPE = (2, 3, 5, 8)


def waves(tokens: int, pairs: int) -> tuple[np.ndarray, np.ndarray]:
    angles = np.outer(np.arange(tokens), 10.0 ** -np.arange(pairs))
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def turning(x: str, cos: str, sin: str, y: str, *, swapped: bool = False) -> list[onnx.NodeProto]:
    """`x * cos + rotate_half(x) * sin` of 8 features."""
    return [
        node("Slice", [x, "zero", "four", "last"], [f"{y}low"]),
        node("Slice", [x, "four", "end", "last"], [f"{y}high"]),
        node("Neg", [f"{y}high"], [f"{y}minus"]),
        node("Concat", [f"{y}minus", f"{y}low"], [f"{y}turned"], axis=-1),
        node("Mul", [x, cos], [f"{y}a"]),
        node("Mul", [sin, f"{y}turned"] if swapped else [f"{y}turned", sin], [f"{y}b"]),
        node("Add", [f"{y}b", f"{y}a"] if swapped else [f"{y}a", f"{y}b"], [y]),
    ]


NUMBERS = {"zero": ints(0), "four": ints(4), "last": ints(-1), "end": ints(2**60)}


def doubled(*shape: int) -> dict[str, np.ndarray]:
    cos, sin = waves(5, 4)
    return {name: np.concatenate((table, table), -1).reshape(shape) for name, table in (("cos", cos), ("sin", sin))}


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(("shape", "table"), [(SHAPE, (1, 1, 5, 8)), (SHAPE, (5, 8)), ((2, 5, 3, 8), (1, 5, 1, 8))])
def test_tables_that_are_constants(
    shape: tuple[int, ...], table: tuple[int, ...], swapped: bool, tmp_path: Path
) -> None:
    """Queries and keys read the same tables; of each half is left. Heads may stand before tokens or behind them."""
    nodes = [*turning("x", "cos", "sin", "q", swapped=swapped), node("Tanh", ["x"], ["t"])]
    nodes += [*turning("t", "cos", "sin", "k"), node("Add", ["q", "k"], ["y"])]
    proto = model(nodes, {"x": shape}, {**NUMBERS, **doubled(*table)})
    network = check_against_reference(proto, tmp_path, {"x": random(*shape)})
    assert kinds(network) == ["rope", "tanh", "rope", "add"]
    parameters = [op for op in network.body.block.ops if isinstance(op, ParameterOp)]
    assert [tuple(op.result.type.get_shape()) for op in parameters] == [(5, 4), (5, 4)]  # pyright: ignore
    assert all(op.constant is not None for op in parameters)
    assert network.parameters.value.data == 0
    rope = next(op for op in network.layers() if isinstance(op, RopeOp))
    assert rope.merged is not None
    assert len(rope.merged) == 6


def test_positions_that_are_data(tmp_path: Path) -> None:
    """Angles of each image's own positions, made as transformers does."""
    nodes = [
        node("Unsqueeze", ["positions", "last"], ["column"]),
        node("Mul", ["column", "frequencies"], ["angles"]),
        node("Concat", ["angles", "angles"], ["both"], axis=-1),
        node("Cos", ["both"], ["c"]),
        node("Sin", ["both"], ["s"]),
        node("Unsqueeze", ["c", "one"], ["cos"]),
        node("Unsqueeze", ["s", "one"], ["sin"]),
        *turning("x", "cos", "sin", "y"),
    ]
    weights = {**NUMBERS, "one": ints(1), "frequencies": (10.0 ** -np.arange(4)).astype(np.float32)}
    shapes = {"x": SHAPE, "positions": (2, 5)}
    inputs = {"x": random(*SHAPE), "positions": np.array([[0, 1, 2, 3, 4], [3, 4, 5, 6, 7]], np.float32)}
    network = check_against_reference(model(nodes, shapes, weights), tmp_path, inputs)
    assert kinds(network).count("rope") == 1
    assert not {"add", "negate"} & set(kinds(network))
    (rope,) = [op for op in network.layers() if isinstance(op, RopeOp)]
    assert tuple(rope.cos.type.get_shape()) == (2, 5, 4)  # pyright: ignore


def test_features_that_are_not_turned(tmp_path: Path) -> None:
    shape = (2, 3, 5, 11)
    nodes = [
        node("Slice", ["x", "zero", "eight", "last"], ["cut"]),
        node("Slice", ["x", "eight", "end", "last"], ["rest"]),
        *turning("cut", "cos", "sin", "r"),
        node("Concat", ["r", "rest"], ["y"], axis=-1),
    ]
    proto = model(nodes, {"x": shape}, {**NUMBERS, "eight": ints(8), **doubled(1, 1, 5, 8)})
    network = check_against_reference(proto, tmp_path, {"x": random(*shape)})
    assert kinds(network) == ["rope"]


@pytest.mark.parametrize("change", ["halves", "read", "other"])
def test_what_is_something_else(change: str, tmp_path: Path) -> None:
    tables = doubled(1, 1, 5, 8)
    nodes, outputs = turning("x", "cos", "sin", "y"), ["y"]
    if change == "halves":
        tables["sin"] = tables["sin"].copy()
        tables["sin"][..., -1] += 0.5
    elif change == "read":
        outputs = ["y", "yturned"]
    else:
        nodes = [node("Relu", ["x"], ["r"]), *nodes]
        nodes[5].input[0] = "r"
    proto = model(nodes, {"x": SHAPE}, {**NUMBERS, **tables}, outputs=outputs)
    network = check_against_reference(proto, tmp_path, {"x": random(*SHAPE)})
    assert "rope" not in kinds(network)
    assert {"negate", "concat"} <= set(kinds(network))


def test_the_tables_are_not_trained(tmp_path: Path) -> None:
    nodes = [node("MatMul", ["x", "w"], ["h"]), *turning("h", "cos", "sin", "y")]
    proto = model(nodes, {"x": (2, 5, 8)}, {**NUMBERS, **doubled(5, 8), "w": random(8, 8)})
    step = derived(imported(proto, tmp_path).parent_op(), loss=("mse",))  # pyright: ignore
    assert sum(op.name == "simdc.sgd" for op in network_of(step).layers()) == 1


COS, SIN = waves(9, 4)


@pytest.mark.parametrize("interleaved", [0, 1])
@pytest.mark.parametrize("shape", [SHAPE, (2, 5, 24)])
@pytest.mark.parametrize("positions", [None, "known"])
def test_the_operator(interleaved: int, shape: tuple[int, ...], positions: str | None, tmp_path: Path) -> None:
    ids = np.array([[0, 1, 2, 3, 4], [3, 4, 5, 6, 7]])
    names, weights = ["x", "cos", "sin"], {"cos": COS, "sin": SIN, "ids": ids}
    if positions is None:
        weights = {"cos": COS[ids], "sin": SIN[ids]}
    else:
        names.append("ids")
    fields = {} if len(shape) == 4 else {"num_heads": 3}
    proto = model(
        [node("RotaryEmbedding", names, ["y"], interleaved=interleaved, **fields)], {"x": shape}, weights, opset=23
    )
    network = check_against_reference(proto, tmp_path, {"x": random(*shape)})
    assert kinds(network) == (["rope"] if len(shape) == 4 else ["reshape", "rope", "reshape"])


def test_the_operator_by_data(tmp_path: Path) -> None:
    nodes = [
        node("ArgMax", ["x"], ["ids"], axis=2, keepdims=0),
        node("Reshape", ["x", "heads"], ["h"]),
        node("RotaryEmbedding", ["h", "cos", "sin", "ids"], ["y"], rotary_embedding_dim=4),
    ]
    weights = {"cos": COS[:, :2].copy(), "sin": SIN[:, :2].copy(), "heads": ints(2, 1, 5, 6)}
    network = check_against_reference(
        model(nodes, {"x": (2, 5, 6)}, weights, opset=23), tmp_path, {"x": random(2, 5, 6)}
    )
    assert kinds(network) == ["arg_max", "reshape", "gather", "gather", "rope"]


def test_the_operator_of_microsoft(tmp_path: Path) -> None:
    """From position 3 on; the reference evaluator has it not, the same in the standard's operator it has."""
    nodes = [node("RotaryEmbedding", ["x", "first", "cos", "sin"], ["y"], domain="com.microsoft")]
    weights = {"cos": COS, "sin": SIN, "first": ints(3)}
    proto = model(nodes, {"x": SHAPE}, weights, domains={"com.microsoft": 1})
    oracle = model(
        [node("RotaryEmbedding", ["x", "cos", "sin", "ids"], ["y"])],
        {"x": SHAPE},
        {"cos": COS, "sin": SIN, "ids": np.tile(np.arange(3, 8), (2, 1))},
        opset=23,
    )
    network = check_against_reference(proto, tmp_path, {"x": random(*SHAPE)}, oracle=oracle)
    assert kinds(network) == ["rope"]
