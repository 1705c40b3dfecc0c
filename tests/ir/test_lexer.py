"""Most tokens are found in one step: they are those that xDSL's lexer, step by step, finds with the same repairs."""

from __future__ import annotations

from io import StringIO
from random import Random

import pytest
from xdsl.printer import Printer
from xdsl.utils.exceptions import ParseError
from xdsl.utils.lexer import Input
from xdsl.utils.mlir_lexer import MLIRLexer, MLIRToken, MLIRTokenKind

from simdc.ir.lexer import COMMON, IRLexer
from tests.ir.networks import every_op

PIECES = (
    *(kind.value for kind in MLIRTokenKind if isinstance(kind.value, str)),
    *(
        "a",
        "_b1",
        "i32",
        "tensor",
        "x",
        "0x",
        "0x1F",
        "0xi32",
        "007",
        "12",
        "1.",
        "1.5",
        ".5",
        "2.0e-3",
        "1e5",
        "3.e",
        "E+",
    ),
    *("%", "%0", "%0a", "%a.b", "%-", "%conv1.weight", "#", "#a", "#-", "#3", "#-}", "!t", "^bb0", "@n", '@"q r"', "@"),
    *('""', '"a b"', '"\\n"', '"\\C3\\B6"', '"\\FF"', '"\\q"', '"open', '"a\tb"', '"\v"', '"é"', "\\", "'"),
    *(
        "//",
        "// note",
        "/",
        " ",
        "\n",
        "\t",
        "\r\n",
        "\f",
        "\v",
        "\x1c",
        "\xa0",
        "é",
        "²",
        "٣",
        "ª",
        "$",
        "..",
        "-->",
        "{-",
        "}-",
    ),
)


class StepByStep(IRLexer):
    def lex(self) -> MLIRToken:
        return MLIRLexer.lex(self)


def tokens(lexer: MLIRLexer) -> list[tuple[MLIRTokenKind, int, int, str]]:
    """All of a text, up to its end or to the place of what is no token, with what is said of it."""
    found: list[tuple[MLIRTokenKind, int, int, str]] = []
    try:
        while not found or found[-1][0] is not MLIRTokenKind.EOF:
            token = lexer.lex()
            found.append((token.kind, token.span.start, token.span.end, token.text))
    except ParseError as error:
        found.append((MLIRTokenKind.EOF, error.span.start, error.span.end, error.msg))
    return found


def test_random_texts() -> None:
    random = Random(5)
    for _ in range(20_000):
        text = "".join(random.choices(PIECES, k=random.randint(1, 9)))
        assert tokens(IRLexer(Input(text, ""))) == tokens(StepByStep(Input(text, ""))), text


def test_what_the_printer_writes_takes_one_step_a_token() -> None:
    texts: list[str] = []
    for generic in (False, True):
        stream = StringIO()
        Printer(stream, print_generic_format=generic, print_debuginfo=True).print_op(every_op())
        texts.append(stream.getvalue())
    for text in texts:
        found = tokens(IRLexer(Input(text, "")))
        assert found == tokens(StepByStep(Input(text, "")))
        slow = [each for each in found if not COMMON.match(text, each[1])]
        assert len(slow) < len(found) / 100


@pytest.mark.parametrize("name", ["i99999999", "si010000000", "ui10000000"])
def test_a_type_too_wide_is_refused(name: str) -> None:
    with pytest.raises(ParseError, match="at most 9999999 bits") as caught:
        IRLexer(Input(f"  {name}", "")).lex()
    assert (caught.value.span.start, caught.value.span.end) == (2, 2 + len(name))
    assert IRLexer(Input(f"{name}_", "")).lex().text == f"{name}_"
    assert IRLexer(Input(f"@{name}", "")).lex().kind is MLIRTokenKind.AT_IDENT
