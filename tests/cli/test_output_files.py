"""Output files are written whole or not at all, whatever happens on the way."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

import pytest

from simdc.backends.output import open_whole, write_text
from simdc.cli import main
from simdc.errors import SimdcError

RUN = "import sys; from simdc.cli import main; sys.exit(main(sys.argv[1:]))"
LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
DYING = "import os, signal; os.{} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"


def simdc(target: Path | str, before: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", before + RUN, "lenet5", "--hw", "HI3", "--format", "json", "-o", str(target)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "cost.json"
    path.write_text("precious")
    return path


@pytest.mark.parametrize("moment", ["chmod", "replace"])
def test_a_killed_run_leaves_the_old_file(moment: str, target: Path) -> None:
    """Killed once all is written, before or just when the file would take its place."""
    assert simdc(target, DYING.format(moment)).returncode == -signal.SIGKILL
    assert target.read_text() == "precious"


def test_a_file_that_may_not_grow(target: Path) -> None:
    result = simdc(target, LIMITED)
    assert result.returncode == 1
    assert result.stderr == f"{target}: cannot be written: File too large\n"
    assert target.read_text() == "precious"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_device() -> None:
    with pytest.raises(SimdcError, match="/dev/full: cannot be written: No space left on device"):
        write_text("text", "/dev/full")
    command = [sys.executable, "-c", RUN, "lenet5", "--hw", "HI3"]
    with open("/dev/full", "w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert result.returncode == 1
    assert result.stderr == "simdc: standard output cannot be written: No space left on device\n"


def test_devices_stay_devices() -> None:
    write_text("text", os.devnull)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_may_not_be_written(target: Path) -> None:
    target.parent.chmod(0o500)
    try:
        with pytest.raises(SimdcError, match="cannot be written: Permission denied"):
            write_text("text", str(target))
    finally:
        target.parent.chmod(0o700)
    assert target.read_text() == "precious"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no folder that refuses files to everyone")
def test_a_folder_that_takes_no_files() -> None:
    with pytest.raises(SimdcError, match=r"/proc/self/cost\.json: cannot be written: "):
        write_text("text", "/proc/self/cost.json")


def test_a_folder_and_a_missing_folder(target: Path) -> None:
    with pytest.raises(SimdcError, match="is a directory; name a file"):
        write_text("text", str(target.parent))
    with pytest.raises(SimdcError, match="cannot be written: No such file or directory"):
        write_text("text", str(target.parent / "missing" / "cost.json"))
    with pytest.raises(SimdcError, match="cannot be written: Not a directory"):
        write_text("text", str(target / "cost.json"))
    assert list(target.parent.iterdir()) == [target]


def test_a_link_stays_a_link(target: Path) -> None:
    link, dangling, loop = (target.parent / name for name in ("link", "dangling", "loop"))
    link.symlink_to("cost.json")
    dangling.symlink_to("new.json")
    loop.symlink_to("loop")
    write_text("one", str(link))
    write_text("two", str(dangling))
    assert link.is_symlink()
    assert target.read_text() == "one"
    assert dangling.is_symlink()
    assert (target.parent / "new.json").read_text() == "two"
    with pytest.raises(SimdcError, match="cannot be written: "):
        write_text("three", str(loop))


def test_permissions_stay(target: Path) -> None:
    target.chmod(0o640)
    write_text("text", str(target))
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_text_that_has_no_bytes(target: Path) -> None:
    """Half a character, as a file name that is not UTF-8 leaves in a network's name."""
    write_text("a\udc80b", str(target))
    assert target.read_text() == "a\\udc80b"


def test_names_that_are_as_long_as_they_may_be(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 250)
    write_text("text", str(target))
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt(), ZeroDivisionError()])
def test_whoever_writes_piece_by_piece_leaves_the_old_file(failure: BaseException, target: Path) -> None:
    """Pictures and Parquet are written by other packages, into the stream that they are given."""

    def write_half() -> None:
        with open_whole(str(target)) as stream:
            stream.write(b"half")
            stream.flush()
            raise failure

    with pytest.raises(SimdcError if isinstance(failure, OSError) else type(failure)):
        write_half()
    assert target.read_text() == "precious"
    assert list(target.parent.iterdir()) == [target]
    with open_whole(str(target)) as stream:
        stream.write(b"whole")
    assert target.read_bytes() == b"whole"


@pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs matplotlib")
@pytest.mark.parametrize(
    "words",
    [
        "lenet5 --hw nv_small --model nvdla",
        "grow lenet5 --hw nv_small --model nvdla --steps 1",
        "validate nv_small",
        "explore lenet5 --space space.json",
    ],
)
def test_a_picture_is_whole_or_the_old_one(
    words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.figure import Figure  # pyright: ignore[reportMissingImports]

    def half(self: object, stream: BinaryIO, **options: object) -> None:
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    space = {"schema": "simdc-space/1", "base": "HI1", "fields": {"simd.lanes": [16, 32]}}
    (tmp_path / "space.json").write_text(json.dumps(space))
    (tmp_path / "p.png").write_bytes(b"precious")
    before = sorted(tmp_path.iterdir())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Figure, "savefig", half)
    assert main([*words.split(), "--plot", "p.png"]) == 1
    assert capsys.readouterr().err == "p.png: cannot be written: No space left on device\n"
    assert (tmp_path / "p.png").read_bytes() == b"precious"
    assert sorted(tmp_path.iterdir()) == before
