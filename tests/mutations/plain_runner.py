"""Runs the tests of a module that need no fixtures but monkeypatch, and no hypothesis.

It is many times as quick to start as pytest, which counts when thousands of mutants are tried.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest


def run_module(name: str) -> int:
    """Run them; the first failure is raised. The number of cases."""
    module = importlib.import_module(name)
    ran = 0
    for test, arguments in cases(module):
        with pytest.MonkeyPatch.context() as monkeypatch:
            test(**arguments, **({"monkeypatch": monkeypatch} if _patches(test) else {}))
        ran += 1
    return ran


def _patches(test: Any) -> bool:
    return "monkeypatch" in inspect.signature(test).parameters


def cases(module: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    """(test, arguments) of every test that can be called as it is."""
    for name, test in vars(module).items():
        if not name.startswith("test_") or not callable(test) or hasattr(test, "hypothesis"):
            continue
        marks = getattr(test, "pytestmark", [])
        if any(mark.name == "skipif" for mark in marks):
            # What is not everywhere at hand must not decide whether a mutant is caught.
            continue
        tables = [list(_rows(mark)) for mark in marks if mark.name == "parametrize"]
        wanted = set(inspect.signature(test).parameters) - {"monkeypatch"}
        for rows in product(*tables):
            arguments = {key: value for row in rows for key, value in row.items()}
            if set(arguments) == wanted:
                yield test, arguments


def _rows(mark: Any) -> Iterator[dict[str, Any]]:
    names, values = mark.args[:2]
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",")]
    for value in values:
        if hasattr(value, "marks"):
            if any(inner.name in ("xfail", "skip") for inner in value.marks):
                continue
            value = value.values if len(names) > 1 else value.values[0]
        yield dict(zip(names, value if len(names) > 1 else (value,), strict=True))
