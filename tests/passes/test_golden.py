"""Every pass, and every option of each, stands in a golden file: IR before and after (see tests/conftest.py)."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from simdc.passes import PASSES, load_pass

GOLDEN = sorted(Path(__file__).parent.glob("*.mlir"))


def runs(name: str) -> list[set[str]]:
    """The options that golden files give to a pass, each time they run it."""
    found: list[set[str]] = []
    for path in GOLDEN:
        run = re.search(r"^// RUN: (\S.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert run, path.name
        specs = re.findall(r"([\w-]+)(?:\{(.*?)\})?(?:,|$)", run[1])
        found += [set(re.findall(r"(\w+)=", options)) for spec, options in specs if spec == name]
    return found


@pytest.mark.parametrize("name", PASSES)
def test_every_option_of_every_pass_is_in_a_golden_file(name: str) -> None:
    options = {field.name for field in fields(load_pass(name)) if field.init and field.name != "name"}
    assert runs(name), "no golden file runs it"
    assert options == set().union(*runs(name))


def test_every_golden_file_says_what_happens_in_it() -> None:
    assert len(GOLDEN) >= 25
    for path in GOLDEN:
        given = path.read_text(encoding="utf-8").partition("builtin.module")[0]
        words = re.findall(r"^// (?!RUN:|HW:)(.*)$", given, re.MULTILINE)
        assert len(" ".join(words)) > 40, path.name
