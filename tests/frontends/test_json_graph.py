"""Networks as JSON graphs, and every complaint about them."""

from __future__ import annotations

import json
from copy import deepcopy
from math import prod
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp

from simdc.errors import SimdcError
from simdc.frontends import load_network
from simdc.frontends.json_graph import parse_json_graph
from simdc.ir.base import shape_of
from simdc.ir.layer_table import layer_table
from simdc.ir.network import ReturnOp, network_of, place_of
from simdc.ir.ops.conv import Conv2DOp

LAYERS = layer_table()

NETWORKS = Path(__file__).resolve().parents[2] / "examples" / "networks"


def graph(*layers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    inputs = [{"name": "x", "shape": [8, 16, 16]}]
    return {"schema": "simdc-network/1", "name": "n", "inputs": inputs, "layers": list(layers), **fields}


def layer(name: str, op: str, *inputs: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "op": op, "inputs": list(inputs), **options}


def parse(data: dict[str, Any], batch: int = 1) -> ModuleOp:
    module = parse_json_graph(data, "n.json", batch)
    module.verify()
    return module


def message(data: dict[str, Any]) -> str:
    with pytest.raises(SimdcError) as caught:
        parse_json_graph(data, "n.json", 1)
    return str(caught.value)


def returned(module: ModuleOp) -> list[tuple[int, ...]]:
    (op,) = [op for op in module.walk() if isinstance(op, ReturnOp)]
    return [shape_of(value) for value in op.operands]


def test_lenet5() -> None:
    module = load_network(str(NETWORKS / "lenet5.json"), 3)
    module.verify()
    network = network_of(module)
    assert (network.sym_name.data, network.batch.value.data, network.phase.data) == ("lenet5", 3, "inference")
    assert network.parameters.value.data == 431_080
    kernels = [op.kernel() for op in network.layers() if op.ROLES]
    # 24*24*20*25 + 8*8*50*20*25 + 800*500 + 500*10, for each of three images
    assert sum(prod(loop.bound for loop in kernel.loops) for kernel in kernels) == 3 * 2_293_000  # type: ignore[union-attr]
    assert returned(module) == [(3, 10)]
    assert place_of(next(network.layers())) == (str(NETWORKS / "lenet5.json"), 0, 0)


def test_lenet5_is_the_dsl_example() -> None:
    def kernels(path: str) -> list[object]:
        return [op.kernel() for op in network_of(load_network(str(NETWORKS / path), 2)).layers()]

    assert kernels("lenet5.json") == kernels("lenet5.dsl")


def test_options_are_those_of_the_layer_table() -> None:
    options = {"channels": 4, "kernel": [3, 5], "stride": 2, "pad": [1, 2, 3, 4], "dilation": 2, "groups": 2}
    module = parse(graph(layer("c", "conv", "x", **options, bias=True)))
    (conv,) = network_of(module).layers()
    assert isinstance(conv, Conv2DOp)
    assert shape_of(conv.weight) == (4, 4, 3, 5)
    assert conv.padding.get_values() == (1, 2, 3, 4)
    # (16 + 1 + 3 - 5) // 2 + 1, (16 + 2 + 4 - 9) // 2 + 1
    assert shape_of(conv.result) == (1, 4, 8, 7)


def test_outputs() -> None:
    layers = (layer("a", "relu", "x"), layer("b", "maxpool", "a", kernel=2), layer("s", "add", "a", "x"))
    assert returned(parse(graph(*layers))) == [(1, 8, 16, 16)]
    assert returned(parse(graph(*layers, outputs=["b", "s"]))) == [(1, 8, 8, 8), (1, 8, 16, 16)]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (layer("r", "rely", "x"), "layers[1].op: layer 'r': unknown op 'rely'; did you mean 'relu'?"),
        (
            layer("r", "zzzz", "x"),
            f"layers[1].op: layer 'r': unknown op 'zzzz'; known ops: {', '.join([*LAYERS][:40])}",
        ),
        (layer("r", "relu", "y"), "layers[1].inputs[0]: layer 'r': nothing is called 'y'; known so far: x, first"),
        (layer("r", "relu", "fist"), "layers[1].inputs[0]: layer 'r': nothing is called 'fist'; did you mean 'first'?"),
        (layer("r", "relu", "r"), "layers[1].inputs[0]: layer 'r': 'r' is defined only later, at layers[1]"),
        (layer("r", "relu", "last"), "layers[1].inputs[0]: layer 'r': 'last' is defined only later, at layers[2]"),
        (layer("r", "add", "x"), "layers[1].inputs: layer 'r': add takes 2 inputs, got 1"),
        (layer("r", "relu"), "layers[1].inputs: layer 'r': relu takes 1 input, got 0"),
        (layer("x", "relu", "x"), "layers[1].name: 'x' is the name of inputs[0] already"),
        (layer("last", "relu", "x"), "layers[2].name: 'last' is the name of layers[1] already"),
        (layer("c", "conv", "x", channels=4), "layers[1]: layer 'c': conv needs 'kernel'; its options are channels,"),
        (
            layer("c", "conv", "x", channels=4, kernal=3),
            "layers[1].kernal: layer 'c': conv has no option 'kernal'; did you mean 'kernel'?",
        ),
        (
            layer("c", "conv", "x", channels=4, kernel=3, zzz=1),
            "layers[1].zzz: layer 'c': conv has no option 'zzz'; its options are channels, kernel, stride",
        ),
        (layer("r", "relu", "x", slope=1), "layers[1].slope: layer 'r': relu has no option 'slope'"),
        (
            layer("c", "conv", "x", channels=4, kernel=0),
            "layers[1].kernel: layer 'c': kernel must be a positive whole number or [height, width], got 0",
        ),
        (layer("p", "maxpool", "x", kernel=2, stride=None), "layers[1].stride: layer 'p': null is no value"),
        (layer("c", "conv", "x", channels=4, kernel=17), "layers[1]: layer 'c': the result would be empty"),
        (layer("f", "fc", "x", features=4), "layers[1]: layer 'f': "),
        ({"name": "r", "op": "relu", "inputs": "x"}, 'layers[1].inputs: must be a list, got "x"'),
        ({"name": "r", "op": "relu", "inputs": [3]}, "layers[1].inputs[0]: must be a printable text"),
        ({"name": "r", "op": "relu"}, "layers[1].inputs: missing"),
        ({"name": "r", "inputs": ["x"]}, "layers[1].op: missing"),
        ({"op": "relu", "inputs": ["x"]}, "layers[1].name: missing"),
        ({"name": "a\nb", "op": "relu", "inputs": ["x"]}, "layers[1].name: must be a printable text"),
        ({"name": "r", "op": ["relu"], "inputs": ["x"]}, "layers[1].op: must be a printable text"),
    ],
)
def test_layer_errors(wrong: dict[str, Any], says: str) -> None:
    found = message(graph(layer("first", "relu", "x"), wrong, layer("last", "relu", "x")))
    assert found.startswith(f"n.json: {says}")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": "simdc-network/2"}, 'schema: must be "simdc-network/1"'),
        ({"layer": []}, "layer: unknown key; did you mean 'layers'?"),
        ({"name": 3}, "name: must be a printable text of 1 to 200 characters, got 3"),
        ({"layers": []}, "layers: must hold 1 to 32000 layers, got 0"),
        ({"layers": {}}, "layers: must be a list, got an object"),
        ({"layers": [3]}, "layers[0]: must be an object, got 3"),
        ({"inputs": []}, "inputs: must hold at least one input"),
        ({"inputs": [{"name": "x", "shape": 3}]}, "inputs[0].shape: must be a list, got 3"),
        ({"inputs": [{"name": "x", "shape": []}]}, "inputs[0].shape: must have 1 to 4 sizes"),
        ({"inputs": [{"name": "x", "shape": [1, 2, 3, 4, 5]}]}, "inputs[0].shape: must have 1 to 4 sizes"),
        ({"inputs": [{"name": "x", "shape": [1, 0]}]}, "inputs[0].shape[1]: must be a positive whole number, got 0"),
        ({"inputs": [{"name": "x", "shape": [True]}]}, "inputs[0].shape[0]: must be a positive whole number, got true"),
        ({"inputs": [{"name": "x", "shape": [2**49]}]}, "inputs[0].shape[0]: must be at most"),
        ({"inputs": [{"name": "x", "shape": [2**40, 2**40]}]}, "inputs[0].shape: input 'x' must have"),
        ({"inputs": [{"name": "x", "size": [1]}]}, "inputs[0].size: unknown key; an input has name and shape"),
        ({"inputs": [{"name": "x"}]}, "inputs[0].shape: missing"),
        ({"outputs": []}, "outputs: must name at least one output"),
        ({"outputs": ["b"]}, "outputs[0]: nothing is called 'b'; known so far: x, a"),
        ({"outputs": "a"}, 'outputs: must be a list, got "a"'),
    ],
)
def test_network_errors(change: dict[str, Any], says: str) -> None:
    assert message({**graph(layer("a", "relu", "x")), **change}).startswith(f"n.json: {says}")


@pytest.mark.parametrize("key", ["schema", "name", "inputs", "layers"])
def test_missing_key(key: str) -> None:
    data = graph(layer("a", "relu", "x"))
    del data[key]
    assert message(data) == f"n.json: {key}: missing"


def test_name_of_a_layer_that_another_brings_along() -> None:
    pool = layer("p", "global_avgpool", "x")
    data = graph(pool, layer("f", "fc", "p", features=2), layer("f.flatten", "relu", "f"))
    assert message(data) == (
        "n.json: layers[2].name: layer 'f.flatten': there is a layer called 'f.flatten' already; "
        "give one of them another name"
    )


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
LEAVES = SCALARS | st.sampled_from(["x", "conv1", "", "relu"])
KEYS = st.sampled_from(["op", "shape", "kernel"])
NESTED = LEAVES | st.lists(LEAVES, max_size=3) | st.dictionaries(KEYS, LEAVES)
VALUES = NESTED | st.lists(NESTED, max_size=3) | st.dictionaries(KEYS, NESTED)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of everything inside a JSON value."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [path, *(place for key in keys for place in places(value[key], (*path, key)))]


LENET = json.loads((NETWORKS / "lenet5.json").read_text())


@given(st.sampled_from(places(LENET)[1:]), VALUES)
def test_any_change_compiles_or_is_an_error_at_a_place(path: tuple[Any, ...], value: object) -> None:
    data = deepcopy(LENET)
    here = data
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    error: SimdcError | None = None
    try:
        parse_json_graph(data, "n.json", 1).verify()
    except SimdcError as caught:
        error = caught
    assert error is None or error.path


def test_inputs_are_counted_not_only_layers() -> None:
    """Each input of a concatenation is work of its own: 25 of 4,000 are as many as all layers may read."""
    layers = [{"name": f"c{n}", "op": "concat", "inputs": ["x"] * 4000} for n in range(25)]
    data = {"schema": "simdc-network/1", "name": "n", "inputs": [{"name": "x", "shape": [1, 1, 1]}]}
    parse_json_graph({**data, "layers": layers}, "n.json", 1)
    more = [*layers, {"name": "r", "op": "relu", "inputs": ["x"]}]
    with pytest.raises(SimdcError, match=r"layers\[25\]: layer 'r': .* read more than 100000 inputs"):
        parse_json_graph({**data, "layers": more}, "n.json", 1)
