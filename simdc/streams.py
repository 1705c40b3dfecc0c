"""Standard output and standard error: whatever their state is, nothing ends in a traceback."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from .errors import SimdcError
from .terminal import is_colourful, painted, painted_message
from .visible import visible


def write_out(text: str) -> None:
    """Write to standard output. Raises SimdcError, or BrokenPipeError when its reader has left."""
    stream: TextIO | None = sys.stdout
    if stream is None:
        raise SimdcError("standard output is closed; name a file with -o")
    encoding = stream.encoding or "utf-8"
    try:
        shown = visible(text)
        shown = painted(shown) if is_colourful(stream) else shown
        stream.write(shown.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        mute(stream)
        raise SimdcError(f"standard output cannot be written: {error.strerror}") from None


def say(line: str) -> None:
    """A line on standard error; where that is closed or full there is nobody to tell."""
    stream: TextIO | None = sys.stderr
    if stream is None:
        return
    try:
        shown = visible(line)
        print(painted_message(shown) if is_colourful(stream) else shown, file=stream, flush=True)
    except OSError:
        mute(stream)


def mute(stream: TextIO | None) -> None:
    """Let what is left in the buffer go nowhere: it would fail again when the interpreter ends."""
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
