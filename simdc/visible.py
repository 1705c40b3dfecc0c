"""The one gate for text that leaves: nothing in it can steer a terminal or make a spreadsheet compute. And the rule for
names, which keeps most of that out from the start."""

from __future__ import annotations

import re

HIDDEN = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
"""Control characters but tab and line feed, line separators, and what turns the direction of writing."""

MAX_NAME = 1000
"""Characters. What a file calls its layers is at most `MAX_GIVEN` long; names made of these grow."""
MAX_GIVEN = 200


def is_name(text: str) -> bool:
    """Whether a layer or network may be called so: printable, not blank, not too long."""
    return 0 < len(text) <= MAX_NAME and text.isprintable() and not text.isspace()


def to_name(text: str) -> str:
    """A name for what is called by any text whatever, as nodes of ONNX and files are; `unnamed` for none."""
    name = "".join(letter if letter.isprintable() else "_" for letter in text[:MAX_GIVEN])
    return name if is_name(name) else "unnamed"


def visible(text: str) -> str:
    """The text with control characters as escapes, `\\x1b` for ESC; line feeds and tabs stay."""
    # Most texts have nothing to hide, and whatever is hidden is not printable: they need no search.
    if text.replace("\n", " ").replace("\t", " ").isprintable():
        return text
    return re.sub(HIDDEN, lambda found: found[0].encode("unicode_escape").decode(), text)


def spreadsheet_text(text: str) -> str:
    """A cell of CSV that no spreadsheet computes: what one would take for a formula gets an apostrophe before it."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
