"""Finished tasks on disk, one line each, so that a run that was interrupted continues where it stopped.

The first line names the format and the fingerprint of the job, each other line has the result of one task. A line is a
JSON object, a space, and the first 16 hex digits of the SHA-256 of fingerprint and object: `{"task": 3, ...} 0f1e...`.
A line whose checksum or content is wrong is skipped and its task priced again, so a disk that lies costs time, never a
number. Only one process at a time has the file open; each line is one append.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from base64 import b64decode, b64encode
from typing import Any

import numpy as np

from simdc.errors import SimdcError

from .pricing import Priced
from .tasks import Job

FORMAT = "simdc-explore-journal/2"
OLD_FORMAT = "simdc-explore-journal/1"
BEGINNING = b'{"journal": "simdc-explore-journal/'
# 64 bits: a damaged line passes by chance once in 1.8e19.
CHECK_DIGITS = 16


class Journal:
    """`finished` are the tasks that the file holds, by number; `remarks` tell what in it could not be used."""

    def __init__(self, path: str, job: Job):
        """Opens the file for further tasks. Raises SimdcError when it belongs to another exploration, or to one that
        is running."""
        self.path = path
        self.finished: dict[int, Priced] = {}
        self.remarks: list[str] = []
        self._job = job
        self._fingerprint = job.fingerprint()
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except (OSError, ValueError) as error:
            raise self._unusable(error) from None
        try:
            self._read()
        except BaseException as error:
            self.close()
            raise (self._unusable(error) if isinstance(error, OSError) else error) from None

    def append(self, number: int, priced: Priced) -> None:
        """Raises SimdcError when the disk is full: what was written before is kept."""
        values = priced.values
        self._write(
            {
                "task": number,
                "shape": values.shape,
                # Bits, not decimals: read back equal. 3 counts x 64 points x 8 bytes are 1,536 bytes, 2,048 letters.
                "values": b64encode(np.ascontiguousarray(values, "<f8").tobytes()).decode(),
                "refused": b64encode(np.ascontiguousarray(priced.refused, "<i8").tobytes()).decode(),
                "reasons": priced.reasons,
            }
        )

    def close(self) -> None:
        os.close(self._file)

    def _read(self) -> None:
        # A pipe or a terminal could be written, and never read again.
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            raise SimdcError("is not a regular file, and cannot keep an exploration", file=self.path)
        self._lock()
        with open(self._file, "rb", closefd=False) as stream:
            text = stream.read()
        # A whole file ends with a line break, so `cut` is empty: 'a\nb\nc' is lines a and b, and a c that was cut off.
        *lines, cut = text.split(b"\n")
        if lines:
            self._check_head(lines[0])
        elif not (cut.startswith(BEGINNING) or BEGINNING.startswith(cut)):
            raise SimdcError("is not a journal of simdc explore", file=self.path)
        elif cut:
            self.remarks.append("was cut off in its first line: the exploration begins anew")
        # Whoever wrote the line that was cut off is dead: this process has the lock.
        os.ftruncate(self._file, len(text) - len(cut))
        if not lines:
            self._write({"journal": FORMAT, "fingerprint": self._fingerprint})
        damaged: list[int] = []
        for place, line in enumerate(lines[1:], 2):
            # Line 1 is the head, so tasks are counted from line 2, as an editor does.
            found = self._task(line)
            if found is None:
                damaged.append(place)
            else:
                self.finished[found[0]] = found[1]
        if damaged:
            which = ", ".join(map(str, damaged[:5])) + (", ..." if len(damaged) > 5 else "")
            self.remarks.append(f"is damaged in {len(damaged)} of {len(lines)} lines ({which}): they are priced again")

    def _lock(self) -> None:
        """Held until the file is closed or the process ends. Where there are no such locks nobody waits for one."""
        try:
            import fcntl

            # Without waiting: two runs that append to one file would each price what the other does.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            return
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise SimdcError("is in use by another exploration that is running", file=self.path) from None

    def _check_head(self, line: bytes) -> None:
        if not line.startswith(BEGINNING):
            raise SimdcError("is not a journal of simdc explore", file=self.path)
        anew = "name a new file to begin anew"
        if line.startswith(f'{{"journal": "{OLD_FORMAT}"'.encode()):
            raise SimdcError(f"was written by an older simdc, whose lines have no checksum; {anew}", file=self.path)
        text, _, check = line.rpartition(b" ")
        try:
            head: Any = json.loads(text)
            theirs = str(head["fingerprint"])
        except (ValueError, KeyError, TypeError, RecursionError):
            theirs = ""
        if check.decode(errors="replace") != _checksum(text, theirs) or not text.startswith(
            f'{{"journal": "{FORMAT}"'.encode()
        ):
            raise SimdcError(f"is damaged in its first line; {anew}", file=self.path)
        if theirs != self._fingerprint:
            raise SimdcError(
                "was written by another exploration (space, networks, model and version of simdc must be the same); "
                + anew,
                file=self.path,
            )

    def _task(self, line: bytes) -> tuple[int, Priced] | None:
        """The task of a line; None for a line that cannot be believed."""
        text, _, check = line.rpartition(b" ")
        if check.decode(errors="replace") != _checksum(text, self._fingerprint):
            return None
        try:
            data: Any = json.loads(text)
            number = int(data["task"])
            values = np.frombuffer(b64decode(data["values"]), "<f8").reshape(data["shape"]).astype(np.float64)
            refused = np.frombuffer(b64decode(data["refused"]), "<i8").astype(np.int64)
            priced = Priced(values, refused, tuple((str(layer), str(buffer)) for layer, buffer in data["reasons"]))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None
        # A right checksum tells who wrote it, not that the numbers can be: shape and signs are looked at, too.
        return (number, priced) if self._job.accepts(number, priced) else None

    def _write(self, data: dict[str, object]) -> None:
        text = json.dumps(data).encode()
        line = b"%b %b\n" % (text, _checksum(text, self._fingerprint).encode())
        try:
            while line:
                # The system may take part of a line only, as on a disk that fills up.
                line = line[os.write(self._file, line) :]
        except OSError as error:
            raise SimdcError(
                f"cannot be written: {error.strerror}; what it holds is not lost, the same command goes on from there",
                file=self.path,
            ) from None

    def _unusable(self, error: OSError | ValueError) -> SimdcError:
        reason = error.strerror if isinstance(error, OSError) else error
        return SimdcError(f"cannot be used: {reason}", file=self.path)


def _checksum(text: bytes, fingerprint: str) -> str:
    return hashlib.sha256(fingerprint.encode() + b"\n" + text).hexdigest()[:CHECK_DIGITS]
