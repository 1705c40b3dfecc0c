"""What made a report: which version of simdc, by which command, of which inputs. Plain records; on a module they stand
as `provenance.py` writes them."""

from __future__ import annotations

from simdc.named import NamedTuple


class InputFile(NamedTuple):
    """A file that was read. `role` is what it was read as (`network`, `hardware`), `name` what it was asked for by, and
    `sha256` the digest of its bytes. Files that it points to, such as an ONNX model's external data, are not in it."""

    role: str
    name: str
    sha256: str


class CommandRun(NamedTuple):
    """`command` has every word that the numbers depend on, and none that says how and where they are written."""

    simdc: str
    command: str
    inputs: tuple[InputFile, ...]
