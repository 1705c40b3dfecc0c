"""What a terminal gets that a file does not: colour, and tables no wider than it."""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

RULE = r"(?m)^(?P<head>.*)\n(?P<rule>-{2,}(?: +-{2,})*)$"
LOUD = r"(?m)^(?P<place>.*?)\b(?P<word>error|warning): "
CARET = r"(?m)^ *\^~*$"
BOLD, DIM, RED, YELLOW, PLAIN = (f"\x1b[{code}m" for code in ("1", "2", "1;31", "1;33", "0"))


def is_colourful(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal that takes colour and whose user has not refused it (NO_COLOR, TERM=dumb)."""
    if stream is None or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return _is_terminal(stream)


def width(stream: TextIO | None = None) -> int | None:
    """Columns of the terminal that standard output is, or another stream; None for what is no terminal. COLUMNS says
    otherwise, where it is set."""
    stream = stream or sys.stdout
    if stream is None or not _is_terminal(stream):
        return None
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (OSError, ValueError):
        return False


def painted(text: str) -> str:
    """A report: heads of tables bold, the rules below them dim, what is missing from sums red."""
    # Names cannot paint: whatever they hold was made visible before.
    text = re.sub(RULE, rf"{BOLD}\g<head>{PLAIN}\n{DIM}\g<rule>{PLAIN}", text)
    return text.replace("NOT COSTED", f"{RED}NOT COSTED{PLAIN}")


def painted_message(line: str) -> str:
    """What is said on standard error: the place bold, `error` red, `warning` yellow, the caret red."""

    def paint(found: re.Match[str]) -> str:
        colour = RED if found["word"] == "error" else YELLOW
        return f"{BOLD}{found['place']}{PLAIN}{colour}{found['word']}: {PLAIN}"

    line = re.sub(LOUD, paint, line, count=1)
    return re.sub(CARET, lambda found: f"{RED}{found[0]}{PLAIN}", line)
