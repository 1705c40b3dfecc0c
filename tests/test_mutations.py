"""Every listed mistake is caught, and there is one in every function of the cost models."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutations.catalogue import LISTED
from tests.mutations.equivalent import REASONS
from tests.mutations.mutation import COST, Mutation, MutationError, mutated
from tests.mutations.operators import mutants

COMMAND = Path(__file__).with_name("mutations") / "run.py"
MODELS = (
    "axis.py", "capacity.py", "energy.py", "exact/", "greedy/", "grid.py", "kernel.py", "ladder/", "result.py",
    "search/orders.py", "search/relaxed.py", "simdit/", "tiling.py", "whole.py", "workload.py",
)  # fmt: skip
# What they hold is no formula: the protocol of arithmetic, warnings that go with a cost.
NO_FORMULA = {
    "Arithmetic",
    "ExactModel.__init__",
    "SimditModel.artefacts",
    "Workload._guards_of",
    "Bounded",
}
NO_MODEL = {"simdit/artefacts.py"}
FILES = [
    path
    for path in sorted(COST.rglob("*.py"))
    if path.relative_to(COST).as_posix().startswith(MODELS) and path.relative_to(COST).as_posix() not in NO_MODEL
]


def functions(source: str) -> Iterator[tuple[str, int, int]]:
    """(qualified name, first line, last line) of every function that is not inside another one."""

    def inside(node: ast.AST, prefix: str) -> Iterator[tuple[str, int, int]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                yield from inside(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.FunctionDef):
                yield f"{prefix}{child.name}", child.lineno, child.end_lineno or child.lineno

    return inside(ast.parse(source), "")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(COST).as_posix())
def test_every_function_of_the_models_has_a_mutation(path: Path) -> None:
    source, file = path.read_text(encoding="utf-8"), path.relative_to(COST).as_posix()
    lines: set[int] = set()
    for mutation in LISTED:
        if mutation.file == file and mutation.old in source:
            start = source[: source.index(mutation.old)].count("\n") + 1
            lines |= set(range(start, start + mutation.old.strip("\n").count("\n") + 1))
    missing = [
        name
        for name, first, last in functions(source)
        if not lines & set(range(first, last + 1)) and not any(name.startswith(start) for start in NO_FORMULA)
    ]
    assert not missing, f"simdc/cost/{file}: no mutation in {missing}"


def test_every_listed_mutation_is_caught() -> None:
    run = subprocess.run([sys.executable, COMMAND, "--json"], capture_output=True, text=True, check=False, timeout=600)
    assert run.stdout, run.stderr
    verdicts = json.loads(run.stdout)
    assert len(verdicts) == len(LISTED) >= 200
    assert [verdict["mutation"] for verdict in verdicts if not verdict["killer"]] == []


def test_a_snippet_that_is_gone_is_named() -> None:
    with pytest.raises(MutationError, match=r"simdc/cost/tiling\.py: the snippet of the mutation 'x' occurs 0 times"):
        mutated(Mutation("tiling.py", "no such code", "", "x"))
    with pytest.raises(MutationError, match=r"occurs [1-9][0-9]* times"):
        mutated(Mutation("tiling.py", "Tiling", "", "x"))
    with pytest.raises(MutationError, match="changes nothing"):
        mutated(Mutation("tiling.py", "def check_loops", "def check_loops", "x"))


def test_automatic_mutants() -> None:
    source = "def f(a, b=2):\n    '''Text 1.'''\n    return max(a, -(-a // b)) if a < 3 else not b\n"
    changes = sorted(mutant.change for mutant in mutants("f.py", source))
    assert changes == sorted(
        (
            "2 -> 3", "2 -> 1", "max(a, -(-a // b)) -> min(a, -(-a // b))", "-(-a // b) -> a // b", "-a // b -> -a * b",
            "-a -> a", "a < 3 -> a <= 3", "a < 3 -> a >= 3", "3 -> 4", "3 -> 2", "not b -> b",
            "max(a, -(-a // b)) if a < 3 else not b -> max(a, -(-a // b)) if not a < 3 else not b",
        )
    )  # fmt: skip
    assert {mutant.function for mutant in mutants("f.py", source)} == {"f"}


def test_reasons_are_given() -> None:
    assert all(len(reason) > 20 for reason in REASONS.values())
