"""The compiled grammar is unpickled: it may only come from where the program itself comes from."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from simdc.frontends.dsl import parser


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, sprung: Path):
        self.sprung = sprung

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.sprung,)


def read(folder: Path, **environment: str) -> None:
    code = "from simdc.frontends.dsl.parser import parse; parse('network n(x: 3) { return x }')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env={**os.environ, **environment}, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("cache", ["{folder}", "."])
def test_no_cache_folder_is_believed(cache: str, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    folder = tmp_path / "simdc"
    folder.mkdir()
    trap = b"any checksum\n" + pickle.dumps(Trap(sprung))
    (folder / f"network-{sys.implementation.cache_tag}.lark").write_bytes(trap)
    pickle.loads(trap.partition(b"\n")[2])
    assert sprung.exists(), "the trap works"
    sprung.unlink()
    read(tmp_path, XDG_CACHE_HOME=cache.format(folder=tmp_path), HOME=str(tmp_path))
    assert not sprung.exists()
    assert sorted(tmp_path.iterdir()) == [folder]


def test_the_table_lies_beside_compiled_code() -> None:
    assert Path(str(parser._table_file())).parent == Path(str(parser.__cached__)).parent


def test_where_nothing_can_be_kept_the_grammar_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser.__spec__, "cached", str(tmp_path / "no" / "folder" / "parser.pyc"))
    assert parser._table_file() is False
    assert parser._parser.__wrapped__().parse("network n(x: 3) { return x }")
