"""The test cases that can be run many thousand times: those that hypothesis and fixtures of their own have no part in.

They are called as they are, without pytest around them, which starts many times as quickly.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import tempfile
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = {"monkeypatch", "tmp_path", "capsys"}


class Output(NamedTuple):
    out: str
    err: str


class Captured:
    """What pytest's `capsys` is to the tests here: what was written since they asked last."""

    def __init__(self, out: io.StringIO, err: io.StringIO) -> None:
        self._streams = out, err

    def readouterr(self) -> Output:
        texts = [stream.getvalue() for stream in self._streams]
        for stream in self._streams:
            stream.seek(0)
            stream.truncate()
        return Output(*texts)


class Case(NamedTuple):
    """`name` is `module::test`, or `module::test 3` for the third row of a table."""

    name: str
    test: Callable[..., object]
    arguments: dict[str, Any]

    @property
    def test_name(self) -> str:
        """Of all rows of its table together."""
        return self.name.partition(" ")[0]

    def run(self) -> None:
        """Raises what the test raises."""
        with contextlib.ExitStack() as stack:
            given = dict(self.arguments)
            streams = io.StringIO(), io.StringIO()
            stack.enter_context(contextlib.redirect_stdout(streams[0]))
            stack.enter_context(contextlib.redirect_stderr(streams[1]))
            for fixture in FIXTURES & inspect.signature(self.test).parameters.keys():
                match fixture:
                    case "monkeypatch":
                        given[fixture] = stack.enter_context(pytest.MonkeyPatch.context())
                    case "tmp_path":
                        given[fixture] = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                    case _:
                        given[fixture] = Captured(*streams)
            self.test(**given)


def modules_below(folders: tuple[str, ...]) -> list[str]:
    """Test modules of folders or files by name: `tests.cost.test_energy`."""
    paths = {path for folder in folders for path in (ROOT / "tests" / folder).rglob("test_*.py")}
    paths |= {ROOT / "tests" / file for file in folders if file.endswith(".py")}
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sorted(paths)]


def cases_of(name: str) -> Iterator[Case]:
    """Every test of a module that can be called as it is. None where the module needs what is not installed."""
    try:
        module = importlib.import_module(name)
    except pytest.skip.Exception:
        return
    for test_name, test in vars(module).items():
        if not test_name.startswith("test_") or not callable(test) or hasattr(test, "hypothesis"):
            continue
        marks = getattr(test, "pytestmark", [])
        if any(mark.name in ("skipif", "skip", "xfail") for mark in marks):
            # What is not everywhere at hand must not decide whether a mutant is caught.
            continue
        tables = [list(_rows(mark)) for mark in marks if mark.name == "parametrize"]
        wanted = inspect.signature(test).parameters.keys() - FIXTURES
        for number, rows in enumerate(product(*tables)):
            arguments = {key: value for row in rows for key, value in row.items()}
            if arguments.keys() == wanted:
                yield Case(f"{name}::{test_name}" + (f" {number}" if tables else ""), test, arguments)


def _rows(mark: Any) -> Iterator[dict[str, Any]]:
    names, values = mark.args[:2]
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",")]
    for value in values:
        if hasattr(value, "marks"):
            if any(inner.name in ("xfail", "skip", "skipif") for inner in value.marks):
                continue
            value = value.values if len(names) > 1 else value.values[0]
        yield dict(zip(names, value if len(names) > 1 else (value,), strict=True))
