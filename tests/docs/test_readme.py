"""What the README promises beside the output of its commands (see test_docs.py), and the page on the two models."""

import json
import re
import runpy
from pathlib import Path

import pytest

import simdc
from simdc.cli import main

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(path: Path) -> list[tuple[str, str]]:
    """(language, text) of each fenced block."""
    return FENCE.findall(path.read_text(encoding="utf-8"))


def test_readme_begins_with_one_sentence_and_one_command():
    head = README.read_text(encoding="utf-8").split("```console\n")
    assert len(head[0].split()) < 40
    assert head[1].startswith("$ simdc examples/networks/resnet50.dsl --hw HI3 --emit-cost\nresnet50: ")


def test_network_of_readme_can_be_costed(tmp_path, capsys):
    (text,) = [text for language, text in blocks(README) if language == "dsl"]
    path = tmp_path / "tiny.dsl"
    path.write_text(text, encoding="utf-8")
    assert main([str(path), "--hw", "HI1"]) == 0
    assert "tiny_resnet: inference" in capsys.readouterr().out


def test_machine_of_readme_is_part_of_preset():
    (text,) = [text for language, text in blocks(README) if language == "json"]
    preset = json.loads((ROOT / "examples/hardware/HI1.json").read_text(encoding="utf-8"))
    assert json.loads(text) == {"systolic": preset["systolic"]}


def test_a_model_and_a_data_sheet_become_three_machines_side_by_side(tmp_path, capsys, monkeypatch):
    """The README's commands as somebody types them, who has exported a model."""
    onnx = pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3, 32, 32] x, float[8, 3, 3, 3] w)'
        " => (float[1, 8, 30, 30] y) { c = Conv (x, w) y = Relu (c) }"
    )
    onnx.save(model, "model.onnx")
    readme = README.read_text(encoding="utf-8")
    sheet = re.search(r'^```json title="edge.json"\n(.*?)^```$', readme, re.MULTILINE | re.DOTALL)
    assert sheet is not None
    Path("edge.json").write_text(sheet[1], encoding="utf-8")
    (typed,) = [text for language, text in blocks(README) if language == "sh" and "edge.json" in text]
    install, *commands = typed.splitlines()
    assert install == "pip install '.[onnx]'"
    assert len(commands) < 5
    for command in commands:
        program, *words = command.split()
        assert program == "simdc"
        assert main(words) == 0
    table = capsys.readouterr().out
    assert all(f"\nmodel    {machine} " in table for machine in ("HI1", "HI3", "edge"))
    page = Path("three.html").read_text(encoding="utf-8")
    assert all(f"model on {machine}</a>" in page for machine in ("HI1", "HI3", "edge"))
    assert main(["explain", "model.onnx", "c", "--hw", "edge.json"]) == 0


@pytest.fixture(scope="module")
def comparison():
    """What `examples/compare_models.py` defines."""
    return runpy.run_path(str(ROOT / "examples/compare_models.py"))


def test_comparison_page_is_up_to_date(comparison):
    page = (ROOT / "docs/exact-vs-simdit.md").read_text(encoding="utf-8")
    assert comparison["renewed"](page) == page, "run: make docs"


def test_differences_that_readme_names_are_those_of_the_models(comparison):
    network = simdc.load("resnet50")
    totals, layers = [], []
    for machine in ("HI1", "HI2", "HI3"):
        rows = comparison["compare"](network, simdc.load_hardware(machine))
        exact, release = (
            sum(len(row.names) * getattr(row, model).cycles.total for row in rows) for model in ("exact", "simdit")
        )
        totals.append(100 * abs(exact / release - 1))
        layers += [abs(row.percent) for row in rows]
    sentence = f"{min(totals):.1f} to {max(totals):.1f} % apart in total, on single layers up to {max(layers):.0f} %"
    assert sentence in README.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("machine", "layer", "edge", "width", "tile"),
    [
        ("HI3", "layer1.1.add1", (0, 0), (0, -37_632), (-272, 0)),
        ("HI3", "avgpool", (0, 0), (0, -96), (0, 0)),
        ("HI3", "maxpool", (0, 0), (0, 0), (-816, -1_840)),
        ("HI3", "layer1.0.relu1", (0, 0), (0, 0), (-204, 0)),
        ("HI2", "layer4.1.conv2", (850, 46_380), (0, 0), (0, 0)),
        ("HI2", "layer4.0.conv2", (41_664, -958), (0, 0), (0, 0)),
        ("HI2", "layer3.0.conv3", (49, -1_630), (0, 0), (0, 0)),
    ],
)
def test_causes_are_those_worked_out_on_the_comparison_page(comparison, machine, layer, edge, width, tile):
    rows = comparison["compare"](simdc.load("resnet50"), simdc.load_hardware(machine))
    (row,) = [row for row in rows if row.names[0] == layer]
    found = [tuple(round(cycles) for cycles in cause) for cause in (row.edge, row.width, row.tile)]
    assert found == [edge, width, tile]
