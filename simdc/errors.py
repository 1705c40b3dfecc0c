"""Errors that are shown to the person at the keyboard, with a place and a remedy."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .visible import HIDDEN, visible

CARET_WINDOW = 100


class SimdcError(Exception):
    """Something the user can mend. `str()` is the whole message, ready to print: no control character is left in it.

    Text inputs give `line` and `column` (1-based) and the offending `source_line`; structured inputs give `path`,
    the place inside the file (`systolic.buffers.weight_bits`, `layers[3].kernel`).
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        source_line: str | None = None,
        path: str | None = None,
    ):
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.source_line = source_line
        self.path = path

    def __str__(self) -> str:
        place = self.file or ""
        if self.line is not None:
            place += f":{self.line}" + (f":{self.column}" if self.column is not None else "")
        parts = [part for part in (place, self.path) if part]
        text = ": ".join([*parts, f"error: {self.message}" if self.line is not None else self.message])
        if self.source_line is not None and self.column is not None:
            text += "\n" + caret_excerpt(self.source_line, self.column)
        return visible(text)


class SimdcErrors(SimdcError):
    """Several of them, told at once. Its own place is that of the first. Raises ValueError for none."""

    def __init__(self, errors: Sequence[SimdcError]):
        if not errors:
            raise ValueError("no errors")
        first = errors[0]
        super().__init__(
            first.message,
            file=first.file,
            line=first.line,
            column=first.column,
            source_line=first.source_line,
            path=first.path,
        )
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


class UsageError(SimdcError):
    """The command line itself is wrong: exit code 2. `program` is the command as it is called, `simdc verify`."""

    def __init__(self, message: str, *, program: str = "simdc"):
        super().__init__(message)
        self.program = program


def caret_excerpt(source_line: str, column: int) -> str:
    """The source line with a caret below `column`, cut to a window around it when the line is long."""
    start = max(0, column - 1 - CARET_WINDOW // 2)
    # One character stays one: the caret stands below its column.
    excerpt = re.sub(HIDDEN, " ", source_line[start : start + CARET_WINDOW].expandtabs(1))
    return f"  {excerpt}\n  {' ' * (column - 1 - start)}^"


def suggestion(word: str, known: list[str]) -> str:
    """`"; did you mean 'stride'?"` when a known word is close, else the empty string."""
    import difflib

    close = difflib.get_close_matches(word[:80], known, n=1)
    return f"; did you mean '{close[0]}'?" if close else ""
