"""What the parser stumbled over, in words."""

from __future__ import annotations

from .errors import DslError, listing, shorten
from .lalr import END, UnexpectedToken, UnknownCharacter, Word

WORDS = {
    END: "the end of the file",
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


def explain(error: UnexpectedToken | UnknownCharacter, text: str) -> DslError:
    if isinstance(error, UnexpectedToken):
        token, accepted = error.token, error.expected
        if token.kind == END:
            lines = text.rstrip().split("\n")
            message = f"the file ends here, expected {_expectation(accepted)}"
            remedy = "; close the '{' that is open" if "RBRACE" in accepted else ""
            return DslError(message + remedy, (len(lines), len(lines[-1]) + 1))
        message = f"found {_found(token)}, expected {_expectation(accepted)}{_remedy(token, accepted)}"
        return DslError(message, (token.line, token.column))
    character = text[error.offset]
    remedy = CHARACTER_REMEDIES.get(
        character, "only names, numbers, strings and operators stand here; # begins a comment"
    )
    return DslError(f"found the character {shorten(ascii(character))}; {remedy}", (error.line, error.column))


def _found(token: Word) -> str:
    if token.kind in RESERVED:
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


def _remedy(token: Word, accepted: set[str]) -> str:
    if accepted == {"EQUAL"}:
        return "; a statement gives a value a name, as in 'x = relu(x)'"
    if token.kind == "EQUAL" and "OPERATOR" in accepted and not accepted >= VALUE:
        return "; to compare, write '=='"
    if token.kind in RESERVED and accepted == {"NAME"}:
        return "; choose another name"
    return ""
