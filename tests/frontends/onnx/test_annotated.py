"""Costs in the metadata of an ONNX model's nodes; the model itself stays what it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

import simdc
from simdc.backends.report import make_report
from simdc.cli import main
from tests.frontends.onnx.models import model, random, saved


def network(folder: Path) -> str:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="first", pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["a", "s", "t", "m", "v"], ["n"], name="norm"),
        helper.make_node("Relu", ["n"], ["b"], name="relu"),
        helper.make_node("Flatten", ["b"], ["y"], name="flat"),
    ]
    weights = {"w": random(4, 3, 3, 3), **{name: np.ones(4, np.float32) for name in "stmv"}}
    return saved(model(nodes, {"x": (1, 3, 8, 8)}, weights), folder)


def props(entries: object) -> dict[str, str]:
    return {entry.key: entry.value for entry in entries}  # pyright: ignore


def test_nodes_have_what_their_layers_cost(tmp_path: Path) -> None:
    path, target = network(tmp_path), tmp_path / "noted.onnx"
    assert main([path, "--hw", "HI3", "--annotate", str(target), "-o", str(tmp_path / "r.txt")]) == 0
    before, after = onnx.load(path), onnx.load(target)
    report = make_report(simdc.compile(simdc.load(path), simdc.load_hardware("HI3")))
    notes = {node.name: props(node.metadata_props) for node in after.graph.node}
    assert [name for name, note in notes.items() if note] == ["first", "relu"]
    conv, relu = report.layers
    assert notes["first"]["simdc.cycles"] == str(conv.cost.cycles.total)
    assert notes["first"]["simdc.with"] == "norm"
    assert notes["first"]["simdc.shape"] == "3->4 3x3 8x8"
    assert float(notes["relu"]["simdc.share_percent"]) == pytest.approx(
        100 * relu.cost.cycles.total / report.total.cycles.total, abs=0.005
    )
    assert props(after.metadata_props)["simdc.machine"] == "HI3"
    for node in after.graph.node:
        node.ClearField("metadata_props")
    assert [node.SerializeToString() for node in after.graph.node] == [n.SerializeToString() for n in before.graph.node]
    assert after.graph.initializer[0].SerializeToString() == before.graph.initializer[0].SerializeToString()


def test_a_second_time_replaces_the_first(tmp_path: Path) -> None:
    path = network(tmp_path)
    for source, target, machine in ((path, "one.onnx", "HI1"), (str(tmp_path / "one.onnx"), "two.onnx", "HI3")):
        words = [source, "--hw", machine, "--annotate", str(tmp_path / target), "-o", str(tmp_path / "r.txt")]
        assert main(words) == 0
    found = [entry.value for entry in onnx.load(tmp_path / "two.onnx").metadata_props if entry.key == "simdc.machine"]
    assert found == ["HI3"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lenet5", "--hw", "HI3", "--annotate", "x.onnx"], "--annotate goes with a network in an .onnx or .mlir file"),
        (["net.onnx", "--hw", "HI3", "--annotate", "x.json"], "--annotate x.json: name it .onnx"),
        (["net.onnx", "--hw", "HI3", "--annotate", "net.onnx"], "net.onnx would be written over"),
        (["net.onnx", "--hw", "HI3", "--annotate", "x.onnx", "--emit-ir"], "--annotate and --emit-ir exclude"),
    ],
)
def test_what_is_refused(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    network(tmp_path)
    assert main(words) == 2
    assert message in capsys.readouterr().err
