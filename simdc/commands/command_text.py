"""The command line as a report quotes it."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from shlex import join

from .parser import Lines

WITH_VALUE = (
    *(("-o", "--output"), ("--format",), ("--print-ir-after",)),
    *(("--workers",), ("--dask",), ("--resume",), ("--plot",), ("--plot-kind",)),
)
ALONE = (
    ("-q", "--quiet"),
    ("--layers",),
    ("--levels",),
    ("--emit-cost",),
    ("--emit-ir",),
    ("--generic",),
    ("--locations",),
    ("--no-cache",),
)
"""Options that say how and where results are made and written, and change none of them."""


def command_text(argv: Sequence[str]) -> str:
    """The command that gives the same results again: `argv` without what only says how they are made and written."""
    shown = ArgumentParser(formatter_class=Lines, add_help=False, allow_abbrev=False)
    for names in WITH_VALUE:
        shown.add_argument(*names)
    shown.add_argument("--map", nargs=2)
    for names in ALONE:
        shown.add_argument(*names, action="store_true")
    return join(["simdc", *shown.parse_known_args(list(argv))[1]])
