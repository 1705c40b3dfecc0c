"""What is refused in a file before anybody asks what it means."""

from __future__ import annotations

from pathlib import Path

import pytest

from simdc.errors import SimdcError
from simdc.frontends.json_text import MAX_DIGITS, MAX_NESTING, parse_json, parse_object, read_text


def message(text: str) -> str:
    with pytest.raises(SimdcError) as caught:
        parse_json(text, "f.json")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ('{"a": 1,\n "b": }', "2:7", "expecting value"),
        ('{"a": 1', "1:8", "ends too early"),
        ('{"a": 1}\n x', "2:2", "extra data"),
        ('{"a": 1,\n "a": 2}', "2:2", "the key 'a' stands twice in one object"),
        ('{"a": {"b": 1},\n "c": {"b": 1, "\\u0062": 2}}', "2:16", "the key 'b' stands twice in one object"),
        ('{"a": NaN}', "1:7", "NaN is not a JSON number"),
        ('{"a": ["Infinity", -Infinity]}', "1:20", "-Infinity is not a JSON number"),
        ('{"a": 1e999}', "1:7", "the number is too large"),
        ('{"a": -' + "9" * 5000 + "}", "1:7", f"more than {MAX_DIGITS} digits"),
        ("[" * 100_000, f"1:{MAX_NESTING + 1}", f"nested deeper than {MAX_NESTING} levels"),
        ("[" * 80 + "]" * 80, f"1:{MAX_NESTING + 1}", f"nested deeper than {MAX_NESTING} levels"),
        ('{"a":' * 70 + "1" + "}" * 70, f"1:{5 * MAX_NESTING + 1}", f"nested deeper than {MAX_NESTING} levels"),
        ('["\\ud800"]', "1:2", "unpaired surrogate"),
        ('{"\\udfff": 1}', "1:2", "unpaired surrogate"),
    ],
)
def test_place_of_a_fault(text: str, place: str, says: str) -> None:
    found = message(text)
    assert found.startswith(f"f.json:{place}: error: ")
    assert says in found


def test_source_line_and_caret() -> None:
    lines = message('{\n\t"a": 1\x1b[31m,\n}').split("\n")
    assert lines[1:] == ['   "a": 1 [31m,', "         ^"]


def test_empty_text() -> None:
    assert message(" \n") == "f.json: is empty, expected JSON"


def test_what_is_fine() -> None:
    deep = "[" * MAX_NESTING + "1" + "]" * MAX_NESTING
    assert parse_json(f'{{"a": {{"b": 1}}, "b": 1, "c": "\\ud83d\\ude00 NaN [[", "d": {"9" * MAX_DIGITS}}}', "f") == {
        "a": {"b": 1},
        "b": 1,
        "c": "\U0001f600 NaN [[",
        "d": int("9" * MAX_DIGITS),
    }
    assert parse_json(deep, "f") is not None


@pytest.mark.parametrize(("text", "found"), [("[1]", "a list"), ("3", "a single value"), ("null", "a single value")])
def test_top_level_must_be_an_object(text: str, found: str) -> None:
    with pytest.raises(SimdcError, match=f"^f.json: must hold a JSON object, found {found}$"):
        parse_object(text, "f.json")


def test_read_text(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_bytes(b"\xef\xbb\xbf{}")
    assert read_text(str(path), 5) == "{}"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "f.json"

    def error(source: Path | str, limit_bytes: int = 10) -> str:
        with pytest.raises(SimdcError) as caught:
            read_text(str(source), limit_bytes)
        return str(caught.value)

    assert error(path) == f"{path}: there is no such file"
    assert error(tmp_path) == f"{tmp_path}: is a directory, expected a file"
    assert "cannot be read" in error("x" * 5000)
    assert "cannot be read" in error("a\0b")
    path.write_bytes(b"ab\xff")
    assert error(path) == f"{path}: is not UTF-8 text: byte 2 is 0xff"
    path.write_bytes(b"0123456789A")
    assert error(path) == f"{path}: is larger than the limit of 10 bytes"
