"""Errors in a network text before they know their file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from simdc.errors import suggestion

Place = tuple[int, int]
"""Line and column, both from 1."""

MAX_CANDIDATES = 1000
MAX_LISTED = 40


class DslError(Exception):
    """Something wrong at one place of a network text. `parse_dsl` turns it into a SimdcError."""

    def __init__(self, message: str, place: Place):
        super().__init__(message)
        self.message = message
        self.place = place


def similar(word: str, known: Iterable[str]) -> str:
    """`suggestion`, looking at so many known words that it stays quick."""
    return suggestion(word, list(known)[-MAX_CANDIDATES:])


def listing(items: Sequence[str], last: str = "and") -> str:
    """`["a", "b", "c"]` as `a, b and c`; `nothing` if there is none."""
    if len(items) > MAX_LISTED:
        items = [*items[:MAX_LISTED], f"{len(items) - MAX_LISTED} more"]
    return f" {last} ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else "nothing"


def shorten(text: str) -> str:
    """`text` fit to stand in a message: printable and not long."""
    shown = text if len(text) <= 40 else text[:37] + "..."
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in shown)
