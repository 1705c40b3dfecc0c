"""The gate for text that leaves: no byte of a name steers a terminal, no cell of CSV is a formula."""

from __future__ import annotations

import csv
import unicodedata
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simdc.errors import SimdcError, caret_excerpt
from simdc.visible import spreadsheet_text, visible

KEPT = {"\n", "\t"}
TURNS = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Unicode's characters with the property Bidi_Control."""


@given(st.text() | st.text(st.sampled_from(["\x1b", "\x07", "\x9b", "\u202e", "\u2028", "\r", "\x00", "a", "\n"])))
def test_nothing_is_left_that_steers(text: str) -> None:
    shown = visible(text)
    assert not [one for one in shown if one not in KEPT and unicodedata.category(one) in ("Cc", "Zl", "Zp")]
    assert not TURNS & set(shown)
    if text.isprintable():
        assert shown == text


def test_what_is_masked_can_be_read() -> None:
    assert visible("a\x1b[2Jb\u202e\x85") == "a\\x1b[2Jb\\u202e\\x85"
    assert visible("tab\tand\nline, é, 畳み込み") == "tab\tand\nline, é, 畳み込み"


def test_errors_are_masked_and_carets_stay_in_place() -> None:
    error = SimdcError("no\x07", file="a\x1b]0;x\x07.dsl", line=1, column=5, source_line="x\x1b[2 cnov(")
    assert str(error) == "a\\x1b]0;x\\x07.dsl:1:5: error: no\\x07\n  x [2 cnov(\n      ^"
    assert caret_excerpt("ab\tc\x00d", 5) == "  ab c d\n      ^"


@given(st.text(max_size=5) | st.text(st.sampled_from("=+-@\t\r1a'"), max_size=5))
def test_no_cell_is_a_formula(text: str) -> None:
    stream = StringIO()
    csv.writer(stream).writerow([spreadsheet_text(text)])
    (row,) = csv.reader(StringIO(stream.getvalue(), newline=""))
    assert row[0].removeprefix("'") == text.removeprefix("'")
    assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("name", ["conv1", "1", "'quoted", "a=b", ""])
def test_other_cells_stay(name: str) -> None:
    assert spreadsheet_text(name) == name
