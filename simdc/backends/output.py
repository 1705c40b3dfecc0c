"""Writes results: to a stream, or to a file that is whole or untouched."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from simdc.errors import SimdcError


def write_text(text: str, target: str | None) -> None:
    """Write to the file `target`, replacing it in one step, or to standard output. Raises SimdcError."""
    if target is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    path = Path(target)
    if path.is_dir():
        raise SimdcError("is a directory; name a file to write to", file=target)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", text=True)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise SimdcError(f"cannot be written: {error.strerror}", file=target) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
