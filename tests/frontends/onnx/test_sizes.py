"""Sizes that a file leaves open or fixes: the batch, symbols, and shapes that are computed from shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from simdc.errors import SimdcError
from simdc.ir.base import shape_of
from simdc.ir.network import NetworkOp, ReturnOp
from tests.frontends.onnx.models import check_against_reference, imported, ints, kinds, model, node, random

CONV = node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1])
WEIGHT = {"w": random(4, 3, 3, 3)}
TAIL = [node("GlobalAveragePool", ["c"], ["p"]), node("Reshape", ["p", "shape"], ["y"])]


def result_shapes(network: NetworkOp) -> list[tuple[int, ...]]:
    last = network.body.block.last_op
    assert isinstance(last, ReturnOp)
    return [shape_of(value) for value in last.operands]


@pytest.mark.parametrize(("batch", "size"), [(None, 1), (1, 1), (5, 5)])
def test_an_open_batch_is_the_batch(batch: int | None, size: int, tmp_path: Path) -> None:
    proto = model([CONV], {"x": ("N", 3, 8, 8)}, WEIGHT)
    network = imported(proto, tmp_path, batch)
    assert network.batch.value.data == size
    assert result_shapes(network) == [(size, 4, 8, 8)]


def test_the_batch_of_the_file_holds_unless_another_is_asked_for(tmp_path: Path) -> None:
    proto = model([CONV], {"x": (2, 3, 8, 8)}, WEIGHT)
    assert result_shapes(imported(proto, tmp_path)) == [(2, 4, 8, 8)]
    assert result_shapes(imported(proto, tmp_path, 7)) == [(7, 4, 8, 8)]


@pytest.mark.parametrize("shape", [(2, 4), (2, -1), (-1, 4), (0, -1)])
def test_another_batch_reaches_the_shapes_that_name_the_old_one(shape: tuple[int, ...], tmp_path: Path) -> None:
    proto = model([CONV, *TAIL], {"x": (2, 3, 8, 8)}, {**WEIGHT, "shape": ints(*shape)})
    assert result_shapes(imported(proto, tmp_path, 6)) == [(6, 4)]
    assert result_shapes(imported(proto, tmp_path)) == [(2, 4)]


def test_another_batch_in_a_channel_shuffle_and_in_front_of_other_rows(tmp_path: Path) -> None:
    nodes = [
        CONV,
        node("Reshape", ["c", "apart"], ["a"]),
        node("Transpose", ["a"], ["t"], perm=[0, 2, 1, 3, 4]),
        node("Reshape", ["t", "together"], ["s"]),
        node("Reshape", ["s", "rows"], ["r"]),
        node("Reshape", ["r", "back"], ["y"]),
    ]
    shapes = {
        "apart": ints(1, 2, 2, 8, 8),
        "together": ints(1, 4, 8, 8),
        "rows": ints(8, 32),
        "back": ints(1, 4, 8, 8),
    }
    network = imported(model(nodes, {"x": (1, 3, 8, 8)}, WEIGHT | shapes), tmp_path, 3)
    assert result_shapes(network) == [(3, 4, 8, 8)]


def test_a_shape_that_no_batch_fits_is_an_error(tmp_path: Path) -> None:
    nodes = [CONV, node("Reshape", ["c", "shape"], ["y"])]
    proto = model(nodes, {"x": (2, 3, 8, 8)}, {**WEIGHT, "shape": ints(4, 0, 64, 2)})
    with pytest.raises(SimdcError, match=r"Reshape.*cannot read shape \[3, 4, 8, 8\] as \[4, 0, 64, 2\]"):
        imported(proto, tmp_path, 3)


def test_symbols_are_bound_by_name(tmp_path: Path) -> None:
    proto = model([CONV], {"x": ("N", 3, "height", None)}, WEIGHT)
    bound = imported(proto, tmp_path, 2, bind={"height": 10, "x[3]": 12})
    assert result_shapes(bound) == [(2, 4, 10, 12)]
    assert result_shapes(imported(proto, tmp_path, bind={"N": 4, "height": 5, "x[3]": 5})) == [(4, 4, 5, 5)]


def test_all_open_symbols_are_named_at_once(tmp_path: Path) -> None:
    proto = model([CONV], {"x": ("N", 3, "height", None)}, WEIGHT)
    with pytest.raises(SimdcError) as error:
        imported(proto, tmp_path)
    assert "height" in str(error.value)
    assert "--bind height=N --bind 'x[3]'=N" in str(error.value)


@pytest.mark.parametrize(
    ("bind", "message"),
    [
        ({"hight": 4, "height": 4}, "no size is called that; did you mean 'height'"),
        ({"height": 4, "N": 3}, "contradicts --batch 2"),
    ],
)
def test_bindings_that_do_not_fit(bind: dict[str, int], message: str, tmp_path: Path) -> None:
    proto = model([CONV], {"x": ("N", 3, "height", 8)}, WEIGHT)
    with pytest.raises(SimdcError, match=message):
        imported(proto, tmp_path, 2, bind=bind)


def test_one_symbol_is_one_size_wherever_it_stands(tmp_path: Path) -> None:
    proto = model([node("Add", ["a", "b"], ["y"])], {"a": ("N", "c", 1), "b": ("N", "c", 1)})
    assert result_shapes(imported(proto, tmp_path, 3, bind={"c": 7})) == [(3, 7, 1)]


SHAPE_CHAIN = [
    CONV,
    node("Shape", ["c"], ["s"]),
    node("Gather", ["s", "first"], ["n"], axis=0),
    node("Unsqueeze", ["n", "axis"], ["n1"]),
    node("Slice", ["s", "from", "to"], ["rest"]),
    node("ReduceProd", ["rest"], ["features"], keepdims=1),
    node("Concat", ["n1", "features"], ["shape"], axis=0),
    node("Reshape", ["c", "shape"], ["y"]),
]
INDICES = {"first": np.array(0, np.int64), "axis": ints(0), "from": ints(1), "to": ints(4)}


def test_a_chain_of_shape_computations_is_folded(tmp_path: Path) -> None:
    proto = model(SHAPE_CHAIN, {"x": (2, 3, 8, 8)}, WEIGHT | INDICES)
    network = check_against_reference(proto, tmp_path, {"x": random(2, 3, 8, 8)})
    assert kinds(network) == ["conv2d", "flatten"]
    assert result_shapes(imported(proto, tmp_path, 5)) == [(5, 256)]
    # Indices are no parameters.
    assert network.parameters.value.data == 4 * 3 * 3 * 3


def test_arithmetic_on_shapes_is_folded(tmp_path: Path) -> None:
    """Half of the channels, by Shape, Cast, Mul, Floor, Range, Where and ConstantOfShape; the size of a Resize."""
    nodes = [
        CONV,
        node("Shape", ["c"], ["s"]),
        node("Cast", ["s"], ["f"], to=1),
        node("Mul", ["f", "scales"], ["g"]),
        node("Floor", ["g"], ["h"]),
        node("Cast", ["h"], ["sizes"], to=7),
        node("Resize", ["c", "", "", "sizes"], ["r"], mode="nearest"),
        node("Shape", ["r"], ["t"]),
        node("Gather", ["t", "place"], ["channels"], axis=0),
        node("Div", ["channels", "two"], ["half"]),
        node("Equal", ["half", "two"], ["same"]),
        node("Where", ["same", "half", "zero"], ["end"]),
        node("ConstantOfShape", ["one"], ["start"], value=helper.make_tensor("v", 7, [1], [0])),
        node("Slice", ["r", "start", "end", "place"], ["y"]),
    ]
    weights = {
        "scales": np.array([1, 1, 2.5, 1.5], np.float32),
        "place": ints(1),
        "two": ints(2),
        "zero": ints(0),
        "one": ints(1),
    }
    proto = model(nodes, {"x": (2, 3, 8, 8)}, WEIGHT | weights)
    network = check_against_reference(proto, tmp_path, {"x": random(2, 3, 8, 8)})
    assert kinds(network) == ["conv2d", "resize", "slice"]
    assert result_shapes(network) == [(2, 2, 20, 12)]


@pytest.mark.parametrize(("size", "layer"), [(1, "relu"), (2, "sigmoid")])
def test_a_branch_whose_condition_is_known_is_taken(size: int, layer: str, tmp_path: Path) -> None:
    def branch(operator: str) -> onnx.GraphProto:
        return helper.make_graph(
            [node(operator, ["c"], ["b"])], operator, [], [helper.make_tensor_value_info("b", 1, None)]
        )

    nodes = [
        CONV,
        node("Shape", ["c"], ["s"]),
        node("Gather", ["s", "first"], ["n"]),
        node("Equal", ["n", "one"], ["condition"]),
        node("If", ["condition"], ["d"], then_branch=branch("Relu"), else_branch=branch("Sigmoid")),
        node("Tanh", ["d"], ["y"]),
    ]
    weights = {"first": np.array(0, np.int64), "one": np.array(1, np.int64)}
    proto = model(nodes, {"x": (size, 3, 8, 8)}, WEIGHT | weights)
    network = check_against_reference(proto, tmp_path, {"x": random(size, 3, 8, 8)})
    assert kinds(network) == ["conv2d", layer, "tanh"]


def test_nodes_may_stand_in_any_order_and_dead_ones_are_left_out(tmp_path: Path) -> None:
    nodes = [*reversed(SHAPE_CHAIN), node("NonMaxSuppression", ["c", "c"], ["dead"])]
    proto = model(nodes, {"x": (2, 3, 8, 8)}, WEIGHT | INDICES, outputs=["y"])
    assert kinds(imported(proto, tmp_path)) == ["conv2d", "flatten"]
