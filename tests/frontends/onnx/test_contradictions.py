"""Files that say a thing twice, and differently: refused, with both sides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from simdc.errors import SimdcError
from simdc.ir.base import shape_of
from tests.frontends.onnx.models import imported, kinds, model, node, random

SIZE = (1, 3, 8, 8)
CONV = node("Conv", ["x", "w"], ["c"], name="first", kernel_shape=[3, 3])
RELU = node("Relu", ["c"], ["y"], name="second")


def info(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def sound() -> onnx.ModelProto:
    """8 x 8 becomes 6 x 6 in 4 channels, and the file says so."""
    proto = model([CONV, RELU], {"x": SIZE}, {"w": random(4, 3, 3, 3)}, values=[info("c", 1, 4, 6, 6)])
    proto.graph.output[0].CopyFrom(info("y", 1, 4, 6, 6))
    return proto


def two_weights(proto: onnx.ModelProto) -> None:
    proto.graph.initializer.append(numpy_helper.from_array(random(400, 3, 3, 3), "w"))


def weight_that_a_node_makes(proto: onnx.ModelProto) -> None:
    proto.graph.initializer.append(numpy_helper.from_array(random(1, 4, 6, 6), "c"))


def input_that_a_node_makes(proto: onnx.ModelProto) -> None:
    proto.graph.input.append(info("c", 1, 4, 6, 6))


def two_inputs(proto: onnx.ModelProto) -> None:
    proto.graph.input.append(info("x", 1, 3, 9, 9))


def listed_weight(proto: onnx.ModelProto) -> None:
    proto.graph.input.append(info("w", 4, 3, 5, 5))


def other_kernel(proto: onnx.ModelProto) -> None:
    proto.graph.node[0].attribute[0].CopyFrom(helper.make_attribute("kernel_shape", [5, 5]))


def other_result(proto: onnx.ModelProto) -> None:
    proto.graph.output[0].CopyFrom(info("y", 1, 4, 6, 7))


def other_rank(proto: onnx.ModelProto) -> None:
    proto.graph.output[0].CopyFrom(info("y", 1, 144))


def other_value(proto: onnx.ModelProto) -> None:
    proto.graph.value_info[0].CopyFrom(info("c", 1, 8, 6, 6))


def two_descriptions(proto: onnx.ModelProto) -> None:
    proto.graph.value_info.append(info("y", 1, 4, 3, 3))


def text_as_image(proto: onnx.ModelProto) -> None:
    proto.graph.input[0].type.tensor_type.elem_type = TensorProto.STRING


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (two_weights, "has two weights 'w', of shapes [4, 3, 3, 3] and [400, 3, 3, 3]"),
        (weight_that_a_node_makes, "node 1 'first' (Conv): makes 'c', which is a weight of the file"),
        (input_that_a_node_makes, "node 1 'first' (Conv): makes 'c', which is an input"),
        (two_inputs, "has two inputs 'x', of shapes [1, 3, 8, 8] and [1, 3, 9, 9]"),
        (listed_weight, "says of 'w' both [4, 3, 5, 5], as an input, and [4, 3, 3, 3], as a weight"),
        (other_kernel, "its kernel_shape is [5, 5], and its weight has shape [4, 3, 3, 3]: first"),
        (other_result, "node 2 'second' (Relu): makes 'y' of shape [1, 4, 6, 6], and the file says [1, 4, 6, 7] of it"),
        (other_rank, "node 2 'second' (Relu): makes 'y' of shape [1, 4, 6, 6], and the file says [1, 144] of it"),
        (other_value, "node 1 'first' (Conv): makes 'c' of shape [1, 4, 6, 6], and the file says [1, 8, 6, 6] of it"),
        (two_descriptions, "says of 'y' both [1, 4, 3, 3] and [1, 4, 6, 6]"),
        (text_as_image, "input 'x' holds text"),
    ],
)
def test_both_sides_are_named(damage: Callable[[onnx.ModelProto], None], says: str, tmp_path: Path) -> None:
    proto = sound()
    assert kinds(imported(proto, tmp_path)) == ["conv2d", "relu"]
    damage(proto)
    with pytest.raises(SimdcError) as error:
        imported(proto, tmp_path)
    said = " ".join(str(error.value).split())
    assert said.startswith(str(tmp_path / "net.onnx"))
    assert says in said


@pytest.mark.parametrize("open_batch", [False, True])
def test_another_batch_contradicts_nothing(open_batch: bool, tmp_path: Path) -> None:
    """What the file says of its own batch is scaled, or left behind by an exporter that opened the input's alone."""
    proto = sound()
    if open_batch:
        proto.graph.input[0].CopyFrom(info("x", "N", 3, 8, 8))
    assert [shape_of(op.results[0]) for op in imported(proto, tmp_path, 5).layers()] == [(5, 4, 6, 6)] * 2


def test_a_fused_activation_is_held_to_its_shape(tmp_path: Path) -> None:
    nodes = [node("Sigmoid", ["x"], ["s"]), node("Mul", ["x", "s"], ["y"], name="last")]
    proto = model(nodes, {"x": SIZE})
    proto.graph.output[0].CopyFrom(info("y", 1, 3, 8, 9))
    with pytest.raises(SimdcError, match=r"'last' .*: makes 'y' of shape \[1, 3, 8, 8\]"):
        imported(proto, tmp_path)


@pytest.mark.parametrize("operator", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize(
    ("kernel", "dilation", "pads", "says"),
    [
        (8, 2, 0, "its window reaches over 15 x 15 positions of 8 x 8 with its border"),
        (3, 6, 2, "its window reaches over 13 x 13 positions of 12 x 12 with its border"),
        (9, 1, 0, "its window reaches over 9 x 9 positions of 8 x 8 with its border"),
    ],
)
def test_a_window_beyond_its_input(
    operator: str, kernel: int, dilation: int, pads: int, says: str, tmp_path: Path
) -> None:
    attributes = {"kernel_shape": [kernel] * 2, "dilations": [dilation] * 2, "pads": [pads] * 4}
    with pytest.raises(SimdcError) as error:
        imported(model([node(operator, ["x"], ["y"], **attributes)], {"x": SIZE}, opset=19), tmp_path)
    assert says in " ".join(str(error.value).split())


def test_windows_that_just_fit(tmp_path: Path) -> None:
    """A window of 4 with dilation 2 reaches over 7 of 8 positions: there are two places for it."""
    pool = node("MaxPool", ["x"], ["y"], kernel_shape=[4, 4], dilations=[2, 2])
    (layer,) = imported(model([pool], {"x": SIZE}), tmp_path).layers()
    assert shape_of(layer.results[0]) == (1, 3, 2, 2)
    whole = node("MaxPool", ["x"], ["y"], kernel_shape=[8, 8])
    assert kinds(imported(model([whole], {"x": SIZE}), tmp_path)) == ["global_max_pool"]
