"""Passes of files, in `simdc` and in `simdc-opt`."""

from __future__ import annotations

from pathlib import Path

import pytest

from simdc.cli import main as simdc
from simdc.errors import SimdcError
from simdc.opt import main as simdc_opt
from simdc.passes.from_file import take_passes_of_files
from simdc.passes.pipeline import parse_pipeline

TEXT = """
from __future__ import annotations
from dataclasses import dataclass
from xdsl.passes import ModulePass
from simdc.ir.network import network_of
from xdsl.dialects.builtin import StringAttr

@dataclass(frozen=True)
class MarkPass(ModulePass):
    name = "mark"
    word: str = "seen"

    def apply(self, ctx, op):
        network_of(op).attributes["marked"] = StringAttr(self.word)

class Broken(ModulePass):
    name = "broken"

    def apply(self, ctx, op):
        raise ValueError("no luck")

class Tidy(ModulePass):
    name = "simdc-tidy"

class Nameless(ModulePass):
    pass

class Mark(MarkPass):
    pass

NUMBER = 3
"""
NETWORK = "network n(x: 3x8x8) {\n  return x -> conv(4, 3) -> relu\n}\n"


def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files, which is the working directory."""
    (tmp_path / "own.py").write_text(TEXT)
    (tmp_path / "fails.py").write_text("1 / 0\n")
    (tmp_path / "net.dsl").write_text(NETWORK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_both_tools_run_it_with_its_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = here(tmp_path, monkeypatch)
    pipeline = "simdc-fold-batch-norm,own.py:MarkPass{word=mine},simdc-split-units"
    assert simdc(["net.dsl", "-p", pipeline, "--emit-ir"]) == 0
    text = capsys.readouterr().out
    assert 'marked = "mine"' in text
    (folder / "net.mlir").write_text(text)
    assert simdc_opt(["net.mlir", "-p", f"{folder}/own.py:MarkPass"]) == 0
    assert 'marked = "seen"' in capsys.readouterr().out


def test_only_what_stands_for_a_name_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here(tmp_path, monkeypatch)
    text, found = take_passes_of_files("own.py:MarkPass, simdc-choose-form{forms=a}")
    assert text == "mark, simdc-choose-form{forms=a}"
    assert list(found) == ["mark"]
    assert take_passes_of_files("simdc-tidy,simdc-split-units") == ("simdc-tidy,simdc-split-units", {})
    assert [each.name for each in parse_pipeline("simdc-tidy,own.py:MarkPass")] == ["simdc-tidy", "mark"]


@pytest.mark.parametrize(
    ("pipeline", "reason"),
    [
        ("nowhere.py:MarkPass", "nowhere.py: -p: there is no such file"),
        ("own.py:MarkPas", "there is no 'MarkPas' in it; did you mean 'MarkPass'?"),
        ("own.py:NUMBER", "'NUMBER' is no subclass of xdsl.passes.ModulePass"),
        ("own.py:Tidy", "calls itself 'simdc-tidy', which is a pass of simdc's own"),
        ("own.py:Nameless", "'Nameless' needs a `name`"),
        ("own.py:Mark,own.py:MarkPass", "own.py:Mark and own.py:MarkPass both call themselves 'mark'"),
        ("fails.py:Any", "ZeroDivisionError: division by zero"),
        ("own.py:MarkPass{colour=red}", "mark"),
    ],
)
def test_what_is_wrong_is_said(pipeline: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here(tmp_path, monkeypatch)
    with pytest.raises(SimdcError) as error:
        parse_pipeline(pipeline)
    assert reason in str(error.value)


def test_one_that_fails_is_named_by_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = here(tmp_path, monkeypatch)
    (folder / "net.mlir").write_text("builtin.module {}")
    for tool, arguments in ((simdc, ["net.dsl", "--emit-ir"]), (simdc_opt, ["net.mlir"])):
        assert tool([*arguments, "-p", "own.py:Broken"]) == 1
        said = capsys.readouterr().err
        assert "Traceback" not in said
        assert "plug-in 'broken' (-p) of own.py: failed: ValueError: no luck" in said
