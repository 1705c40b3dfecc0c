"""Colours for the language: every example is read without a token that is wrong, and nothing is lost."""

from __future__ import annotations

import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

import simdc

pytest.importorskip("pygments")

from pygments.token import Keyword, Name, Number, Token

from simdc.frontends.dsl.highlight import KEYWORDS, NetworkLexer

ROOT = Path(__file__).parents[3]
GRAMMAR = Path(simdc.__file__).parent / "frontends/dsl/network.lark"


@pytest.mark.parametrize("path", sorted((ROOT / "examples/networks").glob("*.dsl")), ids=lambda path: path.stem)
def test_an_example_is_all_tokens(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tokens = list(NetworkLexer(stripnl=False, ensurenl=False).get_tokens(text))
    assert "".join(word for _, word in tokens) == text
    assert not [word for kind, word in tokens if kind is Token.Error]


def test_what_words_are() -> None:
    given = "network n(x: 3x8x8) { return conv(x, pad=1) }"
    kinds = {word: kind for kind, word in NetworkLexer().get_tokens(given)}
    assert kinds["network"] is kinds["return"] is Keyword
    assert kinds["3x8x8"] is kinds["1"] is Number
    assert kinds["conv"] is Name.Function
    assert kinds["pad"] is Name.Attribute
    assert kinds["x"] is Name


def test_the_keywords_are_those_of_the_grammar() -> None:
    quoted = re.findall(r'"([a-z]+)"', GRAMMAR.read_text(encoding="utf-8"))
    assert set(quoted) == set(KEYWORDS)


def test_pygments_finds_it_where_simdc_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert pkgutil.resolve_name(project["entry-points"]["pygments.lexers"]["dsl"]) is NetworkLexer
