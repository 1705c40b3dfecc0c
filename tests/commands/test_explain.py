"""`simdc explain` as a user calls it."""

from __future__ import annotations

from pathlib import Path

import pytest
from xdsl.dialects.builtin import ArrayAttr, StringAttr

import simdc
from simdc.backends.report import make_report
from simdc.backends.report.columns import Style
from simdc.backends.report.explained import explanation_of, layer_named, owners_of
from simdc.backends.report.explained_text import explanation_text
from simdc.cli import main
from simdc.errors import SimdcError
from simdc.ir.network import network_of


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["explain", *words]) == 0
    return capsys.readouterr().out


def cycles(line: str) -> int:
    return next(int(word.replace(",", "")) for word in line.split() if word.replace(",", "").isdigit())


def test_a_layer_whose_window_would_fill_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "resnet50", "conv1", "--hw", "HI3")
    assert text.startswith("conv1: conv2d as array on HI3, model exact\n623,488 cycles")
    assert "rows             4.7" in text
    parts = text.partition("share [%]\n")[2].partition("\n\n")[0].splitlines()[1:]
    assert sum(cycles(line) for line in parts[:-1]) == cycles(parts[-1]) == 623_488
    # A search proves no less than the sizes tell, and says so in other words.
    by_sizes = cycles(text.partition("by its sizes alone, no schedule as array takes fewer than ")[2])
    searched = cycles(text.partition("the search proves none below ")[2])
    assert 0 < by_sizes <= searched <= 623_488
    (window,) = [line for line in text.splitlines() if line.startswith("--set systolic.row_mapping=window")]
    # What it says is what that machine gives.
    text = said(capsys, "resnet50", "conv1", "--hw", "HI3", "--set", "systolic.row_mapping=window")
    assert cycles(text.splitlines()[1]) == cycles(window)
    assert "then as array+window" in window


def test_without_a_name_it_is_the_longest(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "why.txt"
    assert main(["explain", "lenet5", "--hw", "HI3", "-o", str(out)]) == 0
    assert out.read_text().startswith("conv1: conv2d as array on HI3")
    assert capsys.readouterr().out == ""


def test_a_greedy_and_a_searched_tiling_stay_so(capsys: pytest.CaptureFixture[str]) -> None:
    greedy = said(capsys, "lenet5", "conv2", "--hw", "HI3", "--tiling", "greedy")
    assert "--tiling search" in greedy
    searched = said(capsys, "lenet5", "conv2", "--hw", "HI3", "--tiling", "search", "--objective", "dram")
    assert "--tiling search " not in searched.partition("made by")[0]


def test_a_given_form_is_no_choice(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "mobilenet_v2", "--hw", "HI1", "--form", "array")
    assert "--form lanes" not in text


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["lenet5", "conv7", "--hw", "HI3"], 1, "no layer 'conv7' in lenet5; did you mean"),
        (["lenet5", "conv1"], 1, "choose a machine with --hw"),
        (["lenet5", "conv1", "pool1", "--hw", "HI3"], 2, "one argument too many"),
        (["lenet5", "--hw", "HI3", "-o", "x.json"], 2, ".markdown or .txt, or choose"),
    ],
)
def test_what_is_wrong_is_said(words: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *words]) == code
    assert message in capsys.readouterr().err


def test_what_became_part_of_a_layer_is_that_layer(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "resnet50", "bn1", "--hw", "HI3")
    assert text.startswith("bn1 is part of conv1\n\nconv1: conv2d as array on HI3")
    assert said(capsys, "lenet5", "relu1", "--hw", "nv_small", "--model", "nvdla").startswith(
        "relu1 is part of fc1+relu1\n\nfc1+relu1: linear+relu"
    )
    assert main(["explain", "resnet50", "bn11", "--hw", "HI3"]) == 1
    assert "no layer 'bn11' in resnet50; did you mean 'bn1'?" in capsys.readouterr().err


def test_parts_of_parts_and_of_views(capsys: pytest.CaptureFixture[str]) -> None:
    # A front end noted the scale on the softmax, and the bias on the view of what the product makes, which adds it.
    module = simdc.compile(simdc.load("vit_b16"), simdc.load_hardware("HI3"))
    ops = {op.layer.data: op for op in network_of(module).layers()}
    ops["layer0.attention.softmax"].merged = ArrayAttr([StringAttr("scale")])
    ops["layer0.heads1.split"].merged = ArrayAttr([StringAttr("bias")])
    report = make_report(module)
    owners = owners_of(report)
    assert (owners["scale"], owners["bias"]) == ("layer0.attention.softmax", "layer0.query")
    assert owners["layer0.heads1"] == "layer0.attention.scores"
    for name in ("scale", "bias", "layer0.heads1"):
        assert layer_named(report, name).name == owners[name]
    with pytest.raises(SimdcError, match="costs nothing"):
        layer_named(report, "layer0.heads1.split")


def test_a_narrow_terminal_gives_up_notes_and_not_names() -> None:
    report = make_report(simdc.compile(simdc.load("resnet50"), simdc.load_hardware("HI3")))
    layer = layer_named(report, "conv1")
    explanation = explanation_of(layer, report)
    narrow, wide = (explanation_text(layer, explanation, Style(width)) for width in (80, None))
    assert max(map(len, narrow.splitlines())) <= 80
    for setting in ("--set systolic.buffers.ifmap_bits=512KiB ", "--set systolic.bandwidths.psum_bits_per_cycle=1024 "):
        assert setting in narrow
    assert "196.0 KiB of 256.0 KiB (systolic.buffers.weight_bits)" in narrow
    assert "no room for: note" in narrow
    assert "was 256.0 KiB" not in narrow
    assert "was 256.0 KiB" in wide
