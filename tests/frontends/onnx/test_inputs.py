"""Which inputs of a file are data, which are weights and which are settings, and what `--bind` gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import simdc
from simdc.cli import main
from simdc.errors import SimdcError
from simdc.ir.base import shape_of
from simdc.ir.network import NetworkOp, ParameterOp
from simdc.ir.notes import notes_of
from tests.frontends.onnx.models import imported, ints, kinds, model, node, random, saved

Shapes = Mapping[str, Sequence[int | str | None]]


def images(network: NetworkOp) -> list[tuple[str | None, tuple[int, ...]]]:
    return [(value.name_hint, shape_of(value)) for value in network.body.block.args]


def parameters(network: NetworkOp) -> list[str]:
    return [op.label.data for op in network.body.block.ops if isinstance(op, ParameterOp)]


GATED = [node("Conv", ["x", "k"], ["c"]), node("Mul", ["c", "gate"], ["y"])]
PRODUCT = [node("MatMul", ["a", "b"], ["y"])]
TWO_PRODUCTS = [node("MatMul", ["q", "k"], ["s"]), node("Softmax", ["s"], ["p"]), node("MatMul", ["p", "v"], ["y"])]


@pytest.mark.parametrize(
    ("nodes", "inputs", "weights", "count"),
    [
        (GATED, {"x": (1, 8, 16, 16), "gate": (1, 16, 1, 1)}, {"k": random(16, 8, 1, 1)}, 128),
        (PRODUCT, {"a": (128, 64), "b": (64, 128)}, {}, 0),
        (TWO_PRODUCTS, {"q": (8, 4), "k": (4, 8), "v": (8, 4)}, {}, 0),
        ([node("Gemm", ["a", "b"], ["y"])], {"a": (64, 16), "b": (16, 32)}, {}, 0),
        ([node("Add", ["a", "b"], ["y"])], {"a": (1, 16, 4, 4), "b": (16, 1, 1)}, {}, 0),
        ([node("Mul", ["w", "x"], ["p"]), node("Sub", ["p", "y"], ["e"])], {"w": (54,), "x": (54,), "y": (1,)}, {}, 0),
    ],
)
def test_an_input_is_data(
    nodes: list[Any], inputs: Shapes, weights: Mapping[str, np.ndarray], count: int, tmp_path: Path
) -> None:
    """Also where its sizes and its place would be those of a weight."""
    network = imported(model(nodes, inputs, weights), tmp_path)
    assert images(network) == [(name, tuple(shape)) for name, shape in inputs.items()]
    assert network.parameters.value.data == count
    assert not notes_of(network)


def test_another_batch_reaches_all_data(tmp_path: Path) -> None:
    proto = model([node("Mul", ["a", "b"], ["y"])], {"a": (1, 16, 4, 4), "b": (1, 16, 1, 1)})
    assert images(imported(proto, tmp_path, 4)) == [("a", (4, 16, 4, 4)), ("b", (4, 16, 1, 1))]


def test_inputs_of_one_dimension_have_no_batch(tmp_path: Path) -> None:
    proto = model([node("Mul", ["a", "b"], ["y"])], {"a": (54,), "b": (54,)})
    assert imported(proto, tmp_path).batch.value.data == 1
    with pytest.raises(SimdcError, match="--batch 2: no input has a batch"):
        imported(proto, tmp_path, 2)
    open_one = model([node("Relu", ["a"], ["y"])], {"a": ("N",)})
    assert imported(open_one, tmp_path, 5).batch.value.data == 5


FULLY = [node("Gemm", ["x", "w", "b"], ["h"]), node("Relu", ["h"], ["r"]), node("MatMul", ["r", "v"], ["y"])]
CONVOLVED = [node("Conv", ["x", "w"], ["c"]), node("Add", ["c", "b"], ["y"])]


@pytest.mark.parametrize(
    ("nodes", "inputs", "count"),
    [
        (CONVOLVED, {"x": (1, 3, 8, 8), "w": (4, 3, 3, 3), "b": (1, 4, 1, 1)}, 108 + 4),
        (FULLY, {"x": (2, 5), "w": (5, 7), "b": (7,), "v": (7, 3)}, 35 + 7 + 21),
    ],
)
def test_weights_that_were_taken_out_are_told(nodes: list[Any], inputs: Shapes, count: int, tmp_path: Path) -> None:
    network = imported(model(nodes, inputs), tmp_path)
    assert images(network) == [("x", tuple(inputs["x"]))]
    assert network.parameters.value.data == count
    (note,) = notes_of(network)
    assert note.startswith("inputs taken for weights, for the file holds none: b, ")


def test_a_file_with_weights_of_its_own_lacks_none(tmp_path: Path) -> None:
    nodes = [node("Conv", ["x", "w"], ["c"]), node("Conv", ["c", "own"], ["y"])]
    proto = model(nodes, {"x": (1, 3, 8, 8), "w": (4, 3, 3, 3)}, {"own": random(2, 4, 1, 1)})
    assert imported(proto, tmp_path).parameters.value.data == 8
    assert imported(proto, tmp_path, weights=["w"]).parameters.value.data == 8 + 108


def test_the_user_says_what_is_a_weight(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(model(PRODUCT, {"a": (4, 5), "b": (5, 6)}), tmp_path)
    assert main([path, "--hw", "HI1", "--weights", "b"]) == 0
    assert "30 parameters, 120 MACs" in capsys.readouterr().out
    assert main([path, "--hw", "HI1", "--weights", "c"]) == 1
    assert "--weights c: no input or weight that the network reads is called that" in capsys.readouterr().err
    assert main(["resnet18", "--hw", "HI1", "--weights", "c"]) == 1
    assert "--weights: only ONNX models" in capsys.readouterr().err
    stripped = model(CONVOLVED, {"x": (1, 3, 8, 8), "w": (4, 3, 3, 3), "b": (1, 4, 1, 1)})
    network = imported(stripped, tmp_path, weights=["w"])
    assert network.parameters.value.data == 108
    assert not notes_of(network)


ODD = {"x": ("N", 3, "?", "?")}
FILTER = ([node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])], {"w": random(8, 3, 3, 3)})


def test_sizes_that_share_a_name_are_bound_by_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """48 x 192 positions of 8 x 27 products: 1,990,656 MACs."""
    path = saved(model(FILTER[0], ODD, FILTER[1]), tmp_path)
    assert main([path, "--hw", "HI1", "--bind", "x[2]=48", "--bind", "x[3]=192"]) == 0
    assert "1,990,656 MACs" in capsys.readouterr().out
    assert main([path, "--hw", "HI1"]) == 1
    assert "--bind '?'=N; one by one by place: --bind 'x[2]'=N" in capsys.readouterr().err
    network = simdc.load(path, bind={"?": 16, "x[3]": 32}).module
    assert network.verify() is None
    assert images(imported(model(FILTER[0], ODD, FILTER[1]), tmp_path, bind={"?": 16, "x[3]": 32})) == [
        ("x", (1, 3, 16, 32))
    ]


def test_a_batch_without_a_name_of_its_own(tmp_path: Path) -> None:
    proto = model(FILTER[0], {"x": ("?", 3, "?", "?")}, FILTER[1])
    with pytest.raises(SimdcError, match=r"leaves sizes open: \? \(of input 'x'\)"):
        imported(proto, tmp_path, 2)
    assert images(imported(proto, tmp_path, 2, bind={"?": 8})) == [("x", (2, 3, 8, 8))]
    assert images(imported(proto, tmp_path, bind={"x[0]": 3, "?": 8})) == [("x", (3, 3, 8, 8))]
    with pytest.raises(SimdcError, match=r"--bind x\[0\]=3 contradicts --batch 2"):
        imported(proto, tmp_path, 2, bind={"x[0]": 3, "?": 8})


@pytest.mark.parametrize(("name", "value"), [("x[2]", 0), ("H", 0)])
def test_a_size_is_positive(name: str, value: int, tmp_path: Path) -> None:
    proto = model(FILTER[0], {"x": ("N", 3, "H", 8)}, FILTER[1])
    with pytest.raises(SimdcError, match="must be 1 or more, got 0"):
        imported(proto, tmp_path, bind={name: value})


def with_setting(shape: tuple[int, ...], kind: int) -> onnx.ModelProto:
    def branch(channels: str) -> onnx.GraphProto:
        body = [node("Conv", ["x", channels], ["z"])]
        return helper.make_graph(body, channels, [], [helper.make_tensor_value_info("z", 1, None)])

    nodes = [
        node("Cast", ["rate"], ["r"], to=TensorProto.INT64),
        node("Equal", ["r", "chosen"], ["c"]),
        node("If", ["c"], ["y"], then_branch=branch("narrow"), else_branch=branch("wide")),
    ]
    weights = {"narrow": random(8, 3, 3, 3), "wide": random(16, 3, 3, 3), "chosen": np.array(1, np.int64)}
    proto = model(nodes, {"x": (1, 3, 8, 8)}, weights)
    proto.graph.input.append(helper.make_tensor_value_info("rate", kind, shape))
    return proto


@pytest.mark.parametrize("shape", [(), (1,)])
@pytest.mark.parametrize("kind", [TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL, TensorProto.FLOAT])
@pytest.mark.parametrize(("value", "channels"), [(1, 8), (0, 16)])
def test_a_number_that_chooses_a_branch(
    shape: tuple[int, ...], kind: int, value: int, channels: int, tmp_path: Path
) -> None:
    """6 x 6 positions of 27 products for each channel."""
    network = imported(with_setting(shape, kind), tmp_path, bind={"rate": value})
    assert [(name, shape) for name, shape in images(network)] == [("x", (1, 3, 8, 8))]
    (layer,) = network.layers()
    assert shape_of(layer.results[0]) == (1, channels, 6, 6)


def test_a_number_that_is_not_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(with_setting((), TensorProto.INT64), tmp_path)
    assert main([path, "--hw", "HI1"]) == 1
    assert "give it: --bind rate=N" in capsys.readouterr().err
    assert main([path, "--hw", "HI1", "--bind", "rate=1"]) == 0
    assert "7,776 MACs" in capsys.readouterr().out
    assert main([path, "--hw", "HI1", "--bind", "rate=1", "--bind", "rat=2"]) == 1
    assert "--bind rat: no size is called that" in capsys.readouterr().err


def test_text_is_no_data(tmp_path: Path) -> None:
    proto = model([node("Relu", ["x"], ["y"])], {"x": (1, 3)})
    proto.graph.input[0].type.tensor_type.elem_type = TensorProto.STRING
    with pytest.raises(SimdcError, match="input 'x' holds text"):
        imported(proto, tmp_path)


def test_whole_numbers_that_say_how_nodes_compute_are_settings(tmp_path: Path) -> None:
    nodes = [node("Slice", ["x", "starts", "ends"], ["y"])]
    proto = model(nodes, {"x": (4, 6)}, {"ends": ints(2)})
    proto.graph.input.append(helper.make_tensor_value_info("starts", TensorProto.INT64, [1]))
    with pytest.raises(SimdcError, match="the file has no values of 'starts'"):
        imported(proto, tmp_path)
    assert kinds(imported(proto, tmp_path, bind={"starts": 1})) == ["slice"]
