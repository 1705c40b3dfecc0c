"""Finished tasks on disk, one line each, so that a run that was interrupted continues where it stopped."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from simdc.errors import SimdcError

from .pricing import Priced

FORMAT = "simdc-explore-journal/1"


class Journal:
    """Lines are written whole and at once; one that was cut off when its writer died is ignored."""

    def __init__(self, path: str, fingerprint: str):
        """Opens the file for further tasks. Raises SimdcError when it belongs to another exploration."""
        self.path = path
        self.finished: dict[int, Priced] = {}
        """Tasks that the file holds, by number."""
        try:
            text = Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""
            whole = text[: text.rfind("\n") + 1]
            lines = whole.splitlines()
            if lines:
                self._check(lines[0], fingerprint)
                self.finished = dict(_task(line) for line in lines[1:])
            elif text:
                raise SimdcError("is not a journal of simdc explore", file=path)
            self._stream: TextIO = open(path, "a", encoding="utf-8")  # noqa: SIM115  # closed by close()
            self._stream.truncate(len(whole.encode()))
        except OSError as error:
            raise SimdcError(f"cannot be used: {error.strerror}", file=path) from None
        except (ValueError, KeyError, TypeError, UnicodeDecodeError):
            raise SimdcError("is not a journal of simdc explore, or is damaged", file=path) from None
        if not whole:
            self._write({"journal": FORMAT, "fingerprint": fingerprint})

    def _check(self, line: str, fingerprint: str) -> None:
        header: Any = json.loads(line)
        if header["journal"] != FORMAT:
            raise ValueError(header["journal"])
        if header["fingerprint"] != fingerprint:
            raise SimdcError(
                "was written by another exploration (space, networks, model and version of simdc must be the same); "
                "name a new file to begin anew",
                file=self.path,
            )

    def append(self, number: int, priced: Priced) -> None:
        values = priced.values
        self._write(
            {
                "task": number,
                "shape": values.shape,
                "values": b64encode(np.ascontiguousarray(values, "<f8").tobytes()).decode(),
                "refused": b64encode(np.ascontiguousarray(priced.refused, "<i8").tobytes()).decode(),
                "reasons": priced.reasons,
            }
        )

    def close(self) -> None:
        self._stream.close()

    def _write(self, data: dict[str, Any]) -> None:
        self._stream.write(json.dumps(data) + "\n")
        self._stream.flush()


def _task(line: str) -> tuple[int, Priced]:
    data: Any = json.loads(line)
    values = np.frombuffer(b64decode(data["values"]), "<f8").reshape(data["shape"]).astype(np.float64)
    refused = np.frombuffer(b64decode(data["refused"]), "<i8").astype(np.int64)
    return int(data["task"]), Priced(values, refused, tuple((layer, buffer) for layer, buffer in data["reasons"]))
