"""Completion: scripts that their shells take, with every command, option, preset and choice."""

from __future__ import annotations

import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from simdc.cli import main
from simdc.commands import COMMANDS
from simdc.commands.listing import KINDS
from simdc.commands.parser import CommandParser


def script(capsys: pytest.CaptureFixture[str], shell: str) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


def completed(folder: Path, text: str, *words: str) -> set[str]:
    """What bash offers for the last word."""
    listed, last = " ".join(f"'{word}'" for word in words), len(words) - 1
    code = f"{text}\nCOMP_WORDS=({listed}); COMP_CWORD={last}; _simdc; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = script(capsys, "bash")
    assert completed(tmp_path, text, "simdc", "ex") == {"explain", "explore"}
    assert completed(tmp_path, text, "simdc", "resnet3") == {"resnet34"}
    assert completed(tmp_path, text, "simdc", "resnet50", "--hw", "HI") == {"HI1", "HI2", "HI3"}
    assert completed(tmp_path, text, "simdc", "resnet50", "--hw", "HI1", "HT") == {"HT1", "HT2", "HT3"}
    assert completed(tmp_path, text, "simdc", "resnet50", "--tiling", "s") == {"search"}
    assert completed(tmp_path, text, "simdc", "resnet50", "--model", "nv") == {"nvdla", "nvdla-sheet"}
    assert completed(tmp_path, text, "simdc", "resnet50", "--set", "simd.lan") == {"simd.lanes="}
    assert completed(tmp_path, text, "simdc", "judge", "resnet50", "--sch") == {"--schedules"}
    assert completed(tmp_path, text, "simdc", "verify", "x.dsl", "--rt") == {"--rtl"}
    assert completed(tmp_path, text, "simdc", "x.dsl", "--rt") == set()
    (tmp_path / "mine.dsl").write_text("")
    assert completed(tmp_path, text, "simdc", "mi") == {"mine.dsl"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_script_has_everything(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = script(capsys, shell)
    for word in (*COMMANDS, "GeneSys16", "mobilenet_v2", "momentum"):
        assert word in text
    # Whatever a parser takes, and whatever there is to choose from.
    for name, place in COMMANDS.items():
        parser = CommandParser(name, "", "")
        import_module(place).add_arguments(parser)
        for option in (option for action in parser.actions() for option in action.option_strings):
            assert (option if shell != "fish" else f"{'-l' if option[1] == '-' else '-s'} {option.lstrip('-')}") in text
    for kind in ("hardware", "networks", "models", "reports", "frontends", "passes"):
        assert all(entry.name in text for entry in KINDS[kind]())
    if (program := shutil.which(shell)) is not None:
        subprocess.run([program, "-n"], input=text, text=True, check=True)
