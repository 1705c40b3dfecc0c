"""Several networks and machines on one command line."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

import simdc
from simdc.cli import main
from simdc.commands import cost
from simdc.commands.parser import CommandParser
from simdc.frontends.hardware_file import load_machine


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(list(words)) == 0
    return capsys.readouterr().out


def test_networks_on_machines(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["lenet5", "--hw", "HI1", "alexnet", "--hw", "HI3", "--set", "simd.lanes=32"]
    runs = json.loads(said(capsys, *words, "--format", "json"))["runs"]
    names = [(run["network"], run["machine"]) for run in runs]
    assert names == [(net, f"{hw} with simd.lanes=32") for net in ("lenet5", "alexnet") for hw in ("HI1", "HI3")]
    machine = load_machine("HI3", ["simd.lanes=32"])
    total = sum(layer.cost.cycles.total for layer in simdc.evaluate(simdc.load("alexnet"), machine) if layer.cost)
    assert runs[3]["cycles"] == total
    rows = list(csv.DictReader(StringIO(said(capsys, *words, "--format", "csv"))))
    assert [float(row["runtime_s_ratio"]) for row in rows] == [run["runtime_s_ratio"] for run in runs]
    table = said(capsys, *words)
    assert "model exact; ratios are to the same network on HI1 with simd.lanes=32" in table
    assert "made by simdc" in table


def test_a_language_model_counts_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["gpt2", "--hw", "HI1", "--hw", "HI3", "--decode", "--context", "64", "--format", "json"]
    first, second = json.loads(said(capsys, *words))["runs"]
    assert first["tokens_per_s"] == pytest.approx(1 / first["runtime_s"])
    assert second["runtime_s_ratio"] == pytest.approx(second["runtime_s"] / first["runtime_s"])


def test_the_format_follows_the_suffix(tmp_path: Path) -> None:
    out = tmp_path / "both.csv"
    assert main(["lenet5", "--hw", "HI1", "--hw", "HI2", "-o", str(out)]) == 0
    assert out.read_text().startswith("network,phase,batch,")


@pytest.mark.parametrize(
    ("words", "networks", "machines"),
    [
        # Behind a network all words are machines, up to the next option, but for what can be none.
        ("lenet5 --hw HI1 HI2 HI3", "lenet5", "HI1 HI2 HI3"),
        ("lenet5 --hw HI1 --hw HI2", "lenet5", "HI1 HI2"),
        ("lenet5 --hw=HI1 HI2", "lenet5", "HI1 HI2"),
        ("lenet5 --hw HI1 HI2 --batch 2 HI3 --hw HI3 -", "lenet5 HI3", "HI1 HI2 HI3 -"),
        ("lenet5 --hw HI1 alexnet net.onnx HI2", "lenet5 alexnet net.onnx HI2", "HI1"),
        ("lenet5 --hw HI1 mine.json ./.mine", "lenet5", "HI1 mine.json ./.mine"),
        # Before all networks one machine, and then networks.
        ("--hw HI1 lenet5", "lenet5", "HI1"),
        ("--hw HI1 net.json HI2", "net.json HI2", "HI1"),
        ("--batch 2 --hw HI1 net.json", "net.json", "HI1"),
        ("- --hw HI1 HI2", "-", "HI1 HI2"),
        ("lenet5 --train --hw HI1 HI2 -- HI3", "lenet5 HI3", "HI1 HI2"),
    ],
)
def test_machines_behind_each_other(words: str, networks: str, machines: str) -> None:
    parser = CommandParser("simdc", "", "")
    cost.add_arguments(parser)
    read = parser.parse(words.split())
    assert (read.networks, read.machines) == (networks.split(), machines.split())


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["lenet5", "alexnet", "--hw", "HI1", "--layers"], 2, "--layers goes with one network on one machine"),
        (["lenet5", "--hw", "HI1", "--hw", "HI2", "--emit-ir"], 2, "--emit-ir goes with one network on one machine"),
        (["lenet5", "alexnet"], 1, "choose a machine with --hw"),
        (["lenet5", "--hw", "HI1", "--hw", "nv_small"], 1, "lenet5 on nv_small: the cost model 'exact' takes"),
        (["gpt2", "--hw", "HI1", "--hw", "HI2", "--generate", "8+2"], 2, "--generate goes with one network"),
        (["-", "--hw", "HI1", "--hw", "-"], 2, "standard input can be read only once"),
        (["lenet5", "--hw", "HI1", "--hw", "HI2", "--format", "html"], 2, "a comparison is table, markdown, json, csv"),
    ],
)
def test_what_is_refused(words: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == code
    assert message in capsys.readouterr().err


def test_the_same_in_python() -> None:
    found = simdc.compare(["lenet5", simdc.load("alexnet")], ["HI1", simdc.load_hardware("HI3")])
    assert [(run.network, run.machine) for run in found.runs] == [
        (net, hw) for net in ("lenet5", "alexnet") for hw in ("HI1", "HI3")
    ]
    assert found.to_rows()[1]["runtime_s_ratio"] == found.runs[1].runtime_s / found.runs[0].runtime_s
    assert repr(found) == "<2 network(s) on 2 machine(s); print it, or take to_rows()>"
    assert str(found).count("lenet5") == found._repr_html_().count('<td style="text-align: left">lenet5</td>') == 2
    one = simdc.compare("lenet5", simdc.load_hardware("HI3"), objective="cycles")
    assert one.runs[0].cycles <= found.runs[1].cycles
    with pytest.raises(simdc.SimdcError, match="nothing to compare"):
        simdc.compare([], "HI1")
