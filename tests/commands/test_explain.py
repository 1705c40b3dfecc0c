"""`simdc explain` as a user calls it."""

from __future__ import annotations

from pathlib import Path

import pytest

from simdc.cli import main


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
