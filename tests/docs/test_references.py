"""What the pages for people name is there: files by path, and names in simdc."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from simdc.backends.execute.network import PLUGIN_FUNCTIONS
from simdc.backends.report import PLUGIN_REPORTS
from simdc.cost.model_table import PLUGIN_MODELS
from simdc.frontends import PLUGIN_FRONT_ENDS
from simdc.frontends.mlir.annotated import PART_OF
from simdc.frontends.onnx.table import PLUGIN_OPERATORS
from simdc.ir.context import COST_MODEL, HARDWARE
from simdc.ir.dialect import Simdc
from simdc.ir.plugin_ops import PLUGIN_DIALECTS
from simdc.ir.provenance import PROVENANCE
from simdc.passes import PLUGIN_PASSES

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")),
]
ROOMS = ("simdc", "docs", "tests", "examples", "benchmarks", "fuzz")
PATH = re.compile(rf"(?<![\w./-])(?:\.\./)*((?:{'|'.join(ROOMS)})(?:/[\w.*-]+)+)")
INNER_PATH = re.compile(r"`([a-z_]+(?:/[a-z_]+)*(?:/|\.py))`")
"""`cost/exact/`, `cost/rule.py`: below simdc/, where a page is about its rooms."""
NAME = re.compile(r"(?<![\w./-])simdc(?:\.\w+)+")
GROUPS = (
    *(PLUGIN_DIALECTS, PLUGIN_FRONT_ENDS, PLUGIN_FUNCTIONS, PLUGIN_MODELS, PLUGIN_OPERATORS, PLUGIN_PASSES),
    PLUGIN_REPORTS,
)
NOT_IN_PYTHON = {
    *(PROVENANCE, HARDWARE, COST_MODEL, PART_OF),
    *(group.name for group in GROUPS),
    *(each.name for each in (*Simdc.operations, *Simdc.attributes)),
}


def missing(text: str) -> list[str]:
    return [*_missing_paths(text), *(name for name in NAME.findall(text) if not _exists(name))]


def _missing_paths(text: str) -> Iterator[str]:
    for path in PATH.findall(text):
        # NAME stands for any, and a full stop ends a sentence.
        if not any(ROOT.glob(path.replace("NAME", "*").rstrip("."))):
            yield path
    for path in INNER_PATH.findall(text):
        if not path.startswith(ROOMS) and "/" in path and not (ROOT / "simdc" / path).exists():
            yield path


def _exists(name: str) -> bool:
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            thing: object = import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            thing = getattr(thing, part, None)
        return thing is not None or name in NOT_IN_PYTHON
    return False


@pytest.mark.parametrize("page", PAGES)
def test_pages_name_what_is_there(page: str) -> None:
    assert missing((ROOT / page).read_text(encoding="utf-8")) == []


def test_what_is_not_there_is_found() -> None:
    assert missing("`simdc/cost/rule.py`, [all](../simdc/cost), tests/passes/NAME.mlir, simdc/*/schedulers.py") == []
    assert missing("`simdc.load`, simdc.cost.exact.ExactModel, simdc.execution, `simdc.conv2d`, `cost/exact/`") == []
    paths = ["simdc/cost/rules.py", "tests/passes/*.mlirs", "cost/rules.py"]
    names = ["simdc.cost.exact.Exact", "simdc.executions"]
    assert missing("`simdc/cost/rules.py`, tests/passes/*.mlirs: `cost/rules.py`") == paths
    assert missing("`simdc.cost.exact.Exact`, of the group simdc.executions.") == names
