"""Text and JSON files. Whatever is wrong with one is a SimdcError at its line and column."""

from __future__ import annotations

import json
import re
import sys
from math import isfinite
from pathlib import Path
from typing import NoReturn, TextIO, cast

from simdc.errors import SimdcError

from .reads import readable, was_read

MAX_NESTING = 64
"""Objects and lists open at one place of a JSON text; keeps Python's own stack well below its limit."""
MAX_VALUES = 500_000
"""Of a JSON text, counted by its commas and brackets before anything is made of them: each takes up to 250 bytes."""
MAX_TEXT_BYTES = 64 * 2**20
"""Of a text in memory, where one character beyond the Basic Multilingual Plane makes all of them four bytes wide."""
MAX_DIGITS = 40
"""Of a whole number; no size or count comes near it."""

NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
STDIN = "-"
TOKEN = rf'"(?:[^"\\]|\\.)*"(\s*:)?|-?Infinity|NaN|{NUMBER}|[\[\]{{}}]'


class _Refused(Exception):
    """Something that Python's JSON reader takes and JSON, or this program, does not."""


BYTECODE = b"ML\xefR"
"""How a module begins that is no text."""


def read_text(path: str, limit_bytes: int, name: str = "") -> str:
    """The UTF-8 text of a file, or of standard input (`-`), without a byte order mark. `name` is what reports call a
    file that another one names. Raises SimdcError."""
    with readable(name_of(path)):
        data = _read_bytes(path, limit_bytes + 1)
    if len(data) > limit_bytes:
        raise SimdcError(f"is larger than the limit of {limit_bytes} bytes", file=name_of(path))
    was_read(data, name)
    if data.startswith(BYTECODE):
        raise SimdcError("is MLIR bytecode; write it as text: mlir-opt --mlir-print-op-generic", file=name_of(path))
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        found = data[error.start]
        raise SimdcError(f"is not UTF-8 text: byte {error.start} is 0x{found:02x}", file=name_of(path)) from None


def name_of(path: str) -> str:
    """What messages call the file."""
    return "<stdin>" if path == STDIN else path


def _read_bytes(path: str, limit_bytes: int) -> bytes:
    if "\0" in path:
        raise SimdcError("cannot be read: no file's name holds a zero byte", file=path)
    if path != STDIN:
        with Path(path).open("rb") as file:
            return file.read(limit_bytes)
    stream: TextIO | None = sys.stdin
    if stream is None:
        raise SimdcError("standard input is closed", file=name_of(path))
    return stream.buffer.read(limit_bytes)


def parse_json(text: str, file: str) -> object:
    """The value that a JSON text stands for. `file` is for messages. Raises SimdcError.

    Stricter than Python: no duplicate keys, no NaN or Infinity, nothing that has no float or no UTF-8 form.
    """
    if sum(map(text.count, ",[{")) > MAX_VALUES or sys.getsizeof(text) > MAX_TEXT_BYTES:
        limits = f"{MAX_VALUES} values and {MAX_TEXT_BYTES} bytes in memory"
        raise SimdcError(f"the JSON text is larger than the limit of {limits}", file=file)
    try:
        data = json.loads(
            text, object_pairs_hook=_object, parse_constant=_refuse, parse_int=_whole_number, parse_float=_real_number
        )
    except json.JSONDecodeError as error:
        _syntax_error(error, text, file)
    except (_Refused, RecursionError):
        raise _first_fault(text, file) from None
    if _nested_too_deeply(data) or ("\\u" in text and re.search(r"\\u[dD][89a-fA-F]", text) and _has_surrogate(data)):
        raise _first_fault(text, file)
    return data


def parse_object(text: str, file: str) -> dict[str, object]:
    """As `parse_json`, for a text that must be an object."""
    data = parse_json(text, file)
    if not isinstance(data, dict):
        kind = "a list" if isinstance(data, list) else "a single value"
        raise SimdcError(f"must hold a JSON object, found {kind}", file=file)
    return cast("dict[str, object]", data)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _Refused
    return result


def _refuse(_: str) -> NoReturn:
    raise _Refused


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _Refused
    return int(digits)


def _real_number(digits: str) -> float:
    value = float(digits)
    if not isfinite(value):
        raise _Refused
    return value


def _nested_too_deeply(data: object) -> bool:
    level: list[object] = [data]
    for _ in range(MAX_NESTING + 1):
        below: list[object] = []
        for each in level:
            if isinstance(each, dict):
                below += cast("dict[str, object]", each).values()
            elif isinstance(each, list):
                below += cast("list[object]", each)
        if not below:
            return False
        level = below
    return True


def _has_surrogate(data: object) -> bool:
    return re.search("[\ud800-\udfff]", json.dumps(data, ensure_ascii=False)) is not None


def _syntax_error(error: json.JSONDecodeError, text: str, file: str) -> NoReturn:
    if not text.strip():
        raise SimdcError("is empty, expected JSON", file=file) from None
    at_end = error.pos >= len(text.rstrip())
    message = "the JSON text ends too early" if at_end else f"not valid JSON: {error.msg[0].lower()}{error.msg[1:]}"
    raise error_at(error.pos, message, text, file) from None


def _first_fault(text: str, file: str) -> SimdcError:
    """Finds the place of what the fast reader refused, in a text that is syntactically JSON up to there."""
    open_objects: list[set[str] | None] = []
    for token in re.finditer(TOKEN, text):
        word, at = token[0], token.start()
        if word in ("{", "["):
            open_objects.append(set() if word == "{" else None)
            if len(open_objects) > MAX_NESTING:
                return error_at(at, f"nested deeper than {MAX_NESTING} levels", text, file)
        elif word in ("}", "]"):
            open_objects.pop()
        elif word in ("NaN", "Infinity", "-Infinity"):
            return error_at(at, f"{word} is not a JSON number", text, file)
        elif word[0] != '"':
            if word.lstrip("-").isdigit() and len(word) > MAX_DIGITS:
                return error_at(at, f"the number has more than {MAX_DIGITS} digits", text, file)
            if not isfinite(float(word)):
                return error_at(at, "the number is too large", text, file)
        else:
            name = json.loads(word.removesuffix(token[1]) if token[1] else word, strict=False)
            if _has_surrogate(name):
                return error_at(at, "the string holds half a character (an unpaired surrogate)", text, file)
            if token[1] and open_objects and (keys := open_objects[-1]) is not None:
                if name in keys:
                    return error_at(at, f"the key '{name[:80]}' stands twice in one object", text, file)
                keys.add(name)
    return SimdcError("not valid JSON", file=file)


def error_at(position: int, message: str, text: str, file: str, path: str | None = None) -> SimdcError:
    """An error at a place of the text, of the value at `path` if that is known."""
    begin = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    source = text[begin : end if end >= 0 else len(text)].rstrip("\r")
    visible = "".join(character if character.isprintable() else " " for character in source)
    line = text.count("\n", 0, position) + 1
    return SimdcError(message, file=file, line=line, column=position - begin + 1, source_line=visible, path=path)
