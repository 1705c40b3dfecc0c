"""The command line as a report quotes it."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from shlex import join

WITH_VALUE = (("-o", "--output"), ("--format",), ("--print-ir-after",))
ALONE = (("-q", "--quiet"), ("--layers",), ("--emit-cost",), ("--emit-ir",), ("--generic",), ("--locations",))
"""Options that say how and where results are written, and change none of them."""


def command_text(argv: Sequence[str]) -> str:
    """The command that gives the same results again: `argv` without those that only say how they are written."""
    shown = ArgumentParser(add_help=False, allow_abbrev=False)
    for names in WITH_VALUE:
        shown.add_argument(*names)
    for names in ALONE:
        shown.add_argument(*names, action="store_true")
    return join(["simdc", *shown.parse_known_args(list(argv))[1]])
