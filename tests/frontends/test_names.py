"""Names of networks, layers and machines, in every front end: no control characters, no line feeds, not endless."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from xdsl.dialects.builtin import StringAttr

from simdc.cost.structure import unstructure
from simdc.errors import SimdcError
from simdc.frontends import load_network
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.network import network_of
from simdc.visible import is_name, to_name
from tests.ir.networks import written

BAD = ["\x1b[2J", "a\nb", "\x00", "\x07", "\u202ename", "", "  ", "a" * 100_000]
STEERING = {"\x1b", "\x07", "\x00", "\u202e"}
IDS = ["escape", "line", "nul", "bell", "turned", "empty", "blank", "long"]


@pytest.mark.parametrize("name", BAD, ids=IDS)
def test_the_rule(name: str) -> None:
    assert not is_name(name)
    made = to_name(name)
    assert is_name(made)
    assert len(made) <= 200
    assert to_name(made) == made


@pytest.mark.parametrize("name", BAD, ids=IDS)
@pytest.mark.parametrize("field", ["name", "prices.source"])
def test_machines(field: str, name: str, tmp_path: Path) -> None:
    data: dict[str, Any] = unstructure(load_hardware("HI1"))
    (data if field == "name" else data["prices"])[field.rpartition(".")[2]] = name
    with pytest.raises(
        SimdcError, match=f"{field}: error: must be printable text of 1 to 200 characters, got"
    ) as caught:
        load_hardware(written(tmp_path, json.dumps(data), "hw.json"))
    assert len(str(caught.value)) < 400
    with pytest.raises(SimdcError):
        load_hardware("HI1", [f"{field}={name}"])


@pytest.mark.parametrize("name", BAD, ids=IDS)
def test_layers_of_json(name: str, tmp_path: Path) -> None:
    graph = {
        "schema": "simdc-network/1",
        "name": "n",
        "inputs": [{"name": "x", "shape": [3]}],
        "layers": [{"name": name, "op": "relu", "inputs": ["x"]}],
    }
    with pytest.raises(SimdcError, match="must be a printable text"):
        load_network(written(tmp_path, json.dumps(graph), "net.json"), None)
    with pytest.raises(SimdcError, match="must be a printable text"):
        load_network(written(tmp_path, json.dumps({**graph, "name": name}), "net.json"), None)


@pytest.mark.parametrize("name", ["\x1b[2J", "\x00", "\u202ename", "a" * 5000], ids=["escape", "nul", "turned", "long"])
def test_layers_of_a_topology(name: str, tmp_path: Path) -> None:
    head = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
    with pytest.raises(SimdcError, match="a name must have 1 to 1000 printable characters") as caught:
        load_network(written(tmp_path, f"{head}\n{name}, 8, 8, 3, 3, 4, 4, 1,\n", "net.csv"), None)
    assert not set(str(caught.value)) & STEERING
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("name", BAD, ids=IDS)
def test_layers_of_ir(name: str, tmp_path: Path) -> None:
    module = load_network(written(tmp_path, "network n(x: 3) { return relu(x) }"), None)
    network = network_of(module)
    next(iter(network.layers())).properties["layer"] = StringAttr(name)
    with pytest.raises(SimdcError, match=r"net\.mlir|net\.dsl") as caught:
        load_network(written(tmp_path, str(module), "net.mlir"), None)
    assert not set(str(caught.value)) & STEERING


def test_a_file_name_becomes_a_name(tmp_path: Path) -> None:
    head = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
    path = written(tmp_path, f"{head}\nconv, 8, 8, 3, 3, 4, 4, 1,\n", "a\x1b[2J\nb.csv")
    assert network_of(load_network(path, None)).sym_name.data == "a_[2J_b"
