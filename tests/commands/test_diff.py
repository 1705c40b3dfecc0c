"""`simdc diff`: what it says is what the two reports say."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from simdc.cli import main
from simdc.frontends.cost_file import load_cost_file


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    assert main(["lenet5", "--hw", "HI1", "-o", "a.json"]) == 0
    assert main(["lenet5", "--hw", "HI1", "--set", "simd.lanes=64", "--form", "conv1=array", "-o", "b.json"]) == 0
    return ["a.json", "b.json"]


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["diff", *words]) == 0
    return capsys.readouterr().out


def test_what_changed(reports: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    table = said(capsys, *reports)
    assert table.startswith("before: lenet5, batch 1, on HI1, model exact\nafter:  lenet5")
    assert "changed: simd.lanes 16 -> 64" in table
    data = json.loads(said(capsys, *reports, "--format", "json"))
    assert data["settings"] == [{"what": "simd.lanes", "before": "16", "after": "64"}]
    one, other = (json.loads(Path(path).read_text()) for path in reports)
    changed = {row["layer"]: row for row in data["layers"]}
    for layer, later in zip(one["layers"], other["layers"], strict=True):
        row = changed.get(layer["name"])
        if row is None:
            assert (layer["cycles"], layer["tiling"]) == (later["cycles"], later["tiling"])
        else:
            numbers = row["cycles_before"], row["cycles_after"], row["dram_bits_after"]
            assert numbers == (layer["cycles"]["total"], later["cycles"]["total"], later["dram_bits"]["total"])
    assert data["same"] + len(changed) == len(one["layers"])
    more = [abs(row["cycles_after"] - row["cycles_before"]) for row in data["layers"]]
    assert more == sorted(more, reverse=True)
    assert len(list(csv.DictReader(StringIO(said(capsys, *reports, "--format", "csv"))))) == len(changed)
    assert "| layer | operator |" in said(capsys, *reports, "--format", "markdown")


def test_a_report_and_itself(reports: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    table = said(capsys, reports[0], reports[0])
    assert "same network, machine and model" in table
    layers = json.loads(Path(reports[0]).read_text())["layers"]
    assert f"{len(layers)} layers are alike" in table
    assert "operator" not in table


def test_layers_of_one_side(reports: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(Path(reports[0]).read_text())
    data["layers"] = [layer for layer in data["layers"] if layer["name"] != "conv2"]
    data["layers"][0]["tiling"]["tile"]["oh"] = 3
    for name, shown in (("conv0", "conv1 -> conv0"), ("conv1", "conv1")):
        data["layers"][0]["name"] = name
        Path("c.json").write_text(json.dumps(data))
        table = said(capsys, reports[0], "c.json")
        assert "only before: conv2 (" in table
        assert "tile oh" in next(line for line in table.splitlines() if line.startswith(f"{shown} "))
    # Another layer, of other results.
    data["layers"][0] |= {"name": "conv0", "operands": data["layers"][1]["operands"]}
    Path("c.json").write_text(json.dumps(data))
    assert "only after: conv0 (" in said(capsys, reports[0], "c.json")


def test_a_machine_without_prices(reports: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lenet5", "--hw", "GeneSys16", "-o", "d.json"]) == 0
    assert load_cost_file("d.json").energy_pj is None
    table = said(capsys, reports[0], "d.json")
    assert "energy" not in table.partition("layer ")[0].partition("all layers")[2]
    assert "machine HI1 -> GeneSys16" in " ".join(table.split())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "c.json: schema: missing: a cost report of --format json begins with it"),
        ('{"schema": "simdc-comparison/1"}', "c.json: schema: must be a cost report"),
        (
            '{"schema": "simdc-cost/1", "network": 3, "hardware": {}, "totals": {}}',
            "c.json: network: must be an object",
        ),
        ("[1]", "c.json"),
        # A later schema may mean something else by the same words.
        (
            '{"schema": "simdc-cost/3", "network": 3}',
            "another simdc, simdc-cost/3; this one reads simdc-cost/1 to simdc-cost/2",
        ),
        ('{"schema": "simdc-cost/"}', "c.json: schema: is a report of another simdc"),
    ],
)
def test_what_is_no_report(text: str, message: str, reports: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("c.json").write_text(text)
    assert main(["diff", reports[0], "c.json"]) == 1
    assert message in capsys.readouterr().err


def test_what_is_refused(reports: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", *reports, "--layers", "--format", "csv"]) == 2
    assert main(["diff", *reports, "-o", reports[0]]) == 2
    assert "is read; name another file" in capsys.readouterr().err


def test_other_networks_are_called_so(reports: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alexnet", "--hw", "HI1", "-o", "c.json"]) == 0
    note = "note: the networks are called differently; layers of one name stand side by side, whatever they do"
    assert note in " ".join(said(capsys, reports[0], "c.json").split())
    assert "note:" not in said(capsys, *reports)


def test_layers_that_two_files_of_a_network_call_differently(
    reports: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    data = json.loads(Path(reports[0]).read_text())
    first, *rest = data["layers"]
    names = [layer["name"] for layer in data["layers"]]
    # As without its 20 biases, 7 cycles shorter; the last layer is missing, and all names are others.
    first["operands"] = [each for each in first["operands"] if each["name"] != "bias"]
    first["cycles"]["total"] -= 7
    data["layers"] = [first, *rest[:-1]]
    for number, layer in enumerate(data["layers"]):
        layer["name"] = f"op{number}"
    Path("c.json").write_text(json.dumps(data))
    found = json.loads(said(capsys, reports[0], "c.json", "--format", "json"))
    (changed, gone) = found["layers"]
    assert (changed["layer"], changed["changed"]) == (f"{names[0]} -> op0", "bias 20 -> -")
    assert changed["cycles_after"] - changed["cycles_before"] == -7
    assert (gone["layer"], gone["cycles_after"]) == (names[-1], None)
    assert found["same"] == len(names) - 2


def test_a_report_is_no_network_and_no_machine(reports: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([reports[0], "--hw", "HI1"]) == 1
    remedy = "`simdc diff` sets two of them side by side"
    assert (
        f"{reports[0]}: is simdc-cost/2, what simdc wrote of a run, and no network; {remedy}" in capsys.readouterr().err
    )
    assert main(["report", "lenet5", "--hw", reports[0], "-o", "c.html"]) == 1
    assert f"and no machine; {remedy}" in capsys.readouterr().err
    Path("c.json").write_text('{"schema": "simdc-comparison/1", "runs": []}')
    assert main(["c.json", "--hw", "HI1"]) == 1
    assert "what simdc wrote of a run, and no network\n" in capsys.readouterr().err
