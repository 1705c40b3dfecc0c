"""Tries deliberate mistakes in `simdc.cost` and tells which of them no check notices.

    python tests/mutations/run.py                          the listed mutations
    python tests/mutations/run.py --all                    every operator, number, comparison and condition
    python tests/mutations/run.py --all --files exact/     those of some files

Exit code 1 if a mutant survives that is not explained in equivalent.py.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

# Loaded before any fork: what is not mutated need not be imported again and again.
import hypothesis
import numpy
import pytest
import xdsl.dialects.builtin
import xdsl.irdl
import xdsl.rewriter
import xdsl.utils.test_value

from tests.mutations.answers import prepare
from tests.mutations.catalogue import LISTED
from tests.mutations.checks import finder, order_for
from tests.mutations.equivalent import REASONS
from tests.mutations.mutation import COST, Mutation, mutated
from tests.mutations.operators import Mutant, mutants
from tests.mutations.sandbox import Find, Task, Verdict, judge

PRELOADED = (hypothesis, numpy, pytest, xdsl.dialects.builtin, xdsl.irdl, xdsl.rewriter, xdsl.utils.test_value)


def task(file: str, source: str) -> Task:
    return Task(Mutation(file, "", "", "").module, file, source, order_for(file))


def baseline(find: Find) -> Verdict:
    """What the checks say about the code as it is, reloaded as a mutant would be: the first that fails, if any does."""
    files = ("kernel.py", "search/relaxed.py")
    tasks = [task(file, (COST / file).read_text(encoding="utf-8")) for file in files]
    return max(judge(tasks, find, 1), key=lambda verdict: bool(verdict.killer))


def run_listed(workers: int = 2, mutations: Sequence[Mutation] = LISTED) -> list[tuple[Mutation, Verdict]]:
    """Raises MutationError for a mutation that does not fit the code, AssertionError when unmutated code fails."""
    tasks = [task(mutation.file, mutated(mutation)) for mutation in mutations]
    find = finder(prepare())
    sound = baseline(find)
    assert not sound.killer, f"the code as it is fails {sound.killer}: {sound.why}"
    return list(zip(mutations, judge(tasks, find, workers), strict=True))


BOUNDS = ("search/relaxed.py", "search/orders.py")
ELSEWHERE = ("search/", "schedules/", "guards.py")
"""No cost models: they search, vectorize and watch the models, and are tested against these. But for the `BOUNDS` of
the search: what else stands there decides how much work is done, and in what order."""


def all_mutants(files: str) -> list[Mutant]:
    found: list[Mutant] = []
    for path in sorted(COST.rglob("*.py")):
        file = path.relative_to(COST).as_posix()
        if file.startswith(tuple(files.split(","))) and (file in BOUNDS or not file.startswith(ELSEWHERE)):
            found += mutants(file, path.read_text(encoding="utf-8"))
    return found


def run_all(files: str, workers: int) -> int:
    """Every automatic mutant; prints what survives and a count by file."""
    started = time.perf_counter()
    found = all_mutants(files)
    find = finder(prepare())
    sound = baseline(find)
    if sound.killer:
        print(f"the code as it is fails {sound.killer}: {sound.why}")
        return 1
    verdicts = list(zip(found, judge((task(m.file, m.source) for m in found), find, workers), strict=True))
    survivors = [mutant for mutant, verdict in verdicts if not verdict.killer]
    explained = [mutant for mutant in survivors if mutant.key in REASONS]
    for mutant in survivors:
        if mutant.key not in REASONS:
            print(f"SURVIVES {mutant.file} {mutant.function}\n    {mutant.line}\n    {mutant.change}")
    stale = {key for key in REASONS if key[0].startswith(tuple(files.split(",")))} - {
        mutant.key for mutant in survivors
    }
    for key in sorted(stale):
        print(f"EXPLAINED IN VAIN {key}: it does not survive, or is not there any more")
    by_file = Counter(mutant.file for mutant in found)
    for file, count in sorted(by_file.items()):
        print(f"{file:28}{count:6} mutants, {sum(mutant.file == file for mutant in survivors):3} survive")
    print(
        "by check:",
        ", ".join(f"{name} {n}" for name, n in Counter(v.killer for _, v in verdicts if v.killer).most_common()),
    )
    seconds = time.perf_counter() - started
    unexplained = len(survivors) - len(explained)
    print(
        f"{len(found)} mutants, {len(found) - len(survivors)} killed, {len(explained)} equivalent as explained, "
        f"{unexplained} survive; {seconds:.0f} s"
    )
    return 1 if unexplained or stale else 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="mutate everything that can be, not only what is listed")
    parser.add_argument("--files", default="", help="only files whose path below simdc/cost begins like one of these")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print the verdicts on the listed mutations as JSON")
    options = parser.parse_args(arguments)
    if options.all:
        return run_all(options.files, options.workers)
    started = time.perf_counter()
    survived = 0
    chosen = [mutation for mutation in LISTED if mutation.file.startswith(tuple(options.files.split(",")))]
    if options.json:
        verdicts = [
            {"mutation": f"{mutation.file}: {mutation.breaks}", **verdict._asdict()}
            for mutation, verdict in run_listed(options.workers, chosen)
        ]
        print(json.dumps(verdicts))
        return 0
    for mutation, verdict in run_listed(options.workers, chosen):
        survived += not verdict.killer
        caught = f"caught by {verdict.killer.removeprefix('tests.cost.')}" if verdict.killer else "SURVIVES"
        print(f"{mutation.file:26} {mutation.breaks:64} {caught} ({verdict.seconds:.2f} s)")
    print(f"{len(chosen)} mutations, {survived} survive; {time.perf_counter() - started:.0f} s")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
