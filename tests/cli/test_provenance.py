"""What a report is of: two runs are told apart, and each can be repeated from what it says."""

from __future__ import annotations

import csv
import json
import shlex
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

import simdc
from simdc import __version__
from simdc.backends.report import make_report
from simdc.backends.report.machine_text import render_json
from simdc.backends.report.table import render_table
from simdc.cli import main
from simdc.cost.structure import unstructure
from simdc.frontends.presets import presets
from simdc.frontends.reads import inputs_read, was_read
from tests.ir.networks import written

DSL = "network n(x: 3x8x8) {\n  return x -> conv(4, 3) -> relu\n}\n"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


def data(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    return json.loads(run(capsys, *arguments, "--format", "json"))


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A network in the current folder, so that its name is short and the same everywhere."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path, DSL)
    return "net.dsl"


def digest(path: str | Path) -> str:
    return sha256(Path(path).read_bytes()).hexdigest()


def test_inputs_are_named_and_digested(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    # With a byte order mark: what counts is what lies in the file.
    Path("hw.json").write_text("\ufeff" + json.dumps(unstructure(simdc.load_hardware("HI2"))), encoding="utf-8")
    assert data(capsys, net, "--hw", "hw.json")["provenance"] == {
        "simdc": __version__,
        "command": "simdc net.dsl --hw hw.json",
        "inputs": [
            {"role": "network", "name": "net.dsl", "sha256": digest("net.dsl")},
            {"role": "hardware", "name": "hw.json", "sha256": digest("hw.json")},
        ],
    }
    preset = data(capsys, "lenet5", "--hw", "HI3")["provenance"]["inputs"]
    files = (presets("networks")["lenet5"], presets("hardware")["HI3"])
    assert [(each["name"], each["sha256"]) for each in preset] == [
        ("lenet5", digest(files[0])),
        ("HI3", digest(files[1])),
    ]


def test_an_onnx_model_is_an_input(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    onnx = pytest.importorskip("onnx")
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    image = [onnx.helper.make_tensor_value_info(name, 1, [1, 3, 4, 4]) for name in "xy"]
    opset = [onnx.helper.make_opsetid("", 17)]
    graph = onnx.helper.make_graph([node], "g", image[:1], image[1:])
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), "m.onnx")
    (network, _) = data(capsys, "m.onnx", "--hw", "HI3")["provenance"]["inputs"]
    assert (network["name"], network["sha256"]) == ("m.onnx", digest("m.onnx"))


@pytest.mark.parametrize(
    "options",
    [
        ("--set", "simd.lanes=8"),
        ("--set", "simd.lanes=8", "--set", "systolic.buffers.weight_bits=128 KiB", "--batch", "2"),
        ("--train", "--optimizer", "adam"),
        ("--model", "simdit"),
        ("--tiling", "search", "--objective", "energy"),
        ("-p", "simdc-assign-widths,simdc-split-units,simdc-legalize-tiling,simdc-annotate-cost"),
    ],
)
@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_a_run_is_told_from_others_and_can_be_repeated(
    form: str, options: tuple[str, ...], net: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = run(capsys, net, "--hw", "HI3", *options, "--format", form)
    plain = run(capsys, net, "--hw", "HI3", "--format", form)
    command = data(capsys, net, "--hw", "HI3", *options)["provenance"]["command"]
    assert command in text.replace("\n  ", " ")
    assert command not in plain.replace("\n  ", " ")
    program, *words = shlex.split(command)
    assert program == "simdc"
    assert run(capsys, *words, "--format", form) == text


def test_how_a_report_is_written_does_not_count(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    report = run(capsys, net, "--hw", "HI3", "--format", "json")
    assert run(capsys, "cost", "--format=json", net, "--emit-cost", "--hw", "HI3") == report
    for output in (("-o", "a.json"), ("-oa.json",), ("--output", "a.json"), ("--output=a.json",)):
        assert run(capsys, net, *output, "--hw", "HI3", "--format", "json") == ""
        assert Path("a.json").read_text() == report
    text = run(capsys, net, "--hw", "HI3", "--emit-ir")
    assert f'command = "simdc {net} --hw HI3"' in text
    assert run(capsys, net, "--hw", "HI3", "--emit-ir", "--generic", "--locations").count(f"{net} --hw HI3") == 1


def test_the_machine_is_whole_and_can_be_read_back(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    report = data(capsys, net, "--hw", "HT2", "--set", "simd.lanes=8", "--set", "clock_ns=2")
    Path("hw.json").write_text(json.dumps(report["hardware"]), encoding="utf-8")
    again = data(capsys, net, "--hw", "hw.json")
    assert {**again, "provenance": None} == {**report, "provenance": None}
    changed = "HT2 with simd.lanes=8, clock_ns=2"
    assert run(capsys, net, "--hw", "hw.json").startswith(f"n: inference, batch 1, on {changed}, model exact\n")


@pytest.mark.parametrize(
    ("settings", "title"),
    [
        (["simd.lanes=128"], "HI3 with simd.lanes=128"),
        (["simd.lanes=128", "simd.lanes=32"], "HI3 with simd.lanes=32"),
        (['systolic.buffers.weight_bits="64 KiB"'], "HI3 with systolic.buffers.weight_bits=64 KiB"),
        (["stores_padding=false", "clock_ns=2"], "HI3 with stores_padding=false, clock_ns=2"),
        # As it is: 64 lanes, 512 KiB.
        (["simd.lanes=64", "systolic.buffers.weight_bits=512 KiB"], "HI3"),
        (["name=mine"], "mine"),
        (["name=mine", "simd.lanes=8", "prices.source=nowhere"], "mine with simd.lanes=8"),
    ],
)
def test_the_machine_says_what_was_changed(settings: list[str], title: str) -> None:
    assert simdc.load_hardware("HI3", settings).title == title


def test_ir_carries_what_made_it(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, net, "--hw", "HI3", "--emit-ir", "-o", "a.mlir")
    run(capsys, "a.mlir", "--set", "simd.lanes=8", "--emit-ir", "--generic", "-o", "b.mlir")
    found = data(capsys, "b.mlir")
    made, changed = found["provenance"]["earlier"]
    assert made == data(capsys, net, "--hw", "HI3")["provenance"]
    assert changed["command"] == "simdc a.mlir --set simd.lanes=8"
    assert changed["inputs"] == [{"role": "network", "name": "a.mlir", "sha256": digest("a.mlir")}]
    assert found["provenance"]["command"] == "simdc b.mlir"
    assert found["hardware"]["changed"] == "simd.lanes=8"


def test_csv_says_it_in_every_row(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(StringIO(run(capsys, net, "--hw", "HI3", "--set", "simd.lanes=8", "--format", "csv"))))
    assert len(rows) == 2
    for row in rows:
        assert {name: row[name] for name in ("network", "batch", "hardware", "model", "simdc", "command")} == {
            "network": "n",
            "batch": "1",
            "hardware": "HI3 with simd.lanes=8",
            "model": "exact",
            "simdc": __version__,
            "command": "simdc net.dsl --hw HI3 --set simd.lanes=8",
        }
        machine = digest(presets("hardware")["HI3"])
        assert row["inputs [sha256]"] == f"network={digest(net)} hardware={machine}"


def test_the_table_ends_with_it(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    *_, prices, made, inputs = run(capsys, net, "--hw", "HI3").splitlines()
    source = "fitted to the power and energy columns of SimDIT Tables VI and VII, not measured"
    assert prices == f"energy prices: {source}"
    assert made == f"made by simdc {__version__}: simdc net.dsl --hw HI3"
    assert inputs == f"sha256 of net.dsl {digest(net)[:12]}, HI3 {digest(presets('hardware')['HI3'])[:12]}"
    text = run(capsys, net, "--hw", "HI3", "--set", "simd.lanes=8")
    assert f"energy prices: {source}; not adjusted to what was changed\n" in text.replace("\n  ", " ")


def _inputs(*files: tuple[str, str, str | Path]) -> list[dict[str, str]]:
    return [{"role": role, "name": name, "sha256": digest(path)} for role, name, path in files]


def _ends_with_stamp(text: str, command: str, inputs: list[dict[str, str]]) -> bool:
    files = ", ".join(f"{each['name']} {each['sha256'][:12]}" for each in inputs)
    return text.replace("\n  ", " ").endswith(f"\nmade by simdc {__version__}: {command}\nsha256 of {files}\n")


HI3 = presets("hardware")["HI3"]


def test_a_verdict_has_all_that_a_report_has(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = (net, "--hw", "HI3", "--set", "simd.lanes=8")
    verdict, report = data(capsys, "verify", *arguments, "-q"), data(capsys, *arguments)
    assert verdict["hardware"] == report["hardware"]
    command, inputs = "simdc verify net.dsl --hw HI3 --set simd.lanes=8", report["provenance"]["inputs"]
    assert verdict["provenance"] == {"simdc": __version__, "command": command, "inputs": inputs}
    assert _ends_with_stamp(run(capsys, "verify", *arguments), command, inputs)


def test_a_comparison_names_both_sides(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("theirs.json").write_text('{"layers": []}', encoding="utf-8")
    text = run(capsys, "compare", net, "--hw", "HI3", "--with", "theirs.json")
    inputs = _inputs(("network", net, net), ("hardware", "HI3", HI3), ("result", "theirs.json", "theirs.json"))
    assert _ends_with_stamp(text, "simdc compare net.dsl --hw HI3 --with theirs.json", inputs)


def test_an_exploration_names_space_machine_and_networks(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    space = {"schema": "simdc-space/1", "base": "HI3", "fields": {"simd.lanes": [8, 16]}}
    Path("space.json").write_text(json.dumps(space), encoding="utf-8")
    arguments = ("explore", net, "lenet5", "--space", "space.json")
    inputs = _inputs(
        ("space", "space.json", "space.json"),
        ("hardware", "HI3", HI3),
        ("network", net, net),
        ("network", "lenet5", presets("networks")["lenet5"]),
    )
    command = "simdc explore net.dsl lenet5 --space space.json"
    # How the work is shared out, drawn and kept changes nothing of what is found.
    how = ("-q", "--workers", "1", "--resume", "journal.jsonl")
    found = data(capsys, *arguments, *how)
    assert found["provenance"] == {"simdc": __version__, "command": command, "inputs": inputs}
    assert found["hardware"] == unstructure(simdc.load_hardware("HI3"))
    assert _ends_with_stamp(run(capsys, *arguments, *how), command, inputs)
    assert data(capsys, *shlex.split(command)[1:]) == found
    # A machine that is named instead of the space's, and what is changed of it.
    other = data(capsys, *arguments, "-q", "--hw", "HI2")
    assert [each["name"] for each in other["provenance"]["inputs"]] == ["space.json", "HI2", net, "lenet5"]
    assert other["provenance"]["command"] == f"{command} --hw HI2"


def test_in_python_there_is_no_command() -> None:
    report = make_report(simdc.compile(simdc.load("lenet5"), simdc.load_hardware("HI3")))
    assert json.loads(render_json(report))["provenance"] == {"simdc": __version__, "inputs": []}
    assert render_table(report).endswith(f"\nmade by simdc {__version__}\n")


def test_nobody_listens_outside() -> None:
    was_read(b"before")
    with inputs_read("network", "-") as found:
        was_read(b"x")
    was_read(b"after")
    assert [(each.role, each.name, each.sha256) for each in found] == [("network", "-", sha256(b"x").hexdigest())]
