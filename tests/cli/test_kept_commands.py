"""Every command that prices a network takes what another has lowered, and says the same to the last byte."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from simdc.backends import cache_folder
from simdc.backends.lowered.data import from_bytes, to_bytes
from simdc.cli import main
from simdc.commands import kept
from simdc.plugins import rescan
from tests.commands.test_compare import RELEASE
from tests.ir.networks import written

IMAGES = """network images(x: 3x12x12) {
  x = conv(x, 8, 3, stride=2) -> bn -> silu
  y = conv(x, 8, 3, groups=8, pad=1) -> bn -> relu
  return add(x, y) -> global_avgpool -> flatten -> fc(5)
}
"""
TOKENS = """network tokens(x: 6x16) {
  x = layer_norm(x) -> fc(16) -> gelu
  y = heads(x, 2)
  return attention(y, y, y, causal=true) -> merge_heads -> layer_norm -> fc(8) -> softmax
}
"""
TRAINED = ("--train", "--optimizer", "momentum")
NETWORKS = {"images": (IMAGES, ()), "tokens": (TOKENS, ()), "step": (IMAGES, (*TRAINED, "--batch", "2"))}
COMMANDS = {
    "cost": ("NET", "--hw", "HI3", "--layers"),
    "greedy": ("NET", "--hw", "HI1", "--tiling", "greedy", "--format", "json"),
    "machines": ("NET", "--hw", "HI1", "HI3"),
    "json of machines": ("NET", "--hw", "HI3", "TPUv1", "--format", "json"),
    "explain": ("explain", "NET", "--hw", "HI3"),
    "explain a layer": ("explain", "NET", "fc1", "--hw", "HI1", "--set", "simd.lanes=8"),
    "report": ("report", "NET", "--hw", "HI3", "-o", "-"),
    "report of machines": ("report", "NET", "--hw", "HI1", "HI3", "--explain", "1", "-o", "-"),
    "judge": ("judge", "NET", "--hw", "HI3", "--schedules", "SCHEDULES"),
    "compare": ("compare", "NET", "--hw", "HI3", "--with", "RESULT"),
}


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The files that commands name."""
    monkeypatch.delenv(kept.OFF)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # As in a process of its own: tests before may have looked for plug-ins.
    rescan()
    schedules = [{"layer": "fc1", "order": ["oc", "ic"], "sizes": {"oc": 2, "ic": 4}}]
    return {
        "SCHEDULES": written(tmp_path, json.dumps(schedules), "schedules.json"),
        "RESULT": written(tmp_path, json.dumps(RELEASE), "simdit.json"),
    }


def files() -> list[Path]:
    folder = Path(cache_folder.cache_folder(kept.KIND))
    return sorted(folder.iterdir()) if folder.is_dir() else []


def refuse_ir(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever goes through the IR fail from now on."""
    for name in ("compiled", "compiled_report"):
        monkeypatch.setitem(sys.modules, f"simdc.commands.{name}", None)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_the_same_without_ir(
    command: str,
    network: str,
    words: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text, options = NETWORKS[network]
    path = written(tmp_path, text)
    line = [path if word == "NET" else words.get(word, word) for word in COMMANDS[command]] + [*options]

    def said(*more: str) -> tuple[str, str]:
        assert main([*line, *more]) == 0
        found = capsys.readouterr()
        return found.out, found.err

    without = said("--no-cache")
    assert files() == []
    assert said() == without
    # Presets for inference have the same widths: one network for two machines.
    assert len(files()) == 1
    refuse_ir(monkeypatch)
    assert said() == without


def test_commands_share_what_they_lower(
    words: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, IMAGES)
    assert main([path, "--hw", "HI2"]) == 0
    refuse_ir(monkeypatch)
    for command in COMMANDS.values():
        assert main([path if word == "NET" else words.get(word, word) for word in command]) == 0
    # An array that can do more has more forms, of the same kernels.
    assert main(["explain", path, "--hw", "scale_sim_google"]) == 0
    assert len(files()) == 1
    assert capsys.readouterr().err == ""


def test_batches_and_lengths_have_networks_of_their_own(
    words: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    images, tokens = written(tmp_path, IMAGES), written(tmp_path, TOKENS, "tokens.dsl")
    lines = [[images, "--hw", "HI1", "HI3", "--batch", "1,8"], [images, "--hw", "HI1", "--batch", "2,4,7"]]
    lines += [[tokens, "--hw", "HI3", "--batch", "8"], ["explain", images, "--hw", "HI3", "--batch", "8"]]

    def said() -> list[str]:
        for line in lines:
            assert main(line) == 0
        return [capsys.readouterr().out]

    first = said()
    # Batches 1, 8, 2, 4, 7 of one, 8 of the other.
    assert len(files()) == 6
    refuse_ir(monkeypatch)
    assert said() == first
    assert words


@pytest.mark.parametrize("broken", ["half", "other version", "of another user", "writable by others"])
def test_a_file_that_is_not_to_be_trusted_is_as_good_as_none(
    broken: str,
    words: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = written(tmp_path, IMAGES)
    lines = [["explain", path, "--hw", "HI3"], ["report", path, "--hw", "HI1", "HI3", "-o", "-"]]

    def said() -> list[str]:
        for line in lines:
            assert main(line) == 0
        return [capsys.readouterr().out]

    first = said()
    (file,) = files()
    data = file.read_bytes()
    changed = data.replace(b"conv1", b"conv9")
    assert changed != data
    if broken == "half":
        file.write_bytes(data[: len(data) // 2])
    elif broken == "other version":
        # Of the same name, as another version may have left it: its digest is right.
        other = to_bytes(from_bytes(data, file.name)._replace(batch=9), "0" * len(file.name))
        file.write_bytes(other)
    elif broken == "of another user":
        file.write_bytes(changed)
        other_user = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: other_user)
    else:
        file.write_bytes(changed)
        file.chmod(0o666)
    assert said() == first
    assert words
