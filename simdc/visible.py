"""The one gate for text that leaves: nothing in it can steer a terminal or make a spreadsheet compute."""

from __future__ import annotations

import re

HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters but tab and line feed, line separators, and what turns the direction of writing."""


def visible(text: str) -> str:
    """The text with control characters as escapes, `\\x1b` for ESC; line feeds and tabs stay."""
    return HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def spreadsheet_text(text: str) -> str:
    """A cell of CSV that no spreadsheet computes: what one would take for a formula gets an apostrophe before it."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
