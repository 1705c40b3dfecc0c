"""Which room may import which: cli, commands, api, then frontends, passes and backends, then ir, then cost."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
import xdsl.context
import xdsl.ir
import xdsl.irdl
import xdsl.parser
import xdsl.passes
import xdsl.printer
import xdsl.traits

from simdc.commands import COMMANDS
from simdc.cost.model_table import MODELS

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "simdc"
FILES = sorted(PACKAGE.rglob("*.py"))

# Every room may import these. They need the standard library only, and each room has a table of its own that other
# packages add to with `plugins`.
OPEN = {"choices", "digests", "errors", "frozen", "named", "pictures", "plugins", "streams", "terminal", "visible"}
# Rooms and files of the package by what they may import beside themselves and what is open.
MAY_IMPORT: dict[str, set[str]] = {
    "__init__": {"api", "network_builder"},
    "__main__": {"cli"},
    # `__init__` holds nothing but the version and names that are imported on first use.
    "cli": {"commands", "__init__"},
    # A report says which version made it.
    "commands": {
        "__init__",
        "api",
        "frontends",
        "passes",
        "backends",
        "diagnosis",
        "explore",
        "report",
        "validation",
        "workers",
        "ir",
        "cost",
    },
    # A page shows numbers of reports and explanations, and prices nothing.
    "report": {"backends", "diagnosis", "ir", "cost", "__init__"},
    # It reads space files as the front ends read theirs; a journal knows the version that wrote it.
    "explore": {"frontends", "workers", "cost", "__init__"},
    # Each measured layer is a network, which goes the way of any other.
    "validation": {"api", "network_builder", "frontends", "backends", "ir", "cost"},
    "api": {"frontends", "passes", "backends", "diagnosis", "ir", "cost"},
    "network_builder": {"api", "frontends", "ir"},
    "frontends": {"ir", "cost"},
    "passes": {"workers", "ir", "cost"},
    # A report says which version made it.
    "backends": {"diagnosis", "ir", "cost", "__init__"},
    "ir": {"cost"},
    # One layer and its price, taken apart: numbers only.
    "diagnosis": {"cost"},
    "cost": set(),
    "choices": set(),
    "errors": set(),
    "digests": set(),
    "frozen": set(),
    "named": set(),
    "pictures": set(),
    "plugins": set(),
    "streams": set(),
    "terminal": set(),
    "visible": set(),
    "workers": set(),
    # simdc in the tools of xDSL.
    "universe": {"passes", "ir"},
    "opt": {"universe", "frontends", "ir"},
}
LIBRARIES: dict[str, set[str]] = {
    "frontends": {"xdsl"},
    "passes": {"xdsl"},
    "backends": {"xdsl"},
    "ir": {"xdsl"},
    "cost": {"typing_extensions"},
    "api": {"xdsl"},
    "network_builder": {"xdsl"},
    "commands": {"xdsl"},
    "explore": set(),
    "universe": {"xdsl"},
    "opt": {"xdsl"},
}
NUMPY = {
    "backends/execute.py",
    "backends/execute",
    "backends/rtl",
    "cost/batch_numbers.py",
    "cost/instructions.py",
    "cost/packed/columns.py",
    "cost/packed/rung_arrays.py",
    "cost/schedules",
    "cost/search",
    "cost/simdit/arrays.py",
    "cost/simdit/many.py",
    "frontends/joined",
    "frontends/mlir/constant_arrays.py",
    "frontends/mlir/constant_values.py",
    "frontends/onnx",
    "explore",
    "commands/explore.py",
}
PROTOBUF = "frontends/onnx/model_file.py"
# Nobody imports it but Pygments.
PYGMENTS = "frontends/dsl/highlight.py"
TESTS = ROOT / "tests"
# Folders of tests that are of no one folder of the package. Tests of single files of the package stand in tests/.
OWN_FOLDERS = {"cli", "differential", "docs", "examples", "fuzz", "robustness", "trials"}
VAGUE = {"util", "utils", "helper", "helpers", "common", "misc", "tools", "shared"}
MAX_LINES = 300
MAX_FUNCTION_LINES = 60
# What the command line may import before its arguments are valid.
CHEAP = {"__future__", "argparse", "collections", "importlib", "os", "re", "sys", "types", "typing"}


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def tree_of(source: str) -> ast.Module:
    """Most tests here ask for the tree of every file."""
    return ast.parse(source)


def imports(path: Path, *, deferred: bool = True) -> Iterator[str]:
    """Absolute names of what a file imports; `deferred` includes imports inside functions and for type checkers."""
    package = ["simdc", *path.relative_to(PACKAGE).parts[:-1]]
    tree = tree_of(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if deferred else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            # `from simdc.cost import kernel` may name a module or something in one.
            yield module if module != "simdc" else ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


def own_room(name: str) -> str | None:
    """The room that a name of ours lies in: `simdc.cost.kernel.Loop` lies in `cost`."""
    parts = name.split(".")
    if parts[0] != "simdc":
        return None
    rooms = {path.stem if path.suffix else path.name for path in PACKAGE.iterdir()}
    return parts[1] if len(parts) > 1 and parts[1] in rooms else "__init__"


def rows(head: str) -> list[list[str]]:
    """The cells of each row of the table with these titles on the page that is the map."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = page.partition(f"{head}\n")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table.splitlines()[1:]]


def test_the_map_has_every_room_and_every_arrow() -> None:
    shown: dict[str, set[str]] = {}
    for place, _, arrows in rows("| room | holds | may import |"):
        name = place.strip("`").removeprefix("simdc/").removesuffix(".py")
        assert (name in OPEN) == (arrows == "open to all"), name
        shown[name] = set(re.findall(r"`(\w+)`", arrows))
    assert shown == MAY_IMPORT


def test_the_map_has_every_room_inside_a_room() -> None:
    listed = rows("| room | holds |")
    named = {name for place, holds in listed for name in re.findall(r"`(\w+(?:/\w+)+)`", place + holds)}
    there = {relative(path.parent) for path in FILES} - {"."}
    assert named == {place for place in there if "/" in place}


def test_every_room_is_known() -> None:
    assert len(FILES) > 50
    assert {room(path) for path in FILES} <= MAY_IMPORT.keys()


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_imports_go_one_way(path: Path) -> None:
    here = room(path)
    allowed = MAY_IMPORT[here] | OPEN | {here}
    found = {own_room(name) for name in imports(path) if name} - {None}
    assert found <= allowed, f"{here} may import {sorted(allowed)}, not {sorted(map(str, found - allowed))}"


def module_name(path: Path) -> str:
    return ".".join(["simdc", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")


def file_imports() -> dict[str, set[str]]:
    """By file, which files it imports, for type checkers and inside functions included."""
    names = {module_name(path) for path in FILES}
    found: dict[str, set[str]] = {}
    for path in FILES:
        read = set(imports(path))
        # `from simdc.cost import kernel` needs `kernel`, and not what `simdc/cost/__init__.py` imports.
        wholes = {name.rpartition(".")[0] for name in read if name in names}
        parts = {name.rpartition(".")[0] for name in read if name not in names}
        found[module_name(path)] = (names & (read - wholes | parts)) - {module_name(path)}
    return found


def circle(graph: dict[str, set[str]]) -> list[str]:
    """One circle, as the names on it; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_files_import_each_other_in_no_circle() -> None:
    assert circle(file_imports()) == []


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set[str]()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["b", "c", "b"]),
    ],
)
def test_the_finder_of_circles_sees_them(graph: dict[str, set[str]], found: list[str]) -> None:
    assert sorted(set(circle(graph))) == sorted(set(found))


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_libraries_stay_in_their_rooms(path: Path) -> None:
    libraries = {name.partition(".")[0] for name in imports(path) if name}
    libraries -= {"simdc", *sys.stdlib_module_names}
    allowed = set(LIBRARIES.get(room(path), set()))
    if any(relative(path).startswith(place) for place in NUMPY):
        allowed.add("numpy")
    if relative(path) == PROTOBUF:
        allowed.add("google")
    if relative(path) == PYGMENTS:
        allowed.add("pygments")
    assert libraries <= allowed


def test_what_is_open_to_all_needs_the_standard_library_only() -> None:
    for name in OPEN:
        found = {name.partition(".")[0] for name in imports(PACKAGE / f"{name}.py") if name}
        assert found <= {"__future__", "simdc", *sys.stdlib_module_names}


def test_no_models_name_decides_anything() -> None:
    """What a model can do it says itself; outside `cost` its name stands once, where nobody names another. A roofline
    is also a picture and its data."""
    found = [
        relative(path)
        for path in FILES
        if room(path) != "cost"
        for node in ast.walk(tree_of(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in MODELS.keys() - {"roofline"}
    ]
    assert found == ["choices.py"]


def test_the_command_line_imports_next_to_nothing_at_first() -> None:
    at_first = [PACKAGE / "cli.py", *(PACKAGE / f"{name}.py" for name in OPEN - {"digests", "frozen", "plugins"})]
    at_first += [PACKAGE / "commands" / f"{name}.py" for name in ("__init__", "arguments", "parser")]
    at_first += [PACKAGE.parent / f"{name.replace('.', '/')}.py" for name in COMMANDS.values()]
    for path in at_first:
        found = {name for name in imports(path, deferred=False) if name}
        assert {name.partition(".")[0] for name in found if not name.startswith("simdc")} <= CHEAP, relative(path)
        ours = {name.partition(".")[2] for name in found if name.startswith("simdc")} - {"commands", "__version__"}
        assert {name.partition(".")[0] for name in ours} <= {"commands", *OPEN - {"plugins"}}, relative(path)


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_files_are_short_and_say_what_they_are(path: Path) -> None:
    assert not VAGUE & {part.removesuffix(".py") for part in path.relative_to(PACKAGE).parts}
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_LINES
    assert not text or ast.get_docstring(tree_of(text)) or path.name == "__main__.py"


def test_tests_stand_in_the_folders_of_what_they_test() -> None:
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    assert len(folders) > 20
    strange = {folder.as_posix() for folder in folders if folder.parts and not (PACKAGE / folder).is_dir()}
    assert strange == OWN_FOLDERS


def definitions(path: Path, *kinds: type[ast.stmt]) -> Iterator[ast.ClassDef | ast.FunctionDef]:
    for node in ast.walk(tree_of(path.read_text(encoding="utf-8"))):
        if isinstance(node, kinds):
            assert isinstance(node, ast.ClassDef | ast.FunctionDef)
            yield node


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_functions_are_short(path: Path) -> None:
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in definitions(path, ast.FunctionDef)}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FUNCTION_LINES} == {}


def test_no_two_classes_share_a_name() -> None:
    """Ours among each other and with xDSL's. `Operand` is the field's word for both: an alias of SSAValue there, a
    value of `cost` here, which knows no xDSL."""
    found: dict[str, list[str]] = {}
    for path in FILES:
        for node in definitions(path, ast.ClassDef):
            found.setdefault(node.name, []).append(relative(path))
    assert {name: places for name, places in found.items() if len(places) > 1} == {}
    rooms = (xdsl.ir, xdsl.irdl, xdsl.parser, xdsl.printer, xdsl.passes, xdsl.traits, xdsl.context)
    theirs = {name for room in rooms for name, value in vars(room).items() if isinstance(value, type)}
    assert found.keys() & theirs == {"Operand"}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import numpy as np", {"numpy"}),
        ("def f():\n    from simdc.passes import x", {"simdc.passes", "simdc.passes.x"}),
        ("from ..ir.base import LayerOp", {"simdc.ir.base", "simdc.ir.base.LayerOp"}),
        ("from . import kernel", {"simdc.cost", "simdc.cost.kernel"}),
        ("if TYPE_CHECKING:\n    from simdc import api", {"simdc.api"}),
    ],
)
def test_the_reader_of_imports_sees_them(source: str, found: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: source)
    assert {name for name in imports(PACKAGE / "cost" / "made_up.py") if name} == found
