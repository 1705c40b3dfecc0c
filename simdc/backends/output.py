"""Writes results: to a stream, or to a file that is whole or untouched."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

from simdc.errors import SimdcError

PIECE = 2**20


def write_text(text: str, target: str | None) -> None:
    """Write to the file `target`, replacing it in one step, or to standard output. Raises SimdcError.

    A link stays a link: the file that it leads to is replaced. A device or pipe is written as it is.
    """
    if target is None:
        _print(text)
        return
    path = Path(os.path.realpath(target))
    try:
        mode = _mode(path)
        if mode is not None and stat.S_ISDIR(mode):
            raise SimdcError("is a directory; name a file to write to", file=target)
        if mode is not None and not stat.S_ISREG(mode):
            with path.open("wb") as stream:
                _write(text, stream)
            return
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                _write(text, stream)
            os.chmod(temporary, 0o666 & ~_umask() if mode is None else stat.S_IMODE(mode))
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SimdcError(f"cannot be written: {reason}", file=target) from None


def _write(text: str, stream: BinaryIO) -> None:
    """Piece by piece: a deep network's report is large enough to be held only once."""
    for begin in range(0, len(text), PIECE):
        stream.write(text[begin : begin + PIECE].encode(errors="backslashreplace"))


def _print(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is left in the buffer would fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SimdcError(f"standard output cannot be written: {error.strerror}") from None


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
