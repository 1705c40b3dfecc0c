"""What is compiled already, of these very files by this very maker, is not compiled again."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("Cython")

import compile_core
from compile_core import built, made_of, place


def package(folder: Path, digest: str, maker: str) -> Path:
    """A package in which `compiled` says that it is made of these."""
    flat = folder / "simdc/cost/flat"
    flat.mkdir(parents=True)
    for each in (flat, *flat.parents[:2]):
        (each / "__init__.py").touch()
    (flat / "compiled.py").write_text(f"DIGEST = {digest!r}\nMAKER = {maker!r}\n", encoding="utf-8")
    (flat / "_flat.abi3.so").write_bytes(digest.encode())
    return folder


def test_what_was_built_of_these_files_is_found(tmp_path: Path) -> None:
    digest, maker = made_of()
    same = package(tmp_path / "same", digest, maker)
    assert built(same) == [same / "simdc/cost/flat/_flat.abi3.so"]
    assert built(package(tmp_path / "edited", digest[::-1], maker)) == []
    assert built(package(tmp_path / "made otherwise", digest, maker[::-1])) == []
    assert built(tmp_path) == []


def test_an_edit_of_a_source_or_of_the_maker_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest, maker = made_of()
    for path in compile_core.FOLDER.glob("*.py"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(compile_core, "FOLDER", tmp_path)
    assert made_of() == (digest, maker)
    (tmp_path / "tiles.py").write_text("# edited\n", encoding="utf-8")
    assert made_of()[0] != digest
    other = tmp_path / "compile_core.py"
    other.write_text("# edited\n", encoding="utf-8")
    monkeypatch.setattr(compile_core, "__file__", str(other))
    assert made_of()[1] != maker


def test_in_place_stays_then_comes_what_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest, maker = made_of()
    here, installed = package(tmp_path / "here", digest, maker), package(tmp_path / "installed", digest, maker)
    monkeypatch.setattr(compile_core, "ROOT", here)
    monkeypatch.setattr(compile_core, "made_of", lambda: (digest, maker))
    monkeypatch.setattr(compile_core, "FOLDER", here / "simdc/cost/flat")
    monkeypatch.setattr(compile_core, "distribution", lambda _: Installed(installed))
    monkeypatch.setattr(compile_core, "build", lambda target: [target / "new"])
    (file,) = place()
    assert file == here / "simdc/cost/flat/_flat.abi3.so"
    (here / "simdc/cost/flat/compiled.py").unlink()
    file.write_bytes(b"old")
    assert place() == [file]
    assert file.read_bytes() == digest.encode()
    (installed / "simdc/cost/flat/compiled.py").unlink()
    assert place() == [here / "simdc/cost/flat/new"]


class Installed:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def locate_file(self, _name: str) -> Path:
        return self._folder
