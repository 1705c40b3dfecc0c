"""What the README and the pages below docs/ show is what happens."""

import contextlib
import io
import itertools
import json
import re
import runpy
import shlex
from pathlib import Path

import pytest

import simdc
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
    main(arguments)
    captured = capsys.readouterr()
    return captured.out + captured.err


def run_python(path: Path) -> list[tuple[str, str]]:
    """(printed, output shown) of each Python block that a text block follows; the blocks share their names."""
    names: dict[str, object] = {"__name__": "__main__"}
    found: list[tuple[str, str]] = []
    all_blocks = [*blocks(path), ("", "")]
    for (language, text), (next_language, shown) in itertools.pairwise(all_blocks):
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


@pytest.fixture(scope="module")
def comparison():
    """What `examples/compare_models.py` defines."""
    return runpy.run_path(str(ROOT / "examples/compare_models.py"))


def test_comparison_page_is_up_to_date(comparison):
    page = (ROOT / "docs/exact-vs-simdit.md").read_text(encoding="utf-8")
    assert comparison["renewed"](page) == page, "run: make docs"


def test_differences_that_readme_names_are_those_of_the_models(comparison):
    network = simdc.load("resnet50")
    totals, layers = [], []
    for machine in ("HI1", "HI2", "HI3"):
        rows = comparison["compare"](network, simdc.load_hardware(machine))
        exact, release = (
            sum(len(row.names) * getattr(row, model).cycles.total for row in rows) for model in ("exact", "simdit")
        )
        totals.append(100 * abs(exact / release - 1))
        layers += [abs(row.percent) for row in rows]
    sentence = f"{min(totals):.1f} to {max(totals):.1f} % apart in total, on single layers up to {max(layers):.0f} %"
    assert sentence in README.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("machine", "layer", "edge", "width", "tile"),
    [
        ("HI3", "layer1.1.add1", (0, 0), (0, -37_632), (-272, 0)),
        ("HI3", "avgpool", (0, 0), (0, -96), (0, 0)),
        ("HI3", "maxpool", (0, 0), (0, 0), (-816, -1_840)),
        ("HI3", "layer1.0.relu1", (0, 0), (0, 0), (-204, 0)),
        ("HI2", "layer4.1.conv2", (850, 46_380), (0, 0), (0, 0)),
        ("HI2", "layer4.0.conv2", (41_664, -958), (0, 0), (0, 0)),
        ("HI2", "layer3.0.conv3", (49, -1_630), (0, 0), (0, 0)),
    ],
)
def test_causes_are_those_worked_out_on_the_comparison_page(comparison, machine, layer, edge, width, tile):
    rows = comparison["compare"](simdc.load("resnet50"), simdc.load_hardware(machine))
    (row,) = [row for row in rows if row.names[0] == layer]
    found = [tuple(round(cycles) for cycles in cause) for cause in (row.edge, row.width, row.tile)]
    assert found == [edge, width, tile]
