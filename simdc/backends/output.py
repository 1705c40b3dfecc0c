"""Writes results: to standard output, or to a file that is whole or untouched."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from simdc.errors import SimdcError, UsageError
from simdc.streams import write_out
from simdc.terminal import width
from simdc.visible import visible

PIECE = 2**20
STDOUT = "-"
SUFFIXES = {"md": "markdown"}
"""Formats by suffixes that are not their names."""


def choose_format(
    given: str | None, target: str | None, formats: Sequence[str], plugged: Callable[[], Sequence[str]] = tuple
) -> str:
    """The format of what goes to `target`: the one that is given, else the one that the suffix names, else `table`.

    `plugged` has the names of formats that plug-ins add; it is asked when none of `formats` is meant. Raises UsageError
    where suffix and given format contradict each other, and for a suffix that names no format.
    """
    suffix = "" if target in (None, STDOUT) else Path(target or "").suffix.lower().removeprefix(".")
    suffix = SUFFIXES.get(suffix, suffix)
    if suffix in ("", "txt", given):
        return given or "table"
    if suffix in formats or suffix in plugged():
        if given is None:
            return suffix
        raise UsageError(f"-o {target}: the suffix contradicts --format {given}")
    if given is not None:
        return given
    known = [f".{name}" for name in (*formats, *plugged()) if name != "table"]
    remedy = f"; {', '.join(known)} or .txt, or choose with --format" if known else ": it is a table, name it .txt"
    page = "; `simdc report` writes pages" if suffix in ("html", "htm") else ""
    raise UsageError(f"-o {target}: there is no format '{suffix}'{remedy}{page}")


def check_files(outputs: Sequence[str | None], inputs: Iterable[str] = ()) -> None:
    """Before the work begins: raise UsageError where one of `outputs`, None for standard output, would replace one of
    the files that are read, or two of them are one file, of which only the last would stay."""
    sources, taken = list(inputs), set[str]()
    for target in outputs:
        refuse_overwriting(target, sources)
        if target in (None, STDOUT):
            continue
        path = os.path.realpath(target)
        # Not a device or pipe: that takes one after the other.
        if path in taken and (os.path.isfile(path) or not os.path.exists(path)):
            raise UsageError(f"two results would be written to {target}; name another file")
        taken.add(path)


def refuse_overwriting(target: str | None, inputs: Iterable[str]) -> None:
    """Raise UsageError where writing to the file `target` would replace one of the files that are read."""
    for source in inputs:
        with suppress(OSError, ValueError):
            if target is not None and stat.S_ISREG(os.stat(target).st_mode) and os.path.samefile(target, source):
                raise UsageError(f"{target} would be written over '{source}', which is read; name another file")


def width_of(target: str | None) -> int | None:
    """How wide tables may be that go to `target`: as the terminal, where it is one."""
    return width() if target in (None, STDOUT) else None


def write_text(text: str, target: str | None) -> None:
    """Write to the file `target`, as `open_whole`, or to standard output (None or `-`). Raises SimdcError."""
    if target is None or target == STDOUT:
        write_out(text)
        return
    with open_whole(target) as stream:
        # Piece by piece: a deep network's report is large enough to be held only once.
        for begin in range(0, len(text), PIECE):
            stream.write(visible(text[begin : begin + PIECE]).encode(errors="backslashreplace"))


@contextmanager
def open_whole(target: str) -> Generator[BinaryIO]:
    """A stream whose bytes replace the file `target` in one step when all are written; before that, and where anything
    fails, the file is untouched. Raises SimdcError for a file that cannot be written.

    A link stays a link: the file that it leads to is replaced. A device or pipe is written as it is.
    """
    path = Path(os.path.realpath(target))
    try:
        mode = _mode(path)
        if mode is not None and stat.S_ISDIR(mode):
            raise SimdcError("is a directory; name a file to write to", file=target)
        if mode is not None and not stat.S_ISREG(mode):
            with path.open("wb") as stream:
                yield stream
            return
        # Half of all reports are printed, and need none of it.
        import tempfile

        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                yield stream
            os.chmod(temporary, 0o666 & ~_umask() if mode is None else stat.S_IMODE(mode))
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SimdcError(f"cannot be written: {reason}", file=target) from None


def _mode(path: Path) -> int | None:
    """Kind and permissions of what is there, None for nothing."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
