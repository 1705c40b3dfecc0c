"""What JSON says of a layer beside its cost: blocks, place, neighbours, memory, buffers."""

from __future__ import annotations

from typing import Any

import pytest

import simdc
from simdc.api import Network
from simdc.backends.report import Report, make_report
from simdc.backends.report.blocks import blocks_of
from simdc.backends.report.machine_text import as_data
from simdc.cost.structure import with_field
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware

TEXT = """
block twice(x) {
  y = fc(x, 8, bias=false, name="up") -> relu(name="act")
  return add(y, y, name="both")
}
network n(x: 4) {
  a = twice(x, name="stage.0")
  return fc(a, 2, bias=false, name="head")
}
"""


def report(model: str = "exact", *, train: bool = False) -> Report:
    network = Network(parse_dsl(TEXT, "/home/somebody/n.dsl", 3))
    return make_report(simdc.compile(network.training_step() if train else network, load_hardware("HI1"), model))


def layers_of(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {layer["name"]: layer for layer in data["layers"]}


def test_edges_lead_from_the_inputs_to_the_results() -> None:
    # Three images: x has 3 * 4 bytes, sums of the array and what lanes work on are 4 bytes wide, what the array reads
    # is 1 byte wide. `both` reads the same tensor twice: one edge.
    edges = [(each.get("from"), each.get("to"), each["bytes"]) for each in as_data(report())["graph"]["edges"]]
    assert edges == [
        (None, "stage.0.up", 12),
        ("stage.0.up", "stage.0.act", 3 * 8 * 4),
        ("stage.0.act", "stage.0.both", 3 * 8 * 4),
        ("stage.0.both", "head", 3 * 8),
        ("head", None, 3 * 2 * 4),
    ]


def test_blocks_are_what_stands_before_the_last_dot() -> None:
    found = {name: layer["blocks"] for name, layer in layers_of(as_data(report())).items()}
    inside = ["stage", "stage.0"]
    assert found == {"stage.0.up": inside, "stage.0.act": inside, "stage.0.both": inside, "head": []}


def test_what_is_made_of_a_layer_lies_where_it_does() -> None:
    found = {name: layer["blocks"] for name, layer in layers_of(as_data(report(train=True))).items()}
    assert found["stage.0.up.grad_weight"] == ["stage", "stage.0"]
    assert found["head.grad_input"] == []
    assert found["stage.0.up.weight.update"] == ["stage", "stage.0"]
    assert blocks_of("a.b.c", {"x"}) == ("a", "a.b")


def test_the_place_is_that_in_the_file_whose_folder_is_nobodys_business() -> None:
    layers = layers_of(as_data(report()))
    assert layers["stage.0.act"]["source"] == {"file": "n.dsl", "line": 3, "column": 42}
    assert layers["head"]["source"]["line"] == 8


def test_bytes_alive_by_hand() -> None:
    data = as_data(report())
    weights = 4 * 8 + 8 * 2
    assert data["totals"]["resident_bytes"] == weights
    # x and up, up and act, act and both, both and the head.
    assert [layer["alive_bytes"] - weights for layer in data["layers"]] == [
        12 + 96,
        96 + 96,
        96 + 24,
        24 + 24,
    ]


def test_the_most_that_is_alive_is_the_peak_of_a_training_step() -> None:
    made = report(train=True)
    memory, alive = made.memory, made.around.alive_bytes()
    assert memory is not None
    assert (memory.peak_layer, memory.peak) == max(alive.items(), key=lambda entry: entry[1])
    assert made.around.resident_bytes() == memory.weights + memory.statistics + memory.state


def test_shares_of_buffers_by_hand() -> None:
    # Halves of the buffers hold the tile: weights 4 x 8 of 8 bits, inputs 3 x 4 of 8, sums 3 x 8 of 32 bits. Where
    # padding is not stored the tile is no more than that.
    hardware = with_field(load_hardware("HI1"), "stores_padding", False)
    network = Network(parse_dsl(TEXT, "n.dsl", 3))
    buffers = hardware.systolic.buffers
    layers = layers_of(as_data(make_report(simdc.compile(network, hardware))))
    assert layers["stage.0.up"]["buffers"] == {
        "weight buffer": 4 * 8 * 8 / (buffers.weight_bits / 2),
        "ifmap buffer": 3 * 4 * 8 / (buffers.ifmap_bits / 2),
        "psum buffer": 3 * 8 * 32 / (buffers.psum_bits / 2),
    }


def test_shares_are_of_one_buffer_or_of_vector_memory() -> None:
    layers = layers_of(as_data(report()))
    assert list(layers["stage.0.act"]["buffers"]) == ["vector memory"]
    assert "weight buffer" in layers["head"]["buffers"]


@pytest.mark.parametrize("model", ["simdit", "roofline"])
def test_of_tiles_that_nobody_plays_no_shares_are_said(model: str) -> None:
    assert not any("buffers" in layer for layer in as_data(report(model))["layers"])
