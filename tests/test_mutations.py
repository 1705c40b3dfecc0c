"""Mistakes made from the syntax tree are noticed: a fixed sample of them in the cost models, the passes, what ops say
of themselves and the report's peak. `python -m tests.mutations.run --all` tries all of them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.mutations.cases import ROOT, cases_of
from tests.mutations.coverage import PACKAGE
from tests.mutations.operators import mutants
from tests.mutations.rooms import HELD, ROOMS, sample, too_slow
from tests.mutations.survivors import survivors

UNEXPLAINED = "not explained yet"
MOST_UNEXPLAINED = 99


@pytest.mark.mutants
def test_every_mutant_of_the_sample_is_killed() -> None:
    command = [sys.executable, "-m", "tests.mutations.run", "--json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=3000)
    assert run.stdout, run.stderr
    verdicts = json.loads(run.stdout)
    assert len(verdicts) > 700
    alive = [verdict["mutant"] for verdict in verdicts if not verdict["killer"]]
    assert not alive, "kill each by a test, or explain in tests/mutations/survivors.txt why nothing can"
    broken = [verdict for verdict in verdicts if verdict["killer"] in ("sandbox", "import")]
    assert len(broken) < len(verdicts) // 20


def test_what_is_held_is_there() -> None:
    files = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}
    for start in HELD:
        assert any(file.startswith(start) for file in files), start
    for room in ROOMS.values():
        assert all(any(file.startswith(start) for file in files) for start in room.files)
        assert all((ROOT / "tests" / folder).exists() for folder in room.tests)
    for test in too_slow():
        module, name = test.split("::")
        assert f"def {name}(" in (ROOT / module.replace(".", "/")).with_suffix(".py").read_text(encoding="utf-8"), test


def test_the_sample_is_not_moved_by_edits_elsewhere() -> None:
    path = ROOT / "simdc" / "cost" / "grid.py"
    source = path.read_text(encoding="utf-8")
    before = list(mutants("cost/grid.py", source))
    after = list(mutants("cost/grid.py", f"{source}\n\ndef added(a: int) -> int:\n    # why\n    return a + 1\n"))
    kept = [mutant.name for mutant in sample(after, ()) if mutant.function != "added"]
    assert kept == [mutant.name for mutant in sample(before, ())]
    assert len(sample(after, ())) > len(kept)
    assert sample(before, kept) == []


def test_mutants_of_a_function() -> None:
    source = "def f(a, b=2):\n    '''Text 1.'''\n    return max(a, -(-a // b)) if a < 3 else g(not b, b)\n"
    assert {mutant.change for mutant in mutants("f.py", source)} == {
        "a, b=2 -> a, b=3",
        "a, b=2 -> a, b=1",
        "max(a, -(-a // b)) -> min(a, -(-a // b))",
        "-(-a // b) -> a // b",
        "-a // b -> -a * b",
        "-a -> a",
        "a < 3 -> a <= 3",
        "a < 3 -> a >= 3",
        "a < 3 -> a < 4",
        "a < 3 -> a < 2",
        "g(not b, b) -> g(b, not b)",
        "not b -> b",
    }
    assert {mutant.function for mutant in mutants("f.py", source)} == {"f"}
    assert {mutant.change for mutant in mutants("f.py", source) if mutant.at_import} == {
        "a, b=2 -> a, b=3",
        "a, b=2 -> a, b=1",
    }


def test_equal_changes_of_a_function_are_numbered() -> None:
    source = "class C:\n    def f(self, a):\n        return a + 1, a + 1\n"
    names = [mutant.name for mutant in mutants("f.py", source)]
    assert len(set(names)) == len(names) == 8
    assert {"f.py C.f: a + 1 -> a", "f.py C.f: a + 1 -> a #2"} <= set(names)


def test_a_mutant_is_the_file_with_its_change() -> None:
    source = "def f(a):\n    return a[1:]\n"
    (whole,) = (mutant for mutant in mutants("f.py", source) if mutant.change == "[1:] -> [:]")
    space: dict[str, object] = {}
    exec(compile(whole.tree(source), "f.py", "exec"), space)
    function = space["f"]
    assert callable(function)
    assert function("abc") == "abc"


@pytest.mark.parametrize(
    ("text", "says"),
    [("f.py f: 1 -> 2\n", "no reason is given"), ("# because\nf.py f: 1 -> 2\nf.py f: 1 -> 2\n", "two reasons")],
)
def test_survivors_have_one_reason(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        survivors(text)


def test_reasons_are_given() -> None:
    reasons = survivors().values()
    assert all(len(reason) > 20 for reason in reasons)
    # What nobody has explained yet may become less, not more.
    assert sum(reason.startswith(UNEXPLAINED) for reason in reasons) <= MOST_UNEXPLAINED


def test_cases_are_called_as_pytest_calls_them() -> None:
    names = [case.name for case in cases_of("tests.test_visible")]
    assert len(names) == len(set(names)) > 5
    for case in cases_of("tests.test_visible"):
        case.run()


COVER = """
import json, sys
from tests.mutations.cases import Case, cases_of
from tests.mutations.coverage import cover

def quick():
    import colorsys
    from simdc.visible import is_name
    assert is_name("a")

def fails():
    raise ValueError("no")

def spins():
    while True:
        pass

assert "colorsys" not in sys.modules
cases = [Case(f"{test.__name__} {n}", test, {}) for test in (fails, spins) for n in (1, 2)]
found = cover([Case("quick", quick, {}), *cases_of("tests.test_visible"), *cases], 0.5)
reached = {each.case.name: [each.case.test.__name__, sorted(each.functions)] for each in found.reached}
print(json.dumps([reached, found.slow, found.failing, "colorsys" in sys.modules]))
"""


def test_either_half_of_the_cases_tells_what_it_calls() -> None:
    """The first case runs in the other process, and what it imports is here as well."""
    run = subprocess.run([sys.executable, "-c", COVER], cwd=ROOT, capture_output=True, text=True, check=True)
    reached, slow, failing, is_imported = json.loads(run.stdout)
    assert reached.pop("quick") == ["quick", [["visible.py", "is_name"]]]
    assert reached.keys() == {case.name for case in cases_of("tests.test_visible")}
    rows = [functions for test, functions in reached.values() if test == "test_other_cells_stay"]
    assert len(rows) > 3
    assert all(functions == [["visible.py", "spreadsheet_text"]] for functions in rows)
    assert sorted(slow) == ["spins 1", "spins 2"]
    assert sorted(failing) == ["fails 1: ValueError: no", "fails 2: ValueError: no"]
    assert is_imported
