"""The network language for Pygments, which finds it by the name `dsl`: websites, notebooks and terminals colour it."""

from __future__ import annotations

from typing import ClassVar

from pygments.lexer import RegexLexer, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace

__all__ = ["NetworkLexer"]
"""Pygments asks for it."""

KEYWORDS = ("network", "block", "repeat", "as", "if", "else", "return")
SIZE = r"[0-9]+x[0-9x]*[0-9]"


class NetworkLexer(RegexLexer):
    """Tokens as `network.lark` has them; a name before a bracket is a layer or a block."""

    name = "simdc network"
    aliases = ("dsl", "simdc")
    filenames = ("*.dsl",)
    tokens: ClassVar = {
        "root": [
            (r"\s+", Whitespace),
            (r"#[^\n]*", Comment.Single),
            (r'"[^"\n]*"', String.Double),
            (words(KEYWORDS, prefix=r"\b", suffix=r"\b"), Keyword),
            (r"\b(true|false)\b", Keyword.Constant),
            (r"\b(and|or|not)\b", Operator.Word),
            (SIZE, Number),
            (r"[0-9][0-9A-Za-z_.]*((?<=[eE])[+-][0-9]+)?", Number),
            (r"[A-Za-z_][A-Za-z_0-9]*(?=\s*=[^=])", Name.Attribute),
            (r"[A-Za-z_][A-Za-z_0-9]*(?=\s*\()", Name.Function),
            (r"[A-Za-z_][A-Za-z_0-9]*", Name),
            (r"->|==|!=|<=?|>=?|\+|\*|//?|%|-|=", Operator),
            (r"[][(){},:]", Punctuation),
        ]
    }
