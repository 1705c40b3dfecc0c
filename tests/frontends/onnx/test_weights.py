"""Where a file keeps its weights, and what of it counts as a parameter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.external_data_helper import convert_model_to_external_data

from simdc.backends.execute import execute
from simdc.errors import SimdcError
from simdc.frontends.onnx import OPERATORS, Build, Value, operator, parse_onnx
from simdc.frontends.onnx.parameters import load_parameters
from simdc.frontends.onnx.table import WEIGHTS as WEIGHT_PLACES
from simdc.ir.network import network_of
from simdc.ir.ops.broadcast import MultiplyOp
from tests.frontends.onnx.models import check_against_reference, imported, ints, kinds, model, node, random, saved

SHAPE = (2, 3, 8, 8)
NODES = [
    node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]),
    node("BatchNormalization", ["c", "scale", "shift", "mean", "var"], ["n"]),
    node("Relu", ["n"], ["r"]),
    node("GlobalAveragePool", ["r"], ["p"]),
    node("Reshape", ["p", "shape"], ["f"]),
    node("Gemm", ["f", "fc", "fb"], ["y"], transB=1),
]
WEIGHTS = {
    "w": random(4, 3, 3, 3),
    "b": random(4),
    "scale": random(4, seed=1),
    "shift": random(4, seed=2),
    "mean": random(4, seed=3),
    "var": random(4, seed=4, low=0.5),
    "shape": ints(0, -1),
    "fc": random(5, 4),
    "fb": random(5),
}
LAYERS = ["conv2d", "batch_norm", "relu", "global_average_pool", "flatten", "linear"]
PARAMETERS = 4 * 3 * 3 * 3 + 4 + 2 * 4 + 5 * 4 + 5
"""Without the statistics, which are not trained, and the shape."""


def shapes_of(names: list[str]) -> list[onnx.ValueInfoProto]:
    return [helper.make_tensor_value_info(name, 1, WEIGHTS[name].shape) for name in names]


@pytest.mark.parametrize(("opset", "listed"), [(9, False), (9, True), (17, False), (17, True)])
def test_weights_in_the_file_also_listed_as_inputs(opset: int, listed: bool, tmp_path: Path) -> None:
    proto = model(NODES, {"x": SHAPE}, WEIGHTS, opset=opset, listed=listed)
    oracle = model(NODES, {"x": SHAPE}, WEIGHTS)
    network = check_against_reference(proto, tmp_path, {"x": random(*SHAPE)}, oracle=oracle)
    assert kinds(network) == LAYERS
    assert network.parameters.value.data == PARAMETERS


def test_weights_beside_the_file(tmp_path: Path) -> None:
    proto = model(NODES, {"x": SHAPE}, WEIGHTS)
    want = check_against_reference(proto, tmp_path, {"x": random(*SHAPE)})
    external = model(NODES, {"x": SHAPE}, WEIGHTS)
    convert_model_to_external_data(external, location="weights.bin", size_threshold=0)
    folder = tmp_path / "external"
    folder.mkdir()
    path = saved(external, folder)
    found = load_parameters(path)
    for label, value in load_parameters(saved(proto, tmp_path)).items():
        np.testing.assert_array_equal(found[label], value)
    # The price needs shapes only, but for numbers that decide about them.
    (folder / "weights.bin").unlink()
    message = r"the values of 'shape' are\s+not in the file beside the model"
    with pytest.raises(SimdcError, match=message):
        parse_onnx(path, None)
    assert want.parameters.value.data == PARAMETERS


def test_weights_beside_the_file_that_are_gone(tmp_path: Path) -> None:
    proto = model(NODES, {"x": SHAPE}, WEIGHTS)
    convert_model_to_external_data(proto, location="weights.bin", size_threshold=100)
    path = saved(proto, tmp_path)
    (tmp_path / "weights.bin").unlink()
    network = network_of(parse_onnx(path, None))
    assert kinds(network) == LAYERS
    assert network.parameters.value.data == PARAMETERS
    with pytest.raises(SimdcError, match="'w' are not in the file beside the model"):
        load_parameters(path)


@pytest.mark.parametrize("where", ["inputs", "values"])
def test_weights_that_are_only_described(where: str, tmp_path: Path) -> None:
    gone = [name for name in WEIGHTS if name != "shape"]
    infos = shapes_of(gone)
    proto = model(NODES, {"x": SHAPE}, {"shape": WEIGHTS["shape"]}, values=infos if where == "values" else ())
    if where == "inputs":
        proto.graph.input.extend(infos)
    network = imported(proto, tmp_path, 3)
    assert kinds(network) == LAYERS
    assert network.parameters.value.data == PARAMETERS
    assert [value.name_hint for value in network.body.block.args] == ["x"]
    with pytest.raises(SimdcError, match="the file has no values of 'w'"):
        load_parameters(str(tmp_path / "net.onnx"))


@pytest.mark.parametrize("places", [(), (1,)])
def test_ones_own_operator_says_where_its_weights_stand(
    places: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file without weights, in which an input is nothing but the operator's second: data, unless that is a weight."""

    def scale(build: Build) -> Value:
        return build.add(MultiplyOp(build.name, build.tensor(0), build.tensor(1)))

    monkeypatch.setitem(OPERATORS, "com.example::Scale", scale)
    monkeypatch.setitem(WEIGHT_PLACES, "com.example::Scale", ())
    operator("Scale", domain="com.example", weights=places)(scale)
    nodes = [node("Scale", ["x", "w"], ["y"], domain="com.example")]
    proto = model(nodes, {"x": (1, 4), "w": (1, 4)}, domains={"com.example": 1})
    assert imported(proto, tmp_path).parameters.value.data == 4 * len(places)


def test_a_weight_that_is_missing_and_not_described(tmp_path: Path) -> None:
    rest = {name: value for name, value in WEIGHTS.items() if name != "fc"}
    with pytest.raises(SimdcError, match="'fc' is read, but is no input, no weight and the result of no node"):
        imported(model(NODES, {"x": SHAPE}, rest), tmp_path)


def test_missing_weights_behind_a_transpose(tmp_path: Path) -> None:
    nodes = [node("Transpose", ["w"], ["t"], perm=[1, 0]), node("MatMul", ["x", "t"], ["y"])]
    network = imported(model(nodes, {"x": (2, 5), "w": (4, 5)}), tmp_path, weights=["w"])
    assert kinds(network) == ["linear"]
    assert network.parameters.value.data == 20


def test_a_missing_shape_is_taken_from_the_result(tmp_path: Path) -> None:
    nodes = [node("Relu", ["x"], ["r"]), node("Reshape", ["r", "shape"], ["y"])]
    proto = model(nodes, {"x": SHAPE}, outputs=["y"])
    proto.graph.input.append(helper.make_tensor_value_info("shape", 7, [2]))
    with pytest.raises(SimdcError, match=r"the file has no values of\s+'shape'"):
        imported(proto, tmp_path)
    proto.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", 1, [2, 192]))
    assert kinds(imported(proto, tmp_path)) == ["relu", "flatten"]


def test_weights_made_by_nodes(tmp_path: Path) -> None:
    """ConstantOfShape as in files whose weights were taken out, Constant as from tracing exporters."""
    nodes = [
        node("ConstantOfShape", ["w_shape"], ["w"], value=helper.make_tensor("v", 1, [1], [0.5])),
        node("Constant", [], ["b"], value=numpy_helper.from_array(WEIGHTS["b"])),
        node("Conv", ["x", "w", "b"], ["y"]),
    ]
    proto = model(nodes, {"x": SHAPE}, {"w_shape": ints(4, 3, 3, 3)})
    network = check_against_reference(proto, tmp_path, {"x": random(*SHAPE)})
    assert kinds(network) == ["conv2d"]
    assert network.parameters.value.data == 4 * 3 * 3 * 3 + 4


def test_weights_that_nodes_compute_from_others(tmp_path: Path) -> None:
    """Standardized weights, halves of a weight, and a weight in two forms: all from one tensor of the file."""
    nodes = [
        node("ReduceMean", ["w"], ["m"], axes=[1, 2, 3]),
        node("Sub", ["w", "m"], ["standard"]),
        node("Conv", ["x", "standard"], ["c"], pads=[1, 1, 1, 1]),
        node("Split", ["w"], ["w0", "w1"], axis=0),
        node("Conv", ["c", "w0"], ["d"]),
        node("Conv", ["c", "w1"], ["e"]),
        node("Add", ["d", "e"], ["y"]),
    ]
    proto = model(nodes, {"x": (2, 4, 8, 8)}, {"w": random(4, 4, 3, 3)})
    network = check_against_reference(proto, tmp_path, {"x": random(2, 4, 8, 8)})
    assert kinds(network) == ["conv2d", "conv2d", "conv2d", "add"]
    assert network.parameters.value.data == 4 * 4 * 3 * 3


def test_a_weight_that_two_layers_read_counts_once(tmp_path: Path) -> None:
    nodes = [
        node("Identity", ["w"], ["same"]),
        node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        node("Conv", ["c", "same"], ["y"], pads=[1, 1, 1, 1]),
    ]
    network = check_against_reference(
        model(nodes, {"x": SHAPE}, {"w": random(3, 3, 3, 3)}), tmp_path, {"x": random(*SHAPE)}
    )
    assert network.parameters.value.data == 81
    assert len(list(network.body.block.ops)) == 1 + 2 + 1


def test_half_precision_weights(tmp_path: Path) -> None:
    nodes = [node("Cast", ["w"], ["w32"], to=1), node("Conv", ["x", "w32"], ["y"])]
    proto = model(nodes, {"x": SHAPE}, {"w": random(4, 3, 3, 3).astype(np.float16)})
    assert kinds(check_against_reference(proto, tmp_path, {"x": random(*SHAPE)})) == ["conv2d"]


def test_parameters_fit_the_network_for_any_batch(tmp_path: Path) -> None:
    path = saved(model(NODES, {"x": ("N", 3, 8, 8)}, WEIGHTS), tmp_path)
    module = parse_onnx(path, 4)
    x = random(4, 3, 8, 8)
    whole = execute(module, {"x": x}, load_parameters(path, 4)).returned[0]
    one = execute(parse_onnx(path, 1), {"x": x[2:3]}, load_parameters(path)).returned[0]
    np.testing.assert_allclose(whole[2:3], one, rtol=1e-9)


@pytest.mark.parametrize(("where", "parameters"), [("weights", 6), ("nodes", 0), ("inputs", 6)])
def test_factors_that_the_graph_states_itself_are_not_trained(where: str, parameters: int, tmp_path: Path) -> None:
    """Group normalization is exported as instance normalization with ones and zeros."""
    body = [node("InstanceNormalization", ["x", "one", "zero"], ["y"])]
    factors = {"one": np.ones(3, np.float32), "zero": np.zeros(3, np.float32)}
    if where == "nodes":
        body = [node("Constant", [], [name], value=numpy_helper.from_array(factors[name])) for name in factors] + body
    proto = model(body, {"x": SHAPE}, factors if where == "weights" else {})
    if where == "inputs":
        proto.graph.input.extend(helper.make_tensor_value_info(name, 1, [3]) for name in factors)
    assert imported(proto, tmp_path).parameters.value.data == parameters


def test_what_pytorch_says_of_its_tensors_decides(tmp_path: Path) -> None:
    """A buffer is not trained, whatever its values; ones and zeros that the exporter made are no weights of a norm."""
    nodes = [
        node("InstanceNormalization", ["x", "ones", "zeros"], ["n"]),
        node("Mul", ["n", "scale"], ["m"]),
        node("Add", ["m", "shift"], ["y"]),
    ]
    weights = {
        "ones": np.ones(2, np.float32),
        "zeros": np.zeros(2, np.float32),
        "scale": random(4),
        "shift": random(4, seed=1),
    }
    image = {"x": (2, 2, 3, 4)}
    plain = model(nodes, image, weights)
    assert imported(plain, tmp_path).parameters.value.data == 2 + 2 + 4 + 4
    kind = "pkg.torch.export.graph_signature.InputSpec.kind"
    values = [helper.make_tensor_value_info(name, 1, (4,)) for name in ("scale", "shift")]
    for value, said in zip(values, ("PARAMETER", "BUFFER"), strict=True):
        value.metadata_props.add(key="unrelated", value="PARAMETER")
        value.metadata_props.add(key=kind, value=said)
    told = model(nodes, image, weights, values=values)
    network = check_against_reference(told, tmp_path, {"x": random(2, 2, 3, 4)}, oracle=plain)
    assert network.parameters.value.data == 4
