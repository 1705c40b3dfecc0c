"""IR text to tokens: those of xDSL's lexer, with a few repairs, and most of them in one step."""

from __future__ import annotations

import re

from xdsl.utils.exceptions import ParseError
from xdsl.utils.lexer import Position, Span, Token
from xdsl.utils.mlir_lexer import MLIRLexer, MLIRToken, MLIRTokenKind, StringLiteral

WIDE_TYPE = re.compile(r"[su]?i0*[1-9][0-9]{7,}")
SUFFIX = r"(?:[0-9]+|[a-zA-Z$._-][a-zA-Z0-9$._-]*)"
COMMON = re.compile(
    r"(?:[ \t\n\r\f\v]|//[^\n]*)*+"
    r"(?:(?P<BARE_IDENT>[a-zA-Z_][a-zA-Z0-9_$.]*)"
    r"|(?P<PUNCTUATION>[:,()}\[\]<>=+*?|]|->?|\{(?!-#))"
    rf"|(?P<PERCENT_IDENT>%{SUFFIX})"
    r"|(?P<FLOAT_LIT>[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<INTEGER_LIT>(?!0x)[0-9]+)"
    r'|(?P<STRING_LIT>"[^"\\\n\v\f]*")'
    rf"|(?P<HASH_IDENT>#(?!-\}}){SUFFIX}))"
)
"""White space and comments, then a token of a kind that is often met: where it matches, what xDSL's lexer finds."""
KINDS = {kind.value if isinstance(kind.value, str) else kind.name: kind for kind in MLIRTokenKind}
"""By what the text of punctuation is, and by the names of the others."""


class IRLexer(MLIRLexer):
    """Reads every string that the printer writes, and a string without an end in no time; refuses integer types so
    wide that their range alone fills the memory.

    xDSL 0.74 takes a string with escapes beyond ASCII, such as the name "gr\\C3\\B6\\C3\\9Fe", for bytes, and its
    expression for strings tries all ways to cut one that does not end into pieces.
    """

    _unescaped_characters_regex = re.compile(r'"(?:[^"\\\n\v\f]++|\\(?:["nt\\]|[0-9A-Fa-f]{2}))*+"')

    def lex(self) -> MLIRToken:
        found = COMMON.match(self.input.content, self.pos)
        if found is None:
            return super().lex()
        name = found.lastgroup or ""
        start, self.pos = found.span(name)
        span = Span(start, self.pos, self.input)
        if name == "BARE_IDENT" and WIDE_TYPE.fullmatch(self.input.content, start, self.pos):
            raise ParseError(span, "integer types have at most 9999999 bits")
        return Token(KINDS[found[name] if name == "PUNCTUATION" else name], span)

    def _lex_string_literal(self, start_pos: Position) -> MLIRToken:
        token = super()._lex_string_literal(start_pos)
        try:
            StringLiteral(token.span.start, token.span.end, self.input).bytes_contents.decode()
        except UnicodeDecodeError:
            return token
        return MLIRToken(MLIRTokenKind.STRING_LIT, token.span)
