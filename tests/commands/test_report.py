"""`simdc report`: from the command line to a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from simdc.cli import main


def page(tmp_path: Path, *arguments: str) -> str:
    file = tmp_path / "report.html"
    assert main(["report", *arguments, "-o", str(file)]) == 0
    return file.read_text(encoding="utf-8")


def test_a_network_on_a_machine(tmp_path: Path) -> None:
    text = page(tmp_path, "lenet5", "--hw", "HI1")
    assert "<h1>lenet5 on HI1: " in text
    # What made it can be done again: the command without where it was written to.
    assert "<td>simdc report lenet5 --hw HI1</td>" in text
    assert "made by simdc " in text
    assert "sha256 of lenet5 " in text
    assert "Side by side" not in text


@pytest.mark.parametrize("machines", [["--hw", "HI1", "HI3"], ["--hw", "HI1", "--hw", "HI3"]])
def test_networks_on_machines(tmp_path: Path, machines: list[str]) -> None:
    text = page(tmp_path, "lenet5", "alexnet", *machines)
    assert "<h1>lenet5, alexnet on HI1, HI3</h1>" in text
    assert text.count('class="run"') == 4
    assert "Side by side" in text


def test_a_training_step_and_a_changed_machine(tmp_path: Path) -> None:
    text = page(tmp_path, "lenet5", "--hw", "HT1", "--train", "--optimizer", "adam", "--set", "simd.lanes=32")
    assert "lenet5 on HT1 with simd.lanes=32: " in text
    assert "training · batch 1" in text


def test_a_decode_step(tmp_path: Path) -> None:
    text = page(tmp_path, "gpt2", "--hw", "HI3", "--decode", "--context", "64")
    assert "tokens/s" in text


def test_what_would_help_is_tried_for_as_many_as_one_asks_for(tmp_path: Path) -> None:
    asked = ([], ["--explain", "0"], ["--explain", "99"])
    some, none, all_of_them = (page(tmp_path, "lenet5", "--hw", "HI1", *more) for more in asked)
    assert some.count('"helps":[') == 4
    assert none.count('"helps":[') == 0
    assert all_of_them.count('"helps":null') == 0


def test_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "lenet5", "--hw", "HI1", "-o", "-"]) == 0
    assert capsys.readouterr().out.startswith("<!doctype html>\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenet5", "--hw", "HI1"], "arguments are required: -o"),
        (["lenet5", "--hw", "HI1", "-o", "report.pdf"], "a page is HTML; name it .html"),
        (["lenet5", "--hw", "HI1", "-o", "report"], "a page is HTML; name it .html"),
        (["lenet5", "-", "--hw", "HI1", "-o", "-"], "standard input is read once"),
        (["lenet5", "--hw", "HI1", "-", "-o", "-"], "standard input is read once"),
        (["lenet5", "--hw", "HI1", "--optimizer", "adam", "-o", "-"], "--optimizer goes with --train"),
        (["lenet5", "--hw", "HI1", "--explain", "-1", "-o", "-"], "--explain must be 0 or more"),
        (["--hw", "HI1", "-o", "-"], "arguments are required: network"),
    ],
)
def test_what_is_wrong_with_the_command_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_an_error_says_of_which_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.html"
    settings = ["--set", "systolic.buffers.weight_bits=16"]
    assert main(["report", "lenet5", "alexnet", "--hw", "HI1", *settings, "-o", str(file)]) == 1
    assert capsys.readouterr().err.startswith("simdc: no page, for lenet5 on HI1 ends in an error:\n")
    assert not file.exists()


def test_what_is_read_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "net.html"
    file.write_text("network n(x: 4) { return fc(x, 2) }", encoding="utf-8")
    arguments = ["report", str(file), "--input-format", "dsl", "--hw", "HI1", "-o", str(file)]
    assert main(arguments) == 2
    assert "would be written over" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8").startswith("network")
