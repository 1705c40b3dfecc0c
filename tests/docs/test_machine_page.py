"""docs/machine.md: a sample of its tables, which take minutes to make as a whole, and the machines that it names."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from simdc.cost import Hardware
from simdc.cost.greedy import greedy_tiling
from simdc.frontends.hardware_file import load_machine
from simdc.frontends.presets import presets

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/machine.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs/generate_machine.py"))


def table(script: dict[str, Any], name: str) -> list[list[str]]:
    """Rows of cells, without the head."""
    _, _, rest = PAGE.partition(script["BEGIN"].format(name))
    text, found, _ = rest.partition(script["END"].format(name))
    assert found
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("name", ["HI1", "HI3"])
def test_greedy_numbers_are_up_to_date(script: dict[str, Any], name: str) -> None:
    """To renew all: python docs/generate_machine.py."""
    scheduled = script["schedules"](name, greedy_tiling)
    place = script["MACHINES"].index(name)
    found = [row[2 + place].partition(" ")[0] for row in table(script, "effects")]
    assert found == script["changes"](name, scheduled)
    found = [row[1 + place].partition(" ")[0] for row in table(script, "learned")]
    assert found == script["learned"](name, greedy_tiling, script["cycles"](name, scheduled))


def test_every_effect_has_a_row(script: dict[str, Any]) -> None:
    assert [row[0] for row in table(script, "effects")] == [effect.name for effect in script["EFFECTS"]]
    learned = [effect.name for effect in script["EFFECTS"] if effect.learned]
    assert [row[0] for row in table(script, "learned")] == learned


def test_networks_are_up_to_date(script: dict[str, Any]) -> None:
    """To renew them: python docs/generate_machine.py mappings."""
    rows = table(script, "mappings")
    assert [row[:2] for row in rows] == [[run.name, run.machine] for run in script["RUNS"]]
    for run, row in zip(script["RUNS"], rows, strict=True):
        if not run.name.startswith("EfficientNet"):
            assert row[2:] == [script["priced"](run), script["priced"](run, script["MAPPED"])], run.name


def test_machines_of_the_page_are_there() -> None:
    _, _, rest = PAGE.partition("## Machines that come with simdc")
    named = {word for line in rest.splitlines() if line.startswith("| `") for word in re.findall(r"`(\w+)`", line)}
    arrays = {name for name in presets("hardware") if isinstance(load_machine(name), Hardware)}
    assert named == arrays - {"HI2", "HI3", "HT1", "HT2"}
