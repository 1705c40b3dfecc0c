"""Where the release's numbers are no counts, the model says so, and only there."""

from __future__ import annotations

import json

import jsonschema
import pytest

from simdc.backends.report import make_report
from simdc.cli import main
from simdc.cost.simdit import SimditModel
from simdc.cost.simdit.artefacts import FRACTIONAL, NEGATIVE_CASE
from simdc.cost.tiling import Tiling
from simdc.frontends.dsl import parse_dsl
from simdc.frontends.hardware_file import load_hardware
from simdc.ir.context import set_hardware
from simdc.ir.network import network_of
from simdc.ir.text import parse_ir
from simdc.passes.pipeline import default_passes, make_context, run_pipeline
from tests.backends.report.test_training_report import SCHEMA

MACHINE = load_hardware("HI1")
"""16 x 16 PEs, 16 lanes."""
MODEL = SimditModel()


def artefacts(layer: str, shape: str, batch: int = 1, **tile: int) -> tuple[str, ...]:
    """Of one layer on `shape`, with these tile sizes and whole loops besides."""
    module = parse_dsl(f"network n(x: {shape}) {{ return {layer} }}", "n.dsl", batch)
    kernel = next(kernel for op in network_of(module).layers() if (kernel := op.kernel()) is not None)
    whole = MODEL.greedy(kernel, MACHINE).as_dict()
    sizes = {**whole, **tile}
    return MODEL.artefacts(kernel, Tiling(tuple(sizes), tuple(sizes.values())), MACHINE)


def test_tiles_that_divide_the_layer_are_whole() -> None:
    # Four rows of tiles: of them two stand between the first and the last, so no count is below zero.
    assert artefacts("conv(x, 16, 1)", "16x16x16", oh=4) == ()
    assert artefacts("relu(x)", "16x16x16", h=4) == ()


def test_tiles_that_do_not_divide_the_layer() -> None:
    assert artefacts("conv(x, 16, 1)", "16x16x16", oh=5) == (FRACTIONAL,)
    assert artefacts("relu(x)", "16x16x16", h=5) == (FRACTIONAL,)
    assert artefacts("relu(x)", "48x4x4", c=32) == (FRACTIONAL,)
    # 20 channels are padded to 32, which 16 divides.
    assert artefacts("relu(x)", "20x4x4", c=16) == ()


def test_too_few_tiles_along_the_image() -> None:
    # finished outputs - 2 - bias loads beyond the first: 1 - 2 - 0 for one tile, 2 - 2 - 0 for two, and with the output
    # channels in two tiles 4 - 2 - 1 for two and 2 - 2 - 1 for one tile along the image.
    assert NEGATIVE_CASE in artefacts("conv(x, 16, 1)", "16x16x16")
    assert artefacts("conv(x, 16, 1)", "16x16x16", oh=8) == ()
    assert artefacts("conv(x, 32, 1)", "16x16x16", oh=8, oc=16) == ()
    assert NEGATIVE_CASE in artefacts("conv(x, 32, 1)", "16x16x16", oc=16)


def test_fully_connected_layers_at_batch_1() -> None:
    # The release asks for the sign of its count where one tile holds all input channels, and only there.
    assert artefacts("fc(x, 16)", "32") == ()
    assert artefacts("fc(x, 48)", "32", oc=32) == (FRACTIONAL,)
    assert artefacts("fc(x, 64)", "32", oc=16, ic=16) == ()
    assert artefacts("fc(x, 16)", "32", oc=16, ic=16) == ()


def compiled(model: str) -> str:
    module = parse_dsl("network n(x: 16x16x16) { return x -> conv(16, 1) -> conv(16, 1) -> relu }", "n.dsl", 1)
    set_hardware(module, MACHINE)
    run_pipeline(module, default_passes(model))
    return str(module)


def test_reports_warn_and_ir_keeps_the_warnings() -> None:
    text = compiled("simdit")
    module = parse_ir(make_context(), text, "n.mlir")
    assert str(module) == text
    assert make_report(module).warnings() == {NEGATIVE_CASE: ["conv1", "conv2"]}
    assert "artefacts" not in compiled("exact")


def test_the_command_warns_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resnet18", "--hw", "HI3", "--model", "simdit", "--format", "json"]) == 0
    said = capsys.readouterr()
    data = json.loads(said.out)
    jsonschema.validate(data, SCHEMA)
    lines = said.err.splitlines()
    assert len(lines) == len(data["warnings"]) == 2
    for line, warning in zip(lines, data["warnings"], strict=True):
        first, count = ", ".join(warning["layers"][:3]), len(warning["layers"])
        assert line == f"simdc: warning: model simdit, {count} layers ({first}, ...): {warning['message']}"
    assert main(["resnet18", "--hw", "HI3", "--format", "json"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "warnings" not in json.loads(said.out)
