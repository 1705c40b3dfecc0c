"""`--plot` of a cost report: refused before the work where it makes no sense, and a file that is whole or untouched."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from simdc.cli import main

RUN = ["lenet5", "--hw", "nv_small", "--model", "nvdla"]
needs_matplotlib = pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs matplotlib")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ([*RUN, "--plot", "roof.jpg"], 1, "roof.jpg: the picture must be one of .png, .svg, .pdf"),
        ([*RUN, "--plot", "roof"], 1, "roof: the picture must be one of .png, .svg, .pdf"),
        ([*RUN, "--plot-kind", "levels"], 2, "--plot-kind goes with --plot"),
        ([*RUN, "--plot", "x.svg", "--plot-kind", "level"], 2, "did you mean 'levels'?"),
        ([*RUN, "--plot", "x.svg", "--emit-ir"], 2, "--plot and --emit-ir exclude each other"),
    ],
)
def test_refused(words: list[str], code: int, says: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err
    assert said.err.count("\n") == 1
    assert list(folder.iterdir()) == []


@needs_matplotlib
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["lenet5", "--hw", "primer_64", "--model", "nvdla-sheet", "--plot", "x.svg", "--plot-kind", "levels"],
            "--plot-kind levels goes with a model that has levels, such as nvdla; nvdla-sheet has none",
        ),
        ([*RUN, "--plot", "x.svg", "-o", "x.svg", "--format", "json"], "two results would be written to x.svg"),
    ],
)
def test_refused_for_this_report(words: list[str], says: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err
    assert list(folder.iterdir()) == []


@needs_matplotlib
@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        ("roofline", ["intensity [op/B of DRAM]", "rate [Gop/s]", "conv: 128 Gop/s, ridge 16 op/B", "DRAM: 8 GB/s"]),
        ("levels", ["all 4 layers: 138,931 cycles", "fc1+relu1: 41.5 %", "cycles, of those at level 5 [%]"]),
    ],
)
def test_pictures_are_labelled_and_the_same_every_time(
    kind: str, labels: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(RUN) == 0
    report = capsys.readouterr().out
    texts: list[str] = []
    for name in ("one.svg", "other.svg"):
        assert main([*RUN, "--plot", name, "--plot-kind", kind]) == 0
        # The picture comes beside the report, and changes no number of it.
        assert capsys.readouterr().out == report
        texts.append((folder / name).read_text())
    assert texts[0] == texts[1]
    for label in labels:
        assert f"<!-- {label} -->" in texts[0], label


@needs_matplotlib
def test_the_sheet_has_a_roofline_as_well(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lenet5", "--hw", "primer_64", "--model", "nvdla-sheet", "--plot", "p.png", "-o", "p.json"]) == 0
    assert (folder / "p.png").read_bytes().startswith(b"\x89PNG")
    assert "roofline" in (folder / "p.json").read_text()
    assert capsys.readouterr().out == ""
