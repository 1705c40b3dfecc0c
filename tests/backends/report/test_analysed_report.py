"""Reports of models that know more of a layer than its cost, on machines of units without energy prices."""

from __future__ import annotations

import csv
import json
from functools import cache
from importlib.resources import files
from io import StringIO
from typing import Any

import jsonschema
import pytest

import simdc
from simdc.api import Network, load
from simdc.backends.report import Report, make_report
from simdc.backends.report.machine_text import render_csv, render_json
from simdc.backends.report.table import render_table
from simdc.cost.machines import AnyMachine
from simdc.cost.structure import with_field
from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_machine
from simdc.frozen import evolve
from tests.backends.report.test_report import lines
from tests.ir.networks import short_example, short_examples

TEXT = """network n(x: 16x8x8, y: 16x8x8) {
  first = conv(x, channels=12, kernel=3, pad=1)
  second = relu(first)
  sum = add(x, y)
  last = fc(flatten(second), features=10)
  alone = relu(sum)
  return last, alone
}
"""


@cache
def machine(name: str = "nv_small") -> AnyMachine:
    return load_machine(name, [])


@cache
def lenet(model: str = "nvdla", name: str = "nv_small") -> Report:
    return make_report(simdc.compile(load("lenet5", 1), machine(name), model))


def schema_of(report: Report) -> dict[str, Any]:
    whole = json.loads(render_json(report))
    schema = json.loads((files("simdc.backends.report") / "cost.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(whole)
    return whole


@pytest.mark.parametrize(
    ("model", "name"), [("nvdla", "nv_small"), ("nvdla{level=0}", "nv_small"), ("nvdla-sheet", "primer_2048")]
)
def test_json_follows_the_schema(model: str, name: str) -> None:
    whole = schema_of(lenet(model, name))
    assert list(whole["totals"]["units"]) == ["conv", "sdp", "pdp", "cdp"]
    assert whole["totals"]["energy_pj"] is None
    assert whole["totals"]["average_power_w"] is None


def test_one_layer_by_hand() -> None:
    """LeNet's ip1 with its ReLU: 800 inputs as 50 channels of 4 x 4, 500 results. 500 * 50 * 16 MACs are 800,000
    operations. 50 granules of 16 pixels in 7 and 63 atoms of 8, weights in blocks of 16 bytes, 2 bytes of bias each."""
    (layer,) = (each for each in schema_of(lenet())["layers"] if each["name"] == "fc1+relu1")
    assert (layer["op"], layer["unit"]) == ("fused", "conv")
    assert [each["op"] for each in layer["members"]] == ["flatten", "linear", "relu"]
    found = layer["roofline"]
    moved = 7 * 16 * 8 + 400_000 + 126 * 8 + 63 * 8
    assert found["memory_bytes"] == {"dram": moved}
    assert found["operations"] == 800_000
    assert found["intensity_ops_per_byte"] == pytest.approx(800_000 / moved)
    # 64 MACs are 128 operations a cycle, over 8 bytes a cycle.
    assert (found["peak_ops_per_cycle"], found["ridge_ops_per_byte"]) == (128, 16)
    assert found["attainable_ops_per_cycle"] == pytest.approx(8 * 800_000 / moved)
    assert found["achieved_ops_per_cycle"] == pytest.approx(800_000 / layer["cycles"]["total"])
    # Level 0: 800 + 400,000 + 1,000 + 500 bytes at 8 a cycle; level 3: 63 * 7 * 16 runs of 8 cycles.
    assert found["level_cycles"][0] == 50_288
    assert found["level_cycles"][3] == 63 * 7 * 16 * 8
    assert found["level_cycles"][5] == layer["cycles"]["total"]
    assert (found["binding"], found["runner_up"]) == ("mac", "weights")
    assert set(found["term_cycles"]) == {"mac", "port", "load", "weights", "write", "latency"}
    assert set(found["relieved_cycles"]) == {"mac", "port", "dram"}


def test_layers_by_themselves_and_in_chains() -> None:
    network = Network(parse_dsl(TEXT, "n.dsl", 1))
    report = make_report(simdc.compile(network, machine(), "nvdla"))
    layers = {each["name"]: each for each in schema_of(report)["layers"]}
    assert {name: each["unit"] for name, each in layers.items()} == {
        "conv1+relu1": "conv", "fc1": "conv", "add1+relu2": "sdp",
    }  # fmt: skip
    assert [layer.operator for layer in report.layers] == ["conv2d+relu", "linear", "add+relu"]
    text = render_table(report)
    assert "6 nodes: 6 costed in 3 hardware layers" in text


def test_csv_has_the_roofline_and_no_energies() -> None:
    rows = list(csv.DictReader(StringIO(render_csv(lenet()))))
    assert not [head for head in rows[0] if "[pJ]" in head]
    for row, layer in zip(rows, lenet().layers, strict=True):
        found = layer.analysis
        assert found is not None
        assert float(row["intensity [operation/B]"]) == found.intensity
        assert float(row["ridge [operation/B]"]) == found.ridge
        assert float(row["peak [operation/cycle]"]) == found.peak
        assert float(row["attainable [operation/cycle]"]) == found.attainable
        assert float(row["achieved [operation/cycle]"]) == found.achieved
        assert (row["binding"], row["runner-up"]) == (found.binding, found.runner_up)
    assert rows[0]["op"] == "conv2d+max_pool"


def test_the_sheet_has_rows_that_it_knows_no_roofline_of() -> None:
    """It counts pools with the row before. They are rows all the same, without numbers."""
    network = Network(
        parse_dsl(
            "network n(x: 16x9x9) { return maxpool(conv(relu(x), channels=8, kernel=1), kernel=9, stride=1) }", "n", 1
        )
    )
    report = make_report(simdc.compile(network, machine("primer_64"), "nvdla-sheet"))
    assert [layer.analysis is None for layer in report.layers] == [True, False, True]
    first, second, _ = csv.DictReader(StringIO(render_csv(report)))
    assert (first["binding"], first["intensity [operation/B]"]) == ("", "")
    assert second["binding"] in ("mac", "dram")
    schema_of(report)
    rows = {row.split()[0]: row.split() for row in lines(render_table(report, every_layer=True), "layer ")}
    assert rows["relu1"][-1] == rows["relu1"][3] == "-"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("nvdla", "nv_full"),
        ("nvdla{level=0}", "nv_small"),
        ("nvdla-sheet{sheet=resnet50}", "primer_2048"),
        ("nvdla-sheet{sheet=googlenet}", "primer_256"),
        ("nvdla-sheet{sheet=alexnet}", "primer_32"),
        ("roofline", "nv_small"),
        ("roofline{bytes=schedule}", "HI2"),
    ],
)
@pytest.mark.parametrize("network", short_examples())
def test_layers_that_take_time_have_a_roofline_and_no_others(network: str, model: str, name: str) -> None:
    """GoogLeNet's sheet counts some convolutions in the rows of others: they take no time."""
    if (network, name) == ("unet", "nv_small") and model != "roofline":
        # 3 rows of 56 positions of 1,024 channels of 8 bits are 1,376,256; the buffer has 1,048,576.
        with pytest.raises(SimdcError, match=r"enlarge memories\.cbuf\.capacity_bits"):
            simdc.compile(Network(short_example(network)), machine(name), model)
        return
    report = make_report(simdc.compile(Network(short_example(network)), machine(name), model))
    for layer in report.layers:
        assert (layer.analysis is not None) == (layer.cost.cycles.total > 0), layer.name
    for render in (render_json, render_csv, render_table):
        assert render(report)


def test_the_table_shows_the_roofline_and_leaves_energies_out() -> None:
    text = render_table(lenet())
    assert "uJ" not in text
    assert " W, " not in text
    assert "SRAM" not in text
    assert "energy prices: none known, so no energies" in text
    assert "numbers of nv_small rest on assumptions: clock_ns, units.cdp.latency_cycles (2 of 36 numbers)" in " ".join(
        text.split()
    )
    (row,) = (line.split() for line in lines(text, "costliest layers ") if line.startswith("fc1+relu1"))
    # 800,000 operations in 57,596 cycles are 13.9 a cycle, 10.9 % of 128.
    assert row == ["fc1+relu1", "linear+relu", "400,000", "2.0", "15.9", "13.9", "57,596", "41.5", "10.9", "mac"]


def test_a_machine_with_prices_has_energies() -> None:
    priced = evolve(machine(), pj_per_operation=(("mac", 0.5),))
    report = make_report(simdc.compile(load("lenet5", 1), priced, "nvdla"))
    assert schema_of(report)["totals"]["energy_pj"]["total"] == 2_293_000 * 0.5
    assert "energy [uJ]" in render_table(report)
    assert "energy total [pJ]" in render_csv(report)


def test_a_machine_that_multiplies_nothing_has_no_use_of_its_array() -> None:
    compares = with_field(machine(), "units.conv.operation", "compare")
    report = make_report(simdc.compile(load("lenet5", 1), compares, "nvdla"))
    assert schema_of(report)["totals"]["utilization"] == 0.0


def test_a_changed_number_is_assumed() -> None:
    changed = evolve(
        with_field(machine(), "memories.dram.latency_cycles", 80), changed="memories.dram.latency_cycles=80"
    )
    (note,) = make_report(simdc.compile(load("lenet5", 1), changed, "nvdla")).notes
    paths = "clock_ns, units.cdp.latency_cycles, memories.dram.latency_cycles"
    assert note.endswith(f"rest on assumptions: {paths} (3 of 36 numbers)")


def test_a_model_that_knows_costs_only_has_no_roofline() -> None:
    report = make_report(simdc.compile(load("lenet5", 1), machine("HI3"), "exact"))
    assert not [each for each in schema_of(report)["layers"] if "roofline" in each]
    assert report.notes == ()


def test_levels_side_by_side() -> None:
    """LeNet: level 0 is 58.0 % right against 138,870 measured cycles, and level 5 is 138,931."""
    text = render_table(lenet(), levels=True)
    rows = {line[:28].strip(): line[28:].split() for line in lines(text, "level by level ")}
    numbers = {name: [int(cell.replace(",", "")) for cell in row] for name, row in rows.items() if "%" not in name}
    assert numbers["fc1+relu1"][0] == 50_288
    assert numbers["conv2+maxpool2"] == [25_000, 33_600, 33_600, 33_600, 34_532, 34_903]
    layers = [numbers[layer.name] for layer in lenet().layers]
    assert numbers["all layers"] == [sum(column) for column in zip(*layers, strict=True)]
    assert numbers["all layers"][5] == 138_931
    assert round(100 * numbers["all layers"][0] / 138_870, 1) == 58.0
    added = numbers["added to the level before"]
    assert added == [80_480, 127_808 - 80_480, 0, 134_256 - 127_808, 137_717 - 134_256, 138_931 - 137_717]
    assert rows["added, of the last level [%]"] == [f"{100 * each / 138_931:.1f}" for each in added]
    assert "level by level" not in render_table(lenet())


def test_all_levels_are_shown_whichever_is_chosen() -> None:
    chosen = lines(render_table(lenet("nvdla{level=2}"), levels=True), "level by level ")
    assert chosen == lines(render_table(lenet(), levels=True), "level by level ")
