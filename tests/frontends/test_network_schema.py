"""The published JSON Schema says what the front end does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from simdc.errors import SimdcError
from simdc.frontends import json_graph
from simdc.frontends.graph_schema import graph_schema
from simdc.frontends.json_graph import LAYER_KEYS, NETWORK_KEYS, parse_json_graph
from simdc.ir.layer_table import layer_table

LAYERS = layer_table()

SCHEMA = json.loads(Path(json_graph.__file__).with_name("network-graph.schema.json").read_text())
EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples" / "networks").glob("*.json"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

VALID_OPTIONS: dict[str, Any] = {
    "scale": 0.5,
    "causal": False,
    "channels": 4,
    "kernel": [2, 1],
    "stride": 1,
    "pad": [1, 0, 0, 1],
    "dilation": 1,
    "groups": 1,
    "bias": True,
    "features": 3,
    "size": 5,
    "alpha": 1e-4,
    "beta": 0.75,
    "rate": 0.1,
    "freeze": True,
    "minimum": -1.0,
    "maximum": 2.0,
    "approximate": "tanh",
    "function": "mul",
    "value": 0.5,
    "axis": 1,
    "axes": [1, 2],
    "experts": 4,
    "active": 2,
    "hidden": 3,
    "routing": "worst",
    "tokens_per_expert": [4, 0, 4],
    "rows": 9,
    "first": 1,
    "count": 2,
    "step": 2,
    "permutation": [0, 3, 1, 2],
    "shape": [16, 8],
    "factor": [2, 1],
    "mode": "linear",
    "coordinates": "align_corners",
    "keepdims": True,
    "epsilon": 1e-3,
    "vocabulary": 7,
    "smallest": True,
    "exclusive": True,
    "result": "indices",
    "rotary": 2,
    "interleaved": True,
    "base": 100.0,
    "output_pad": [0, 0],
    "ceil_mode": True,
    "count_include_pad": True,
    "bidirectional": True,
    "last": True,
}


VALID_3D: dict[str, Any] = {"kernel": [2, 1, 3], "pad": [1, 0, 0, 1, 1, 1], "output_pad": [0, 0, 0]}


def network(op: str, **options: object) -> dict[str, Any]:
    layers = [{"name": "y", "op": op, "inputs": ["x"] * (LAYERS[op].inputs or 2), **options}]
    usual = [8, 4, 4, 4] if op.endswith("3d") else [8, 4, 4]
    sequences = ("conv1d", "lstm", "gru", "rnn", "cls_token", "heads", "moe")
    shape = {"fc": [8], "matmul": [1], **{one: [4, 8] for one in sequences}}.get(op, usual)
    return {"schema": "simdc-network/1", "name": "n", "inputs": [{"name": "x", "shape": shape}], "layers": layers}


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_published_schema_is_that_of_the_layers() -> None:
    assert graph_schema(LAYERS.values()) == SCHEMA, "run: make docs"
    assert set(SCHEMA["properties"]) == {*NETWORK_KEYS, "$schema"}


def entry(op: str) -> dict[str, Any]:
    entries = SCHEMA["properties"]["layers"]["items"]["oneOf"]
    (found,) = [each for each in entries if each["properties"]["op"] == {"const": op}]
    return found


def test_entries_say_what_signatures_say() -> None:
    conv, pool, clip, concat = (entry(op) for op in ("conv", "maxpool", "clip", "concat"))
    assert conv["required"] == ["channels", "kernel"]
    assert conv["properties"]["stride"] == {"$ref": "#/$defs/pair", "default": 1}
    assert conv["properties"]["inputs"] == {
        "type": "array",
        "minItems": 1,
        "maxItems": 1,
        "items": {"$ref": "#/$defs/name"},
    }
    assert pool["properties"]["stride"] == {
        "description": "the kernel's sizes if left out",
        "$ref": "#/$defs/pair",
    }
    assert "required" not in clip
    assert "maxItems" not in concat["properties"]["inputs"]
    assert concat["properties"]["inputs"]["minItems"] == 2
    assert tuple(conv["properties"]) == (*LAYER_KEYS, *LAYERS["conv"].parameters)


def test_options_are_as_the_front_end_takes_them() -> None:
    good = {"kernel": [3, 3], "stride": [2], "pad": [1, 0, 0, 1]}
    for option, wrong in {
        "kernel": [0, "3", [1, 2, 3], [], 1.5, True],
        "pad": [-1, [1, 2, 3], "1"],
        "bias": [1, "true"],
        "groups": [[1], 0],
    }.items():
        for value in wrong:
            data = network("conv", **{"channels": 4, **good, option: value})
            assert not VALIDATOR.is_valid(data), data
            with pytest.raises(SimdcError, match=option):
                parse_json_graph(data, "n.json", 1)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_valid(path: Path) -> None:
    VALIDATOR.validate(json.loads(path.read_text()))


@pytest.mark.parametrize("op", LAYERS)
def test_options_of_each_op(op: str) -> None:
    valid = VALID_OPTIONS | (VALID_3D if op.endswith("3d") else {})
    valid |= {"conv1d": {"kernel": 3, "pad": 1}, "rnn": {"function": "relu"}, "rms_norm": {"scale": True}}.get(op, {})
    # The weight of fc is that of a layer before it; there is none here.
    options = {name: valid[name] for name in LAYERS[op].parameters if name != "weight"}
    if op == "moe":
        # It says how tokens are routed instead of `routing`.
        del options["tokens_per_expert"]
    if op == "lrn":
        options["bias"] = 2.0
    if op == "expand":
        options["shape"] = [8, 4, 4]
    data = network(op, **options)
    VALIDATOR.validate(data)
    parse_json_graph(data, "n.json", 1)
    for name in options:
        misspelt = network(op, **{(key + "x" if key == name else key): value for key, value in options.items()})
        assert not VALIDATOR.is_valid(misspelt)
        assert not VALIDATOR.is_valid(network(op, **{**options, name: None}))
    assert not VALIDATOR.is_valid(network(op, **options, zzz=1))


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "simdc-network/2"},
        {"inputs": []},
        {"layers": []},
        {"layers": [{"name": "y", "op": "nothing", "inputs": ["x"]}]},
        {"layers": [{"name": "y", "op": "add", "inputs": ["x"]}]},
        {"outputs": []},
        {"extra": 1},
    ],
)
def test_what_the_schema_refuses(change: dict[str, Any]) -> None:
    assert VALIDATOR.is_valid(network("relu"))
    assert not VALIDATOR.is_valid({**network("relu"), **change})
