"""Runs what README.md and the pages below docs/ show, and writes the output that they should show.

A page runs from top to bottom in a folder of its own, in which `examples` leads to the repository's:

* a block with a title, `json title="net.json"`, is written to a file of that name;
* in a `console` block, what stands below `$ command` is what the command prints;
* a `python` block is executed, with the names of those before it; a `text` block below shows what it prints.

A line `...` in an output stands for any lines. Blocks of other kinds are only shown.

    python docs/run_pages.py
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from simdc.cli import main as simdc
from simdc.opt import main as simdc_opt

ROOT = Path(__file__).resolve().parents[1]
FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block; `start` and `end` are where its text stands on the page, `title` is empty if it has none."""

    language: str
    title: str
    text: str
    start: int
    end: int


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: str) -> list[Block]:
    return [Block(found[1], found[2] or "", found[3], found.start(3), found.end(3)) for found in FENCE.finditer(page)]


def renewed(page: str) -> str:
    """The page with the outputs that its blocks have now. Raises what a Python block raises, ValueError where one
    prints and no text block shows it."""
    names: dict[str, object] = {"__name__": "__main__"}
    pieces: list[str] = []
    printed, written = "", 0
    with _folder():
        for block in [*blocks(page), Block("", "", "", len(page), len(page))]:
            text = block.text
            if printed and block.language != "text":
                raise ValueError(f"no text block shows what is printed: {printed}")
            if block.title:
                Path(block.title).write_text(text, encoding="utf-8")
            elif block.language == "console":
                text = _console(text)
            elif block.language == "text" and printed:
                text, printed = _shown(text, printed), ""
            elif block.language == "python":
                code = compile(text, "page", "exec", dont_inherit=True)
                printed = _output(lambda code=code: exec(code, names))
            pieces += [page[written : block.start], text]
            written = block.end
    return "".join(pieces)


@contextlib.contextmanager
def _folder():
    """Be in a new folder from which Python imports, too."""
    path = list(sys.path)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        os.symlink(ROOT / "examples", "examples")
        sys.path.insert(0, folder)
        try:
            yield
        finally:
            sys.path[:] = path


def _console(text: str) -> str:
    before, *parts = COMMAND.split(text)
    pieces = [before]
    for command, shown in zip(parts[::2], parts[1::2], strict=True):
        program, *arguments = shlex.split(command)
        pieces += [f"$ {command}\n", _shown(shown, _output(lambda run=PROGRAMS[program], given=arguments: run(given)))]
    return "".join(pieces)


def _output(run: Callable[[], object]) -> str:
    """What it prints, errors included."""
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream), contextlib.suppress(SystemExit):
        run()
    return stream.getvalue()


def _shown(shown: str, printed: str) -> str:
    """What the page shows if that is right, else what is printed."""
    pattern = re.escape(shown).replace(r"\.\.\." + "\\\n", r"(?:.*\n)*")
    return shown if re.fullmatch(pattern, printed) else printed


def _script(arguments: list[str]) -> object:
    given = sys.argv
    sys.argv = arguments
    try:
        return runpy.run_path(arguments[0], run_name="__main__")
    finally:
        sys.argv = given


PROGRAMS: dict[str, Callable[[list[str]], object]] = {"simdc": simdc, "simdc-opt": simdc_opt, "python": _script}


if __name__ == "__main__":
    for path in pages():
        before = path.read_text(encoding="utf-8")
        after = renewed(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(f"renewed {path.relative_to(ROOT)}")
