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


# Pairs of neighbours, as GPT-J and Cohere have them.


def turning_neighbours(x: str, cos: str, sin: str, y: str, *, swapped: bool = False) -> list[onnx.NodeProto]:
    """`x * cos + stack(-x[1::2], x[::2]) * sin` of 8 features, whatever stands before them."""
    return [
        node("Slice", [x, "zero", "end", "last", "two"], [f"{y}even"]),
        node("Slice", [x, "one", "end", "last", "two"], [f"{y}odd"]),
        node("Neg", [f"{y}odd"], [f"{y}minus"]),
        node("Unsqueeze", [f"{y}minus", "last"], [f"{y}left"]),
        node("Unsqueeze", [f"{y}even", "last"], [f"{y}right"]),
        node("Concat", [f"{y}left", f"{y}right"], [f"{y}stacked"], axis=-1),
        node("Shape", [x], [f"{y}shape"]),
        node("Reshape", [f"{y}stacked", f"{y}shape"], [f"{y}turned"]),
        node("Mul", [x, cos], [f"{y}a"]),
        node("Mul", [sin, f"{y}turned"] if swapped else [f"{y}turned", sin], [f"{y}b"]),
        node("Add", [f"{y}b", f"{y}a"] if swapped else [f"{y}a", f"{y}b"], [y]),
    ]


NEIGHBOURS = {**NUMBERS, "one": ints(1), "two": ints(2)}


def repeated(*shape: int) -> dict[str, np.ndarray]:
    cos, sin = waves(5, 4)
    return {name: np.repeat(table, 2, -1).reshape(shape) for name, table in (("cos", cos), ("sin", sin))}


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(("shape", "table"), [(SHAPE, (1, 1, 5, 8)), (SHAPE, (5, 8)), ((2, 5, 3, 8), (1, 5, 1, 8))])
def test_neighbours_by_constants(shape: tuple[int, ...], table: tuple[int, ...], swapped: bool, tmp_path: Path) -> None:
    nodes = [*turning_neighbours("x", "cos", "sin", "q", swapped=swapped), node("Tanh", ["x"], ["t"])]
    nodes += [*turning_neighbours("t", "cos", "sin", "k"), node("Add", ["q", "k"], ["y"])]
    proto = model(nodes, {"x": shape}, {**NEIGHBOURS, **repeated(*table)})
    network = check_against_reference(proto, tmp_path, {"x": random(*shape)})
    assert kinds(network) == ["rope", "tanh", "rope", "add"]
    ropes = [op for op in network.layers() if isinstance(op, RopeOp)]
    assert all(op.interleaved is not None for op in ropes)
    assert [op.tokens_first is not None for op in ropes] == [shape != SHAPE] * 2
    parameters = [op for op in network.body.block.ops if isinstance(op, ParameterOp)]
    assert [tuple(op.result.type.get_shape()) for op in parameters] == [(5, 4), (5, 4)]  # pyright: ignore


def by_positions(*, cosines_first: bool) -> list[onnx.NodeProto]:
    """GPT-J repeats cosines and sines, Cohere the angles."""
    angles = [node("Unsqueeze", ["positions", "last"], ["column"]), node("Mul", ["column", "frequencies"], ["angles"])]
    waves_of = [("Cos", "c", "cos"), ("Sin", "s", "sin")]
    if cosines_first:
        return angles + [
            each
            for kind, short, name in waves_of
            for each in (
                node(kind, ["angles"], [short]),
                node("Unsqueeze", [short, "heads"], [f"{short}wide"]),
                node("Expand", [f"{short}wide", "pairs"], [f"{short}twice"]),
                node("Reshape", [f"{short}twice", "table"], [name]),
            )
        ]
    twice = [
        node("Unsqueeze", ["angles", "last"], ["wide"]),
        node("Tile", ["wide", "times"], ["twice"]),
        node("Reshape", ["twice", "table"], ["both"]),
    ]
    return [*angles, *twice, *(node(kind, ["both"], [name]) for kind, _, name in waves_of)]


@pytest.mark.parametrize("cosines_first", [False, True])
def test_neighbours_by_data(cosines_first: bool, tmp_path: Path) -> None:
    """Of a table that repeats nothing but cosines these are read, and nothing is repeated."""
    nodes = [*by_positions(cosines_first=cosines_first), *turning_neighbours("x", "cos", "sin", "y")]
    frequencies = (10.0 ** -np.arange(4)).astype(np.float32)
    weights = {**NEIGHBOURS, "frequencies": frequencies, "table": ints(2, 1, 5, 8)}
    if cosines_first:
        weights |= {"heads": ints(1, 4), "pairs": ints(2, 1, 5, 4, 2)}
    else:
        weights |= {"times": ints(1, 1, 1, 2)}
    inputs = {"x": random(*SHAPE), "positions": np.array([[0, 1, 2, 3, 4], [3, 4, 5, 6, 7]], np.float32)}
    proto = model(nodes, {"x": SHAPE, "positions": (2, 5)}, weights)
    network = check_against_reference(proto, tmp_path, inputs)
    found = [kind for kind in kinds(network) if kind != "reshape"]
    assert found[-1] == "rope"
    if cosines_first:
        assert found == ["multiply", "cos", "sin", "rope"]
        # What is gone is named by what reads the cosines instead.
        (names,) = (
            [name.data for name in op.merged] for op in network.layers() if op.merged and "cos" in op.layer.data
        )
        assert len(names) == 2
    else:
        assert found == ["multiply", "expand", "cos", "slice", "sin", "slice", "rope"]


def test_neighbours_of_a_part_of_the_features(tmp_path: Path) -> None:
    shape = (2, 3, 5, 12)
    nodes = [
        node("Slice", ["x", "zero", "eight", "last"], ["cut"]),
        node("Slice", ["x", "eight", "end", "last"], ["rest"]),
        *turning_neighbours("cut", "cos", "sin", "r"),
        node("Concat", ["r", "rest"], ["y"], axis=-1),
    ]
    proto = model(nodes, {"x": shape}, {**NEIGHBOURS, "eight": ints(8), **repeated(1, 1, 5, 8)})
    network = check_against_reference(proto, tmp_path, {"x": random(*shape)})
    assert kinds(network) == ["rope"]


@pytest.mark.parametrize("change", ["table", "one table", "order", "read", "halves"])
def test_neighbours_that_are_something_else(change: str, tmp_path: Path) -> None:
    nodes, outputs, weights = turning_neighbours("x", "cos", "sin", "y"), ["y"], {**NEIGHBOURS, **repeated(1, 1, 5, 8)}
    if change == "table":
        weights["sin"] = weights["sin"] + random(8)
    elif change == "one table":
        # Cosines are repeated data, sines are not: nothing is left of the attempt.
        nodes = [*by_positions(cosines_first=True)[:6], *nodes]
        del weights["cos"]
        weights |= {"frequencies": random(4), "table": ints(2, 1, 5, 8), "heads": ints(1, 4)}
        weights |= {"pairs": ints(2, 1, 5, 4, 2), "sin": random(5, 8)}
    elif change == "order":
        nodes[5].input[:] = reversed(nodes[5].input)
    elif change == "read":
        outputs = ["y", "yturned"]
    else:
        weights |= doubled(1, 1, 5, 8)
    shapes = {"x": SHAPE} | ({"positions": (2, 5)} if change == "one table" else {})
    inputs = {name: random(*shape) for name, shape in shapes.items()}
    network = check_against_reference(model(nodes, shapes, weights, outputs=outputs), tmp_path, inputs)
    assert "rope" not in kinds(network)
    assert {"negate", "concat"} <= set(kinds(network))
    assert kinds(network).count("slice") == 2


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
