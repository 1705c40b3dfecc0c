"""JSON as people keep it: with comments (`// ...`, `# ...`, `/* ... */`) and commas behind last values. Whoever finds
fault with a value asks for its place by its path."""

from __future__ import annotations

import json
import re

from simdc.errors import SimdcError
from simdc.named import NamedTuple

from .json_text import error_at, parse_object

STRING = r'"(?:[^"\\\n]|\\.)*"'
# Text in quotes stands first: what looks like a comment in it is none.
ASIDE = rf"{STRING}|//[^\n]*|#[^\n]*|/\*.*?(?:\*/|\Z)"
LAST_COMMA = rf"{STRING}|,(?=\s*[}}\]])"
TOKEN = rf'({STRING})(\s*:)?|[\[\]{{}},]|[^\s\[\]{{}},:"]+'


class Places(NamedTuple):
    """Where the keys and values of a text begin, by dotted path."""

    text: str
    keys: dict[str, int]
    values: dict[str, int]

    def error(self, path: str, message: str, file: str) -> SimdcError:
        """At the value; at the key that is not known; at the object that lacks one. Nowhere if no text has it."""
        at = self.keys.get(path) if message.startswith("unknown") else self.values.get(path, self.keys.get(path))
        parent = path
        while at is None and "." in parent:
            parent = parent.rpartition(".")[0]
            at = self.keys.get(parent)
        if at is None and message.startswith("missing"):
            at = self.values.get("")
        if at is None:
            return SimdcError(message, file=file, path=path)
        return error_at(at, message, self.text, file, path)


def parse_commented(text: str, file: str) -> dict[str, object]:
    """The object that the text holds. Raises SimdcError at the line and column of the text as it is written."""
    try:
        return parse_object(without_comments(text, file), file)
    except SimdcError as error:
        if error.line is not None:
            error.source_line = _visible(text.splitlines()[error.line - 1 : error.line])
        raise


def without_comments(text: str, file: str) -> str:
    """Blanks in place of what JSON does not know, so that all else stays where it was."""

    def blank(match: re.Match[str]) -> str:
        found = match[0]
        if found[0] == '"':
            return found
        if found.startswith("/*") and (len(found) < 4 or not found.endswith("*/")):
            raise error_at(match.start(), "the comment has no end; '*/' is missing", text, file)
        return re.sub(r"[^\n]", " ", found)

    return re.sub(LAST_COMMA, blank, re.sub(ASIDE, blank, text, flags=re.DOTALL))


def places_in(text: str, file: str) -> Places:
    """For a text that `parse_commented` takes."""
    plain = without_comments(text, file)
    found = Places(text, {}, {})
    # Of what is open: the path of each object, None of each list.
    opened: list[str | None] = []
    path = ""
    for token in re.finditer(TOKEN, plain):
        word, at = token[0], token.start()
        if token[2] and opened and opened[-1] is not None:
            key = str(json.loads(token[1], strict=False))
            path = f"{opened[-1]}.{key}" if opened[-1] else key
            found.keys.setdefault(path, at)
            continue
        if word in ("}", "]"):
            opened.pop()
        elif word != ",":
            inside_list = bool(opened) and opened[-1] is None
            if not inside_list:
                found.values.setdefault(path, at)
            if word in ("{", "["):
                opened.append(path if word == "{" and not inside_list else None)
    return found


def _visible(lines: list[str]) -> str:
    return "".join(character if character.isprintable() else " " for character in "".join(lines))
