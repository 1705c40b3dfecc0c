"""A JSON value that knows its place in the file (`layers[3].kernel`) and complains from there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import cast

from simdc.errors import SimdcError, suggestion
from simdc.frozen import Frozen
from simdc.ir.layer_error import MAX_SIZE

MAX_TEXT = 200
MAX_LISTED = 40
MAX_CANDIDATES = 1000


class JsonNode(Frozen):
    """Every method raises SimdcError when the value is not what it asks for."""

    value: object
    file: str
    path: str = ""

    def error(self, message: str) -> SimdcError:
        return SimdcError(message, file=self.file, path=self.path or None)

    def child(self, key: str) -> str:
        """The path of a key of this object."""
        shown = key[:80] if key.isprintable() else ascii(key[:80])
        return f"{self.path}.{shown}" if self.path else shown

    def fields(self) -> dict[str, object]:
        if not isinstance(self.value, dict):
            raise self.error(f"must be an object, got {describe(self.value)}")
        return cast("dict[str, object]", self.value)

    def get(self, key: str) -> JsonNode | None:
        fields = self.fields()
        return JsonNode(fields[key], self.file, self.child(key)) if key in fields else None

    def need(self, key: str, remedy: str = "") -> JsonNode:
        found = self.get(key)
        if found is None:
            raise SimdcError(f"missing{remedy}", file=self.file, path=self.child(key))
        return found

    def items(self) -> list[JsonNode]:
        if not isinstance(self.value, list):
            raise self.error(f"must be a list, got {describe(self.value)}")
        values = cast("list[object]", self.value)
        return [JsonNode(value, self.file, f"{self.path}[{index}]") for index, value in enumerate(values)]

    def text(self) -> str:
        value = self.value
        if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > MAX_TEXT:
            raise self.error(f"must be a printable text of 1 to {MAX_TEXT} characters, got {describe(value)}")
        return value

    def size(self) -> int:
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self.error(f"must be a positive whole number, got {describe(value)}")
        if value > MAX_SIZE:
            raise self.error(f"must be at most {MAX_SIZE}, got {value}")
        return value


def describe(value: object) -> str:
    """The value for a message, short."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def hint(word: str, known: Sequence[str], listing: str) -> str:
    """`; did you mean 'conv'?` when a known word is close, else `; {listing} conv, fc, ...`."""
    listed = ", ".join(known[:MAX_LISTED]) + (", ..." if len(known) > MAX_LISTED else "")
    return suggestion(word, list(known[-MAX_CANDIDATES:])) or f"; {listing} {listed}"
