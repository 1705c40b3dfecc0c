"""What the parser stumbled over, in words."""

from __future__ import annotations

from typing import cast

from lark import Token, UnexpectedInput, UnexpectedToken

from .errors import DslError, listing, shorten

WORDS = {
    "$END": "the end of the file",
    "NAME": "a name",
    "NUMBER": "a number",
    "OPERATOR": "an operator",
    "NETWORK": "'network'",
    "BLOCK": "'block'",
    "REPEAT": "'repeat'",
    "IF": "'if'",
    "ELSE": "'else'",
    "AS": "'as'",
    "RETURN": "'return'",
    "LPAR": "'('",
    "RPAR": "')'",
    "LSQB": "'['",
    "RSQB": "']'",
    "LBRACE": "'{'",
    "RBRACE": "'}'",
    "COMMA": "','",
    "COLON": "':'",
    "EQUAL": "'='",
}
RESERVED = ("NETWORK", "BLOCK", "REPEAT", "IF", "ELSE", "AS", "RETURN", "TRUTH")
VALUE = {"NAME", "NUMBER", "STRING", "TRUTH", "LPAR", "LSQB"}
STATEMENT = {"NAME", "REPEAT", "IF", "RETURN"}
CHARACTER_REMEDIES = {
    "'": "strings stand in double quotes",
    '"': "the string does not end on its line",
    ";": "statements need nothing between them; begin a new line",
    "&": "write 'and'",
    "|": "write 'or'",
    "!": "write 'not' or '!='",
    "^": "there are no powers; multiply",
    ".": "a decimal begins with a digit, as in 0.5",
}


def explain(error: UnexpectedInput, text: str) -> DslError:
    if isinstance(error, UnexpectedToken):
        token = cast(Token, error.token)  # pyright: ignore[reportUnknownMemberType]
        accepted = error.accepts or set[str]()
        if token.type == "$END":
            lines = text.rstrip().split("\n")
            message = f"the file ends here, expected {_expectation(accepted)}"
            remedy = "; close the '{' that is open" if "RBRACE" in accepted else ""
            return DslError(message + remedy, (len(lines), len(lines[-1]) + 1))
        message = f"found {_found(token)}, expected {_expectation(accepted)}{_remedy(token, accepted)}"
        return DslError(message, (token.line or 1, token.column or 1))
    character = text[error.pos_in_stream or 0]
    remedy = CHARACTER_REMEDIES.get(
        character, "only names, numbers, strings and operators stand here; # begins a comment"
    )
    return DslError(f"found the character {shorten(ascii(character))}; {remedy}", (error.line, error.column))


def _found(token: Token) -> str:
    if token.type in RESERVED:
        return f"the reserved word '{token}'"
    return f"'{shorten(token)}'"


def _expectation(accepted: set[str]) -> str:
    expected: list[str] = []
    rest = set(accepted)
    if rest >= VALUE:
        expected.append("a value")
        rest -= VALUE | {"OPERATOR"}
    elif rest >= STATEMENT:
        expected.append("a statement")
        rest -= STATEMENT
    expected += sorted(WORDS.get(terminal, terminal.lower()) for terminal in rest)
    return listing(expected, "or")


def _remedy(token: Token, accepted: set[str]) -> str:
    if accepted == {"EQUAL"}:
        return "; a statement gives a value a name, as in 'x = relu(x)'"
    if token.type == "EQUAL" and "OPERATOR" in accepted and not accepted >= VALUE:
        return "; to compare, write '=='"
    if token.type in RESERVED and accepted == {"NAME"}:
        return "; choose another name"
    return ""
