"""A layer that is one file more among the ops is known everywhere: nothing else has to name it."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).with_name("new_layer")
IN_PYTHON = "import simdc.ir.ops as o; o.__path__.append({!r}); from tests.ir.test_new_layer import check; check()"


def test_a_new_layer_is_one_file() -> None:
    command = [sys.executable, "-c", IN_PYTHON.format(str(FOLDER))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, "all hold\n"), done.stderr


def check() -> None:
    """What holds where the file of `gain` lies beside those of the other ops."""
    import jsonschema
    import pytest

    import simdc
    from simdc.backends.report import make_report
    from simdc.errors import SimdcError
    from simdc.frontends.dsl import parse_dsl
    from simdc.frontends.json_graph import parse_json_graph
    from simdc.frontends.mlir_text import parse_mlir
    from simdc.ir.layer_table import layer_table

    # One network in three ways.
    by_dsl = parse_dsl("network n(x: 4x5x5) { return gain(x, 0.5, inverse=true) -> conv(3, 1) }", "n.dsl", 1)
    graph = {
        "schema": "simdc-network/1",
        "name": "n",
        "inputs": [{"name": "x", "shape": [4, 5, 5]}],
        "layers": [
            {"name": "gain1", "op": "gain", "inputs": ["x"], "factor": 0.5, "inverse": True},
            {"name": "conv1", "op": "conv", "inputs": ["gain1"], "channels": 3, "kernel": 1},
        ],
    }
    net = simdc.NetworkBuilder("n")
    by_calls = net.finish(net.conv(net.gain(net.input("x", (4, 5, 5)), factor=0.5, inverse=True), channels=3, kernel=1))
    text = str(by_dsl)
    assert "simdc.gain" in text
    assert text == str(parse_json_graph(graph, "n.json", 1)) == str(by_calls.module)
    assert str(parse_mlir(text, "n.mlir", None)) == text

    # The pages, the schema and the types of the Python interface.
    layers = layer_table()
    assert list(layers) == sorted(layers)
    pages = runpy.run_path(str(ROOT / "docs" / "generate_layers.py"))
    page = pages["page"]((ROOT / "docs" / "dsl.md").read_text(encoding="utf-8"), layers)
    row = "| `gain(x)` | `factor: number` (not 0), `inverse: flag = false` | Multiplies by a number |\n"
    assert page.count(row) == 1
    assert "    def gain(self, x: Tensor, /, *, factor: float, inverse: bool = False," in pages["stub"](layers)
    schema = jsonschema.Draft202012Validator(pages["graph_schema"](layers.values()))
    assert schema.is_valid(graph)
    del graph["layers"][0]["factor"]
    assert not schema.is_valid(graph)
    with pytest.raises(SimdcError, match="gain needs 'factor'"):
        parse_json_graph(graph, "n.json", 1)
    with pytest.raises(SimdcError, match="factor must be a number, got 'a'"):
        parse_dsl('network n(x: 4x5x5) { return gain(x, "a") }', "n.dsl", 1)

    # A price, and a training step with its gradient.
    machine = simdc.load_hardware("HI1")
    step = simdc.NetworkBuilder("n", batch=2)
    x = step.gain(step.conv(step.input("x", (4, 5, 5)), channels=3, kernel=1), factor=2)
    report = make_report(simdc.compile(step.finish(x).training_step(loss=["mse"]), machine))
    assert report.uncosted == ()
    kinds = {layer.op for layer in report.layers}
    assert {"gain", "gain_grad"} <= kinds, kinds
    print("all hold")
