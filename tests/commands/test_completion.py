"""Completion: scripts that their shells take, with every command, option, preset and choice."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from simdc.cli import main
from simdc.commands import COMMANDS


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
    assert completed(tmp_path, text, "simdc", "resnet50", "--tiling", "s") == {"search"}
    assert completed(tmp_path, text, "simdc", "verify", "x.dsl", "--rt") == {"--rtl"}
    assert completed(tmp_path, text, "simdc", "x.dsl", "--rt") == set()
    (tmp_path / "mine.dsl").write_text("")
    assert completed(tmp_path, text, "simdc", "mi") == {"mine.dsl"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_script_has_everything(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = script(capsys, shell)
    for word in (*COMMANDS, "GeneSys16", "mobilenet_v2", "momentum"):
        assert word in text
    if (program := shutil.which(shell)) is not None:
        subprocess.run([program, "-n"], input=text, text=True, check=True)
