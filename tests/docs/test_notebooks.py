"""The notebooks show what their cells say now, in a form that Jupyter opens."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "docs/run_notebooks.py"))
NOTEBOOKS = SCRIPT["notebooks"]()


def test_there_are_three() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["comparing_machines", "first_steps", "paper_tables"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_happens(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert SCRIPT["renewed"](text) == text, "make docs renews it"
    notebook = json.loads(text)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert all(
        cell["outputs"] for cell in notebook["cells"] if cell["cell_type"] == "code" and "print" in cell["source"][-1]
    )


def test_what_a_cell_shows() -> None:
    """What it prints, and the value of its last line as it draws itself."""
    cell = {
        "cell_type": "code",
        "source": ["class A:\n", "    _repr_html_ = lambda self: '<b>1</b>'\n", "print(2)\n", "A()"],
    }
    made = json.loads(SCRIPT["renewed"](json.dumps({"cells": [cell, {"cell_type": "markdown", "source": ["# x"]}]})))
    printed, shown = made["cells"][0]["outputs"]
    assert printed["text"] == ["2\n"]
    assert shown["data"]["text/html"] == ["<b>1</b>"]
    page = SCRIPT["as_page"](json.dumps(made))
    assert "```text\n2\n```" in page
    assert "<div><b>1</b></div>" in page
    assert page.endswith("# x\n")
