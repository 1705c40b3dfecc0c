"""Nodes that read constants only: layers where they compute with what is trained, else folded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import numpy_helper

from simdc.errors import SimdcError
from simdc.ir.network import ParameterOp
from tests.frontends.onnx.models import check_against_reference, imported, ints, kinds, model, node, random


def test_a_product_of_two_weights_is_a_layer(tmp_path: Path) -> None:
    """The keys of relative positions in DeBERTa: a table, normalized, times a matrix. Each of the three is trained."""
    nodes = [
        node("LayerNormalization", ["table", "scale"], ["normal"]),
        node("MatMul", ["normal", "matrix"], ["keys"]),
        node("Transpose", ["keys"], ["turned"], perm=[1, 0]),
        node("MatMul", ["x", "turned"], ["y"]),
    ]
    weights = {"table": random(6, 4), "scale": random(4), "matrix": random(4, 5)}
    network = check_against_reference(model(nodes, {"x": (2, 5)}, weights), tmp_path, {"x": random(2, 5)})
    assert kinds(network) == ["layer_norm", "linear", "transpose", "matmul"]
    assert network.parameters.value.data == 6 * 4 + 4 + 4 * 5


def test_a_trained_product_with_what_nobody_trains_is_a_layer(tmp_path: Path) -> None:
    """Swin v2 makes its bias from distances; XCiT its positions by a convolution of waves."""
    distances = numpy_helper.from_array(np.arange(6, dtype=np.int64).reshape(3, 2))
    picture = numpy_helper.from_array(np.arange(18, dtype=np.int64).reshape(1, 2, 3, 3))
    nodes = [
        node("Constant", [], ["distances"], value=distances),
        node("Cast", ["distances"], ["fractions"], to=1),
        node("MatMul", ["fractions", "matrix"], ["bias"]),
        node("Constant", [], ["picture"], value=picture),
        node("Cast", ["picture"], ["waves"], to=1),
        node("Conv", ["waves", "kernel"], ["places"]),
        node("Add", ["x", "bias"], ["sum"]),
        node("Add", ["sum", "places"], ["y"]),
    ]
    weights = {"matrix": random(2, 3), "kernel": random(1, 2, 1, 1)}
    network = check_against_reference(model(nodes, {"x": (1, 1, 3, 3)}, weights), tmp_path, {"x": random(1, 1, 3, 3)})
    assert kinds(network) == ["linear", "conv2d", "add", "add"]
    assert network.parameters.value.data == 2 * 3 + 2


def test_an_outer_product_is_folded(tmp_path: Path) -> None:
    """Frequencies, among the weights, by positions: a table of cosines is made of it."""
    state = numpy_helper.from_array(np.arange(6, dtype=np.int64).reshape(6, 1))
    nodes = [
        node("Constant", [], ["places"], value=state),
        node("Cast", ["places"], ["positions"], to=1),
        node("MatMul", ["positions", "frequencies"], ["angles"]),
        node("Cos", ["angles"], ["table"]),
        node("Mul", ["x", "table"], ["y"]),
    ]
    proto = model(nodes, {"x": (6, 4)}, {"frequencies": random(1, 4), "unread": random(2, 2)})
    network = check_against_reference(proto, tmp_path, {"x": random(6, 4)})
    assert kinds(network) == ["multiply"]
    (table,) = (op for op in network.body.block.ops if isinstance(op, ParameterOp))
    assert table.constant is not None


def test_a_slice_of_nothing_is_left_out_of_a_concat(tmp_path: Path) -> None:
    """Where all of a head turns with the position, exporters still cut off the rest and put it back."""
    nodes = [
        node("Slice", ["x", "four", "end", "last"], ["rest"]),
        node("Relu", ["x"], ["turned"]),
        node("Concat", ["turned", "rest"], ["y"], axis=-1),
    ]
    weights = {"four": ints(4), "end": ints(2**62), "last": ints(1)}
    network = check_against_reference(model(nodes, {"x": (2, 4)}, weights), tmp_path, {"x": random(2, 4)})
    assert kinds(network)[0] == "relu"
    assert network.parameters.value.data == 0


def test_standardized_weights_are_folded(tmp_path: Path) -> None:
    """NFNets norm the kernel of a convolution as if its outputs were channels of an image."""
    statistics = {name: np.zeros(4, np.float32) for name in ("mean", "var")}
    weights = {"kernel": random(4, 3, 2, 2), "gain": random(4), "zero": np.zeros(4, np.float32), **statistics}
    shapes = {"row": ints(1, 4, -1), "square": ints(4, 3, 2, 2)}
    nodes = [
        node("Reshape", ["kernel", "row"], ["rows"]),
        node(
            "BatchNormalization",
            ["rows", "gain", "zero", "mean", "var"],
            ["normal", "running", "spread"],
            training_mode=1,
        ),
        node("Reshape", ["normal", "square"], ["standard"]),
        node("Conv", ["x", "standard"], ["y"]),
    ]
    proto = model(nodes, {"x": (1, 3, 4, 4)}, {**weights, **shapes})
    network = check_against_reference(proto, tmp_path, {"x": random(1, 3, 4, 4)})
    assert kinds(network) == ["conv2d"]


def test_positions_for_another_image_are_folded(tmp_path: Path) -> None:
    """YOLOS resizes its table of positions, whatever the mode: it does not depend on the image."""
    nodes = [node("Resize", ["table", "", "", "size"], ["places"], mode="cubic"), node("Add", ["x", "places"], ["y"])]
    proto = model(nodes, {"x": (1, 2, 6, 6)}, {"table": random(1, 2, 4, 4), "size": ints(1, 2, 6, 6)})
    network = check_against_reference(proto, tmp_path, {"x": random(1, 2, 6, 6)})
    assert kinds(network) == ["add"]


def test_few_numbers_that_make_much_work_are_refused(tmp_path: Path) -> None:
    nodes = [
        node("Constant", [], ["counted"], value=numpy_helper.from_array(np.arange(4000))),
        node("Cast", ["counted"], ["a"], to=1),
        node("Einsum", ["a", "a", "a"], ["number"], equation="a,b,c->"),
        node("Mul", ["x", "number"], ["y"]),
    ]
    with pytest.raises(SimdcError, match=r"'a,b,c->' takes up to\s+64000000000 steps to compute"):
        imported(model(nodes, {"x": (1, 2)}), tmp_path)


def test_einsum_of_constants(tmp_path: Path) -> None:
    """Rotary angles: positions by frequencies."""
    nodes = [
        node("Constant", [], ["counted"], value=numpy_helper.from_array(np.arange(6))),
        node("Cast", ["counted"], ["places"], to=1),
        node("Einsum", ["places", "frequencies"], ["angles"], equation="i,j->ij"),
        node("Sin", ["angles"], ["table"]),
        node("Mul", ["x", "table"], ["y"]),
    ]
    proto = model(nodes, {"x": (6, 4)}, {"frequencies": random(4)})
    network = check_against_reference(proto, tmp_path, {"x": random(6, 4)})
    assert kinds(network) == ["multiply"]
    assert network.parameters.value.data == 0


def test_a_bias_by_distance_is_picked_from_its_table(tmp_path: Path) -> None:
    """T5 and Swin: 7 distances of 4 x 4 places, two heads. Folded, the 32 numbers would be trained apart."""
    places = np.arange(4)
    weights = {"table": random(7, 2), "distances": places[None] - places[:, None] + 3}
    nodes = [
        node("Gather", ["table", "distances"], ["bias"], axis=0),
        node("Transpose", ["bias"], ["heads"], perm=[2, 0, 1]),
        node("Add", ["x", "heads"], ["y"]),
    ]
    network = check_against_reference(model(nodes, {"x": (2, 4, 4)}, weights), tmp_path, {"x": random(2, 4, 4)})
    assert kinds(network) == ["gather", "transpose", "add"]
    assert network.parameters.value.data == 14


def test_a_table_of_positions_counts_whole(tmp_path: Path) -> None:
    """Five of eight positions are read, each once."""
    nodes = [node("Gather", ["table", "places"], ["first"]), node("Add", ["x", "first"], ["y"])]
    proto = model(nodes, {"x": (5, 3)}, {"table": random(8, 3), "places": np.arange(5)})
    network = check_against_reference(proto, tmp_path, {"x": random(5, 3)})
    assert kinds(network) == ["add"]
    assert network.parameters.value.data == 24


@pytest.mark.parametrize("tied", [True, False])
def test_a_head_that_is_the_table_of_words_once_more(tied: bool, tmp_path: Path) -> None:
    """TorchScript folds the transposition of the head and stores it beside the table that it is."""
    table = random(6, 4)
    weights = {"table": table, "head": table.T.copy() if tied else random(4, 6)}
    nodes = [
        node("Cast", ["x"], ["ids"], to=7),
        node("Gather", ["table", "ids"], ["rows"]),
        node("MatMul", ["rows", "head"], ["y"]),
    ]
    network = check_against_reference(
        model(nodes, {"x": (2, 3)}, weights), tmp_path, {"x": np.ones((2, 3), np.float32)}
    )
    assert network.parameters.value.data == (24 if tied else 48)
    assert len([op for op in network.body.block.ops if isinstance(op, ParameterOp)]) == (1 if tied else 2)
