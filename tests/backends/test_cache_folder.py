"""The user's cache: whose files are read, what happens to those that are half written, and how many stay."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simdc.backends import cache_folder
from simdc.backends.cache_folder import read_cached, write_cached


def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache")
    assert cache_folder.cache_folder("networks") == "/var/cache/simdc/networks"
    for relative in ("", "here"):
        monkeypatch.setenv("XDG_CACHE_HOME", relative)
        assert cache_folder.cache_folder("rtl") == "/home/somebody/.cache/simdc/rtl"


def test_what_is_written_is_read_and_is_the_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "name"
    assert read_cached(str(path)) is None
    write_cached(str(path), b"one")
    write_cached(str(path), b"two")
    assert read_cached(str(path)) == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert os.listdir(path.parent) == ["name"]


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_what_others_may_write_is_not_read(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "name"
    path.write_bytes(b"x")
    path.chmod(mode)
    assert read_cached(str(path)) is None
    path.chmod(0o644)
    assert read_cached(str(path)) == b"x"


def test_what_belongs_to_others_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "name"
    path.write_bytes(b"x")
    path.chmod(0o600)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    assert read_cached(str(path)) is None


def test_links_folders_and_pipes_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "folder", "pipe", "nothing"):
        assert read_cached(str(tmp_path / name)) is None


def test_where_nothing_can_be_written_nothing_happens(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    write_cached(str(tmp_path / "file" / "name"), b"x")
    (tmp_path / "taken").mkdir()
    write_cached(str(tmp_path / "taken"), b"x")
    assert sorted(os.listdir(tmp_path)) == ["file", "taken"]


def test_what_is_too_large_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_folder, "LARGEST_BYTES", 3)
    write_cached(str(tmp_path / "a"), b"123")
    write_cached(str(tmp_path / "b"), b"1234")
    assert os.listdir(tmp_path) == ["a"]


def aged(path: Path, seconds: int, size: int = 1) -> None:
    path.write_bytes(b"x" * size)
    path.chmod(0o600)
    os.utime(path, (seconds, seconds))


def test_the_files_that_were_not_used_for_longest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_folder, "FILES", 3)
    for number, name in enumerate((".half.17", "a", "b", "c")):
        aged(tmp_path / name, 1000 + number)
    assert read_cached(str(tmp_path / "a")) == b"x"
    write_cached(str(tmp_path / "d"), b"x")
    # Used now: a and d. Of the others c is the youngest.
    assert sorted(os.listdir(tmp_path)) == ["a", "c", "d"]


def test_all_files_together_have_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_folder, "ALL_BYTES", 10)
    for number, name in enumerate("abc"):
        aged(tmp_path / name, 1000 + number, size=4)
    # d, c and b are 2 + 4 + 4 bytes.
    write_cached(str(tmp_path / "d"), b"xx")
    assert sorted(os.listdir(tmp_path)) == ["b", "c", "d"]
