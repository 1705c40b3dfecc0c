"""What the README and the pages below docs/ show is what happens, and the pages make a website."""

import re
import runpy
import shlex
from importlib import import_module
from pathlib import Path

import pytest

import simdc.api
import simdc.cost
from simdc.cli import main
from simdc.commands import COMMANDS
from simdc.commands.version import version_text
from simdc.frontends.onnx import OPERATORS, operators

ROOT = Path(__file__).resolve().parents[2]
RUN_PAGES = runpy.run_path(str(ROOT / "docs/run_pages.py"))
PAGES = RUN_PAGES["pages"]()
LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")
REFERENCE = re.compile(r"^::: (\S+)$", re.MULTILINE)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def text_of(path):
    return path.read_text(encoding="utf-8")


@each_page
def test_page_shows_what_happens(page):
    shown = text_of(page)
    assert RUN_PAGES["renewed"](shown) == shown, "run: make docs"


@each_page
def test_commands_that_are_only_shown_are_accepted(page, monkeypatch):
    monkeypatch.setattr("simdc.commands.cost_report.run", lambda arguments: 0)
    for module in COMMANDS.values():
        monkeypatch.setattr(import_module(module), "run", lambda arguments: 0)
    for block in RUN_PAGES["blocks"](text_of(page)):
        for line in block.text.splitlines() if block.language == "sh" else ():
            program, *arguments = shlex.split(line, comments=True)
            if program == "simdc" and "--help" not in arguments and "--list" not in arguments:
                assert main(arguments) == 0, line


@each_page
def test_links_lead_somewhere(page):
    for target in LINK.findall(text_of(page)):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize(
    ("page", "output"),
    [
        ("```console\n$ simdc --version\n```\n", f"```console\n$ simdc --version\n{version_text()}\n```\n"),
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "```python\nprint(1)\n```\n\n```text\n1\n```\n"),
        ("```python\nprint('a\\nb')\n```\n```text\n...\nb\n```\n", None),
        (
            "```python\nprint('a\\nb')\n```\n```text\n...\nc\n```\n",
            "```python\nprint('a\\nb')\n```\n```text\na\nb\n```\n",
        ),
        ('```dsl title="one.py"\nx = 1\n```\n```python\nfrom one import x\n```\n', None),
    ],
)
def test_renewing_changes_what_is_wrong_only(page, output):
    assert RUN_PAGES["renewed"](page) == (page if output is None else output)


def test_output_that_no_block_shows_is_refused():
    with pytest.raises(ValueError, match="no text block shows"):
        RUN_PAGES["renewed"]("```python\nprint(1)\n```\n")


def test_hardware_page_is_up_to_date():
    generator = runpy.run_path(str(ROOT / "docs/generate_hardware.py"))
    assert text_of(ROOT / "docs/hardware.md") == generator["page"](), "run: make docs"


def test_page_of_ops_of_modules_is_up_to_date():
    generator = runpy.run_path(str(ROOT / "docs/generate_mlir_ops.py"))
    assert text_of(ROOT / "docs/mlir-ops.md") == generator["page"](), "run: make docs"


def test_drawings_are_up_to_date():
    drawings = runpy.run_path(str(ROOT / "docs/draw.py"))["DRAWINGS"]
    assert {path.name for path in (ROOT / "docs/drawings").iterdir()} == drawings.keys()
    for name, draw in drawings.items():
        assert text_of(ROOT / "docs/drawings" / name) == draw(), "run: make docs"


def test_the_drawing_of_the_pencil_example_has_the_segments_of_the_page():
    script = runpy.run_path(str(ROOT / "docs/draw.py"))
    lengths = [segment.cycles for segment in script["segments"](*script["example"]())]
    # The last column of the table that was worked out by hand.
    table = text_of(ROOT / "docs/architecture.md").partition("| segment | compute |")[2].partition("\n\n")[0]
    assert lengths == [int(row.rstrip(" |").rpartition("| ")[2]) for row in table.splitlines()[2:]]
    assert lengths == [2, 4, 8, 8, 4, 4]


def test_what_is_said_of_layers_is_up_to_date():
    generator = runpy.run_path(str(ROOT / "docs/generate_layers.py"))
    for path, text in generator["written"]().items():
        assert text_of(path) == text, f"run: make docs ({path.name})"


def test_onnx_page_names_every_operator():
    assert operators
    rows = re.findall(r"^\| (`.*?) \|", text_of(ROOT / "docs/onnx.md"), re.MULTILINE)
    known = {key.rpartition("::")[2] for key in OPERATORS}
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == known


def test_index_names_every_page():
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert pages <= set(LINK.findall(text_of(ROOT / "docs/index.md")))


def test_reference_has_every_public_name():
    names = {name for page in (ROOT / "docs/api").glob("*.md") for name in REFERENCE.findall(text_of(page))}
    assert {f"simdc.cost.{name}" for name in simdc.cost.__all__} <= names | {"simdc.cost.Kernel"}
    assert {f"simdc.api.{name}" for name in simdc.api.__all__} <= names
    for package in ("execute", "simulate", "verify"):
        public = import_module(f"simdc.backends.{package}").__all__
        assert {f"simdc.backends.{package}.{name}" for name in public} <= names
