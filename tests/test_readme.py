"""What the README and the pages below docs/ show is what happens."""

import contextlib
import gc
import io
import json
import re
import runpy
import shlex
from pathlib import Path

import pytest

from simdc.cli import main

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")


def blocks(path: Path) -> list[tuple[str, str]]:
    """(language, text) of each fenced block."""
    return FENCE.findall(path.read_text(encoding="utf-8"))


def commands(text: str) -> list[tuple[str, str]]:
    """(command, output shown) of a console block."""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def run_command(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command prints; a command that fails prints its message."""
    program, *arguments = shlex.split(command)
    assert program == "simdc"
    monkeypatch.chdir(ROOT)
    try:
        main(arguments)
    finally:
        gc.enable()
    captured = capsys.readouterr()
    return captured.out + captured.err


def run_python(path: Path) -> list[tuple[str, str]]:
    """(printed, output shown) of each Python block that a text block follows; the blocks share their names."""
    names: dict[str, object] = {"__name__": "__main__"}
    found: list[tuple[str, str]] = []
    all_blocks = [*blocks(path), ("", "")]
    for (language, text), (next_language, shown) in zip(all_blocks, all_blocks[1:], strict=False):
        if language == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(text, str(path), "exec", dont_inherit=True), names)
            found.append((printed.getvalue(), shown if next_language == "text" else ""))
    return found


CONSOLE = [pair for language, text in blocks(README) if language == "console" for pair in commands(text)]


@pytest.mark.parametrize(("command", "shown"), CONSOLE, ids=[command for command, _ in CONSOLE])
def test_command_prints_what_readme_shows(command, shown, monkeypatch, capsys):
    assert run_command(command, monkeypatch, capsys) == shown


def test_readme_begins_with_one_sentence_and_one_command():
    head = README.read_text(encoding="utf-8").split("```console\n")
    assert len(head[0].split()) < 40
    assert head[1].startswith("$ simdc examples/networks/resnet50.dsl --hw HI3 --emit-cost\nresnet50: ")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_print_what_the_page_shows(page):
    for printed, shown in run_python(page):
        assert printed == shown


def test_network_of_readme_can_be_costed(tmp_path, monkeypatch, capsys):
    (text,) = [text for language, text in blocks(README) if language == "dsl"]
    path = tmp_path / "tiny.dsl"
    path.write_text(text, encoding="utf-8")
    assert "tiny_resnet: inference" in run_command(f"simdc {path} --hw HI1", monkeypatch, capsys)


def test_machine_of_readme_is_part_of_preset():
    (text,) = [text for language, text in blocks(README) if language == "json"]
    preset = json.loads((ROOT / "examples/hardware/HI1.json").read_text(encoding="utf-8"))
    assert json.loads(text) == {"systolic": preset["systolic"]}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_hardware_page_is_up_to_date():
    generator = runpy.run_path(str(ROOT / "docs/generate_hardware.py"))
    expected = generator["page"]()
    assert (ROOT / "docs/hardware.md").read_text(encoding="utf-8") == expected, "run: make docs"


def test_comparison_page_is_up_to_date():
    page = (ROOT / "docs/exact-vs-simdit.md").read_text(encoding="utf-8")
    comparison = runpy.run_path(str(ROOT / "examples/compare_models.py"))
    assert comparison["renewed"](page) == page, "run: make docs"
