"""The cost report: JSON by its schema, sums that add up, layers that can be replayed, heads with units."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from io import StringIO
from math import isclose
from typing import Any

import jsonschema
import pytest
from xdsl.dialects.builtin import DictionaryAttr, IntAttr, StringAttr
from xdsl.parser import Parser

import simdc
from simdc.api import Network, load
from simdc.backends.report import Report, make_report
from simdc.backends.report.machine_text import SCHEMA, render_csv, render_json
from simdc.backends.report.proofs import searched_of
from simdc.backends.report.searched import Searched
from simdc.backends.report.table import COSTLIEST, render_table
from simdc.backends.simulate import simulate
from simdc.cost.structure import with_field
from simdc.errors import SimdcError
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.attributes import Unit
from simdc.ir.context import make_context
from simdc.ir.network import network_of
from simdc.ir.notes import add_note
from tests.backends.report.replay import index_of, kernel_of, tiling_of
from tests.ir.networks import every_op

CASES = [
    (name, machine, model)
    for name in ("alexnet", "resnet18", "everything")
    for machine in ("HI1", "HI3")
    for model in ("exact", "simdit")
]
each_report = pytest.mark.parametrize(("name", "machine", "model"), CASES)


@cache
def report(name: str, machine: str, model: str) -> Report:
    hardware = load_hardware(machine)
    if machine == "HI1":
        # A machine of each kind under `exact`; the release only knows those that store padding.
        hardware = with_field(hardware, "stores_padding", model == "simdit")
    network = Network(every_op()) if name == "everything" else load(name, 2)
    return make_report(simdc.compile(network, hardware, model))


@cache
def schema() -> dict[str, Any]:
    return json.loads((files("simdc.backends.report") / "cost.schema.json").read_text(encoding="utf-8"))


def data(name: str, machine: str, model: str) -> dict[str, Any]:
    return json.loads(render_json(report(name, machine, model)))


def leaves(record: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(record, dict):
        for key, value in record.items():
            yield from leaves(value, (*path, key))
    else:
        yield path, record


def at(record: dict[str, Any], path: tuple[str, ...]) -> float:
    for step in path:
        record = record.get(step, {})
    return record or 0  # type: ignore[return-value]


SUMS = ("cycles", "dram_bits", "sram_bits", "energy_pj")


def sums_of(record: dict[str, Any]) -> list[tuple[tuple[str, ...], float]]:
    return [leaf for name in SUMS for leaf in leaves(record[name], (name,))]


# JSON


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema()["properties"]["schema"]["const"] == SCHEMA


@each_report
def test_json_follows_the_schema(name: str, machine: str, model: str) -> None:
    jsonschema.Draft202012Validator(schema()).validate(data(name, machine, model))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "simdc-cost/3"),
        (("layers", 0, "buffers", "weight buffer"), 1.5),
        (("layers", 0, "source", "line"), 0),
        (("graph", "edges", 0, "by"), "conv1"),
        (("totals", "cycles", "idle"), 3),
        (("totals", "runtime_s"), None),
        (("layers", 0, "unit"), "gpu"),
        (("layers", 0, "operands", 0, "index", 0), "2 * oh"),
        (("layers", 0, "operands", 0, "bits"), 0),
        (("layers", 0, "lanes"), "c"),
        (("layers", 0, "dims", "oc"), 1.5),
        (("coverage", "free", 0, "reason"), "none"),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_the_schema_is_strict(path: tuple[str | int, ...], value: object) -> None:
    report_data = data("alexnet", "HI3", "exact")
    here: Any = report_data
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError) as caught:
        jsonschema.Draft202012Validator(schema()).validate(report_data)
    assert caught.value.message


def test_every_key_of_every_record_is_required() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    complete = data("alexnet", "HI3", "exact")
    for record in (complete, complete["totals"], complete["coverage"], complete["layers"][0], complete["network"]):
        for key in list(record):
            if key in ("folded", "source", "buffers"):
                continue
            value = record.pop(key)
            assert not validator.is_valid(complete), key
            record[key] = value
    assert validator.is_valid(complete)


@each_report
def test_layers_and_units_add_up(name: str, machine: str, model: str) -> None:
    whole = data(name, machine, model)
    totals, layers = whole["totals"], whole["layers"]
    for path, value in sums_of(totals):
        assert isclose(sum(at(layer, path) for layer in layers), value, rel_tol=1e-12), path
        assert isclose(sum(at(unit, path) for unit in totals["units"].values()), value, rel_tol=1e-12), path
    for unit, sums in totals["units"].items():
        for path, value in sums_of(sums):
            own = sum(at(layer, path) for layer in layers if layer["unit"] == unit)
            assert isclose(own, value, rel_tol=1e-12), (unit, path)
    operations = {name for layer in layers for name in layer["ops"]}
    assert totals["ops"] == {name: sum(layer["ops"].get(name, 0) for layer in layers) for name in sorted(operations)}
    seconds = totals["cycles"]["total"] * whole["hardware"]["clock_ns"] * 1e-9
    assert isclose(totals["runtime_s"], seconds)
    assert isclose(totals["average_power_w"], totals["energy_pj"]["total"] * 1e-12 / seconds)


@each_report
def test_totals_of_a_record_are_its_sum(name: str, machine: str, model: str) -> None:
    whole = data(name, machine, model)
    for record in (whole["totals"], *whole["totals"]["units"].values(), *whole["layers"]):
        for key in SUMS:
            parts = [value for part, value in record[key].items() if part != "total"]
            assert isclose(sum(parts), record[key]["total"], rel_tol=1e-12)
    if model == "exact":
        for layer in whole["layers"]:
            assert layer["cycles"]["stall"] >= 0
            assert max(layer["busy_cycles"].values()) <= layer["cycles"]["total"]
            for key in ("cycles", "dram_bits", "sram_bits", "ops", "busy_cycles"):
                assert all(type(value) is int for value in layer[key].values()), key


@each_report
def test_coverage_names_every_layer_once(name: str, machine: str, model: str) -> None:
    whole, coverage = data(name, machine, model), data(name, machine, model)["coverage"]
    assert coverage["costed"] == len(whole["layers"])
    names = [layer["name"] for layer in (*whole["layers"], *coverage["free"], *coverage["uncosted"])]
    names += coverage["folded"]
    assert len(set(names)) == len(names)
    assert coverage["folded"] == [folded for layer in whole["layers"] for folded in layer.get("folded", [])]


def test_contract_of_a_convolution() -> None:
    """The example of the design: the first layer of a ResNet, here of ResNet-18 with two images."""
    whole = data("resnet18", "HI3", "exact")
    layer = whole["layers"][0]
    assert {key: layer[key] for key in ("name", "op", "unit", "phase")} == {
        "name": "conv1", "op": "conv2d", "unit": "conv", "phase": "forward",
    }  # fmt: skip
    assert layer["dims"] == {"n": 2, "oc": 64, "oh": 112, "ow": 112, "ic": 3, "kh": 7, "kw": 7}
    assert list(layer["dims"]) == ["n", "oc", "oh", "ow", "ic", "kh", "kw"]
    # The relu after it reads 32 bits, as wide as a partial sum, so no ofmap stands beside the psum.
    assert layer["operands"] == [
        {"name": "ifmap", "bits": 8, "shape": [2, 3, 224, 224], "index": ["n", "ic", "2*oh + kh - 3", "2*ow + kw - 3"]},
        {"name": "weight", "bits": 8, "shape": [64, 3, 7, 7], "index": ["oc", "ic", "kh", "kw"]},
        {"name": "bias", "bits": 32, "shape": [64], "index": ["oc"]},
        {"name": "psum", "bits": 32, "shape": [2, 64, 112, 112], "index": ["n", "oc", "oh", "ow"]},
    ]  # fmt: skip
    assert layer["tiling"]["order"] == ["oc", "ic", "kh", "kw", "n", "oh", "ow"]
    assert layer["folded"] == ["bn1"]
    assert layer["ops"]["mac"] == 2 * 112 * 112 * 64 * 3 * 7 * 7
    assert whole["network"] == {"name": "resnet18", "phase": "inference", "batch": 2, "parameters": 11_689_512}


@pytest.mark.parametrize(
    ("text", "position"),
    [("2*oh + kh - 3", 2 * 5 + 2 - 3), ("kh", 2), ("0", 0), ("0 + 4", 4), ("oh + 3*kh + 1", 5 + 6 + 1)],
)
def test_index_strings_can_be_read(text: str, position: int) -> None:
    expression = index_of(text)
    assert str(expression) == text
    assert expression.constant + sum(step * {"oh": 5, "kh": 2}[loop] for loop, step in expression.terms) == position


@pytest.mark.parametrize("machine", ["HI1", "HI3"])
@pytest.mark.parametrize("name", ["alexnet", "resnet18", "everything"])
def test_every_layer_can_be_replayed_from_the_json(name: str, machine: str) -> None:
    result = report(name, machine, "exact")
    layers = data(name, machine, "exact")["layers"]
    assert len(layers) == len(result.layers) > 0
    played: dict[str, Any] = {}
    for layer, original in zip(layers, result.layers, strict=True):
        key = json.dumps([layer["operands"], layer["tiling"], layer["op"], layer.get("program")])
        if key not in played:
            cost = simulate(kernel_of(layer), tiling_of(layer), result.hardware)
            played[key] = cost
        cost = played[key]
        assert cost == original.cost, layer["name"]
        assert layer["cycles"] == {**cost.cycles._asdict(), "total": cost.cycles.total}
        assert layer["dram_bits"] == {**cost.dram_bits._asdict(), "total": cost.dram_bits.total}
        assert layer["sram_bits"] == {**cost.sram_bits._asdict(), "total": cost.sram_bits.total}
        assert layer["ops"] == dict(cost.ops)
        assert layer["busy_cycles"] == cost.busy._asdict()


# CSV


@each_report
def test_csv_has_a_row_per_layer_and_units_in_its_heads(name: str, machine: str, model: str) -> None:
    result = report(name, machine, model)
    rows = list(csv.DictReader(StringIO(render_csv(result))))
    assert [row["name"] for row in rows] == [layer.name for layer in result.layers]
    texts = {"name", "op", "form", "unit", "phase", "step", "dims", "tile", "bound by"}
    texts |= {"network", "batch", "hardware", "model", "simdc", "command", "inputs [sha256]"}
    for head in set(rows[0]) - texts:
        assert head.rpartition(" ")[2] in {"[cycle]", "[bit]", "[pJ]", "[operation]"}, head
    for row, layer in zip(rows, result.layers, strict=True):
        assert float(row["total [cycle]"]) == layer.cost.cycles.total
        assert float(row["dram total [bit]"]) == layer.cost.dram_bits.total
        assert float(row["sram wbuf [bit]"]) == layer.cost.sram_bits.wbuf
        assert float(row["energy total [pJ]"]) == layer.energy.total
        assert float(row["mac [operation]"]) == dict(layer.cost.ops).get("mac", 0)


# Table


def lines(text: str, first: str) -> list[str]:
    """The rows of the table whose head begins with `first`."""
    body = text.splitlines()
    (start,) = (number for number, line in enumerate(body) if line.startswith(first))
    rows = body[start + 2 :]
    return rows[: rows.index("")] if "" in rows else rows


def test_table_says_what_was_costed() -> None:
    text = render_table(report("alexnet", "HI3", "exact"))
    assert text.startswith(
        "alexnet: inference, batch 2, on HI3, model exact\n60,965,224 parameters, 1,448,813,632 MACs\n"
    )
    assert "24 nodes: 21 costed, 3 cost nothing: flatten1 (flatten), drop6 (dropout), drop7 (dropout)\n" in text
    assert "NOT COSTED" not in text
    assert "batch norms" not in text
    text = render_table(report("resnet18", "HI3", "exact"))
    # 20 convolutions, each with a batch norm, 17 relus, 8 adds, 2 pools, flatten and fc
    assert "69 nodes: 48 costed, 20 folded into the layers before them, 1 costs nothing: flatten " in text


def test_table_says_what_was_not_costed() -> None:
    text = render_table(report("alexnet", "HI3", "simdit"))
    assert (
        "24 nodes: 18 costed, 3 cost nothing: flatten1 (flatten), drop6 (dropout), drop7 (dropout), 3 NOT COSTED\n"
        in text
    )
    assert (
        "NOT COSTED, missing from every sum: norm1, norm2 (local_response_norm): the released SimDIT has no layer "
        in " ".join(text.split())
    )


@each_report
def test_table_shows_every_layer_on_request(name: str, machine: str, model: str) -> None:
    result = report(name, machine, model)
    every = lines(render_table(result, every_layer=True), "layer ")
    assert [line.split()[0] for line in every] == [layer.name for layer in result.layers]
    few = lines(render_table(result), "costliest layers ")
    costliest = sorted(result.layers, key=lambda layer: -layer.cost.cycles.total)[:COSTLIEST]
    assert [line.split()[0] for line in few] == [layer.name for layer in costliest]
    for line, layer in zip(few, costliest, strict=True):
        assert line.endswith(f"  {layer.bound_by}")
        assert f"{layer.cost.cycles.total:,.0f}" in line


@each_report
def test_every_column_of_numbers_has_a_unit(name: str, machine: str, model: str) -> None:
    body = render_table(report(name, machine, model)).splitlines()
    heads = [body[number - 1] for number, line in enumerate(body) if set(line) == {"-", " "}]
    assert [head.split()[0] for head in heads] == ["total", "operator", "costliest"]
    columns = [head for line in heads for head in line.split("  ") if head.strip()]
    plain = {"total", "conv", "simd", "both", "operator", "layers", "costliest layers", "shape", "bound by"}
    assert all(head.strip() in plain or head.rstrip().endswith("]") for head in columns)


def test_totals_of_the_table() -> None:
    result = report("alexnet", "HI3", "exact")
    total, simd = result.total, result.by_unit[Unit.SIMD]
    (row,) = (line for line in lines(render_table(result), "total ") if line.startswith("runtime [cycle]"))
    share = f"{100 * simd.cycles.total / total.cycles.total:.1f}"
    conv = total.cycles.total - simd.cycles.total
    assert row.split() == [
        "runtime", "[cycle]", f"{conv:,}", f"{simd.cycles.total:,}", f"{total.cycles.total:,}", share,
    ]  # fmt: skip


@each_report
def test_operators_share_the_runtime(name: str, machine: str, model: str) -> None:
    result = report(name, machine, model)
    # `conv2d (lanes)` names an operator that is carried out in another form than its first.
    rows = [re.sub(r" \(\w+\)", "", line).split() for line in lines(render_table(result), "operator ")]
    assert {row[0] for row in rows} == {layer.op for layer in result.layers}
    assert sum(int(row[1]) for row in rows) == len(result.layers)
    assert sum(float(row[3]) for row in rows) == pytest.approx(100, abs=0.05 * len(rows))
    cycles = [float(row[2].replace(",", "")) for row in rows]
    assert cycles == sorted(cycles, reverse=True)
    assert sum(cycles) == pytest.approx(result.total.cycles.total, abs=len(rows))


def test_an_empty_network() -> None:
    from simdc.frontends.dsl import parse_dsl

    network = Network(parse_dsl("network n(x: 3x4x4) { return flatten(x) }", "n.dsl", 1))
    result = make_report(simdc.compile(network, load_hardware("HI1")))
    whole = json.loads(render_json(result))
    jsonschema.Draft202012Validator(schema()).validate(whole)
    assert whole["layers"] == []
    assert whole["totals"]["cycles"] == {"compute": 0, "stall": 0, "total": 0}
    assert "1 node: 0 costed, 1 costs nothing: flatten1 (flatten)" in render_table(result)


def test_notes_stand_in_every_form_and_survive_ir_text() -> None:
    module = load("lenet5", 1).module.clone()
    add_note(network_of(module), "B was taken for a weight")
    add_note(network_of(module), "B was taken for a weight")
    priced = simdc.compile(Network(module), load_hardware("HI1"), "exact")
    again = make_report(Parser(make_context(), str(priced)).parse_module())
    assert again.notes == ("B was taken for a weight",)
    assert "\nnote: B was taken for a weight\n" in render_table(again)
    told = json.loads(render_json(again))
    assert told["notes"] == ["B was taken for a weight"]
    jsonschema.Draft202012Validator(schema()).validate(told)


@pytest.mark.parametrize(
    "search", [{"best": "1"}, {"best": 1}, {**dict.fromkeys(Searched._fields, "1"), "steps": "many"}]
)
def test_a_proof_that_no_search_wrote_is_refused(search: dict[str, str | int]) -> None:
    op = next(iter(network_of(load("lenet5", 1).module).layers()))
    values = {name: StringAttr(value) if isinstance(value, str) else IntAttr(value) for name, value in search.items()}
    op.search = DictionaryAttr(values)
    with pytest.raises(SimdcError, match="conv1': its 'search' must hold texts for objective, candidates"):
        searched_of(op)
