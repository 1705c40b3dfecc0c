"""What was read, byte for byte, for whoever has to say so: the report names its inputs by their digests.

Front ends read in several places and give back networks, so whoever wants to know listens while they do.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from simdc.digests import sha256_digits
from simdc.errors import SimdcError
from simdc.ir.runs import InputFile

_listener: ContextVar[Callable[[bytes, str], None] | None] = ContextVar("_listener", default=None)


@contextmanager
def inputs_read(role: str, name: str) -> Generator[list[InputFile]]:
    """A list of what is read inside the block, under the name that it was asked for by. Files that an ONNX model points
    to are not in it."""
    found: list[InputFile] = []
    token = _listener.set(lambda data, own: found.append(InputFile(role, own or name, sha256_digits(data))))
    try:
        yield found
    finally:
        _listener.reset(token)


def was_read(data: bytes, name: str = "") -> None:
    """To be called with every input, whole and as it came. Something that nobody asked for by name has a `name`."""
    if (tell := _listener.get()) is not None:
        tell(data, name)


def was_read_elsewhere(path: str) -> None:
    """For a file that code of others has read: its bytes as they are now. A pipe cannot be read again."""
    if _listener.get() is not None and Path(path).is_file():
        was_read(Path(path).read_bytes())


@contextmanager
def readable(file: str) -> Generator[None]:
    """What the system refuses inside the block is a SimdcError about `file`."""
    try:
        yield
    except FileNotFoundError:
        raise SimdcError("there is no such file", file=file) from None
    except IsADirectoryError:
        raise SimdcError("is a directory, expected a file", file=file) from None
    except OSError as error:
        raise SimdcError(f"cannot be read: {error.strerror or error}", file=file) from None
