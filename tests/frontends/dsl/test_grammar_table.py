"""The kept table reads texts as Lark reads them by the grammar: the same trees, the same errors at the same places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark import Token as LarkToken
from lark import Tree, UnexpectedInput, UnexpectedToken

from simdc.frontends.dsl import lalr

from .grammar_table import TABLE, lark_parser, table_text

EXAMPLES = sorted((Path(__file__).parents[3] / "examples/networks").glob("*.dsl"))
LARK = lark_parser()
WORDS = (
    *("network", "block", "repeat", "if", "else", "as", "return", "true", "false", "and", "or", "not", "truest", "as_"),
    *("x", "name", "_", "3", "3x8x8", "1e-4", "1.5", "2e", '"a{i}"', '"', "'", "é", ";", "!", "\x00"),
    *("(", ")", "[", "]", "{", "}", ",", ":", "=", "==", "->", "<", ">=", "//", "/", "%", "-", "+", "*"),
)
SPACES = ("", " ", "\n", "\t", "\r\n", " # said\n", "#", "\n\n  ")


class Named:
    """Every method gives what it was called with, under its name."""

    def __getattr__(self, name: str) -> Any:
        return lambda children: (name, children)


def by_table(text: str) -> Any:
    table = lalr.GrammarTable(TABLE.read_text(encoding="utf-8"))
    try:
        return _plain(table.parse(table.tokens(text), Named()))
    except lalr.UnexpectedToken as error:
        token = error.token
        place = () if token.kind == lalr.END else (str(token), token.line, token.column)
        return "token", token.kind, *place, sorted(error.expected)
    except lalr.UnknownCharacter as error:
        return "character", error.offset, error.line, error.column


def by_lark(text: str) -> Any:
    try:
        return _plain(LARK.parse(text))
    except UnexpectedToken as error:
        token: Any = error.token
        place = () if token.type == lalr.END else (str(token), token.line, token.column)
        return "token", token.type, *place, sorted(error.accepts or ())
    except UnexpectedInput as error:
        return "character", error.pos_in_stream, error.line, error.column


def _plain(value: Any) -> Any:
    if isinstance(value, Tree):
        return str(value.data), [_plain(each) for each in value.children]
    if isinstance(value, LarkToken):
        return value.type, str(value), value.line, value.column
    if isinstance(value, lalr.Word):
        return value.kind, str(value), value.line, value.column
    return value[0], [_plain(each) for each in value[1]]


def test_the_table_is_the_grammars() -> None:
    assert TABLE.read_text(encoding="utf-8") == table_text(), "python -m tests.frontends.dsl.grammar_table"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_have_the_trees_of_lark(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert by_table(text) == by_lark(text)


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SPACES)), max_size=30))
def test_any_words_are_read_as_lark_reads_them(words: list[tuple[str, str]]) -> None:
    text = "".join(word + space for word, space in words)
    assert by_table(text) == by_lark(text)


@given(
    st.sampled_from(EXAMPLES[:12]),
    st.floats(0, 1),
    st.floats(0, 0.05),
    st.lists(st.sampled_from([*WORDS, *SPACES]), max_size=3),
)
def test_mistakes_in_examples_are_found_where_lark_finds_them(
    path: Path, where: float, cut: float, put: list[str]
) -> None:
    text = path.read_text(encoding="utf-8")
    first = int(where * len(text))
    text = text[:first] + " ".join(put) + text[first + int(cut * len(text)) :]
    assert by_table(text) == by_lark(text)


def test_lists_of_statements_grow_in_place() -> None:
    """So a long body takes time by its length, and not by the square of it."""
    rule = lalr.Rule("__body_star_2", 2, [0, 1], [0], "", False)
    grown = ["first"]
    assert lalr._taken(rule, [grown, "second"]) is grown == ["first", "second"]
