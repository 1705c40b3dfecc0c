"""Tries deliberate mistakes in simdc and tells which of them no check notices.

    python -m tests.mutations.run                       those that the tests try
    python -m tests.mutations.run --all --room cost     every mutant of a room; hours for all rooms
    python -m tests.mutations.run --all --room passes --files passes/fold

Exit code 1 if a mutant survives that is not explained in survivors.txt.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator

# Mistakes are made in what stands in the files, not in what was compiled from them.
os.environ["SIMDC_PLAIN"] = "1"

from tests.mutations.answers import answer_cases, golden_cases
from tests.mutations.cases import Case, cases_of, modules_below
from tests.mutations.coverage import cover
from tests.mutations.operators import Mutant
from tests.mutations.rooms import HELD_BY, ROOMS, SAMPLED, mutants_of, sample, too_slow
from tests.mutations.sandbox import Sandbox, Verdict
from tests.mutations.survivors import survivors
from tests.mutations.together import together_cases

# The CPU time of all cases that one mutant gets, under the profile, which takes twice as long as the cases alone.
SAMPLE_SECONDS, ALL_SECONDS = 10.0, 30.0
SAMPLE_LIMIT, ALL_LIMIT = 1.0, 2.0
"""The CPU time of one case. Those of the sample take a tenth of that: what takes more is named in too_slow.txt, since
on a busy machine everything takes three times as long, and a mutant must not survive for that."""


def cases(folders: Collection[str], left_out: Collection[str] = ()) -> Iterator[Case]:
    if "cost" in folders:
        yield from answer_cases()
        yield from together_cases()
    if "passes/test_tidy.py" in folders or "passes" in folders:
        yield from golden_cases()
    for module in modules_below(tuple(folders)):
        yield from (case for case in cases_of(module) if case.test_name not in left_out)


def chosen(options: argparse.Namespace, rooms: Collection[str], known: Collection[str]) -> list[Mutant]:
    files = [file for room in rooms for file in ROOMS[room].files]
    found = list(mutants_of(files if options.all else SAMPLED))
    if not options.all:
        found = [mutant for mutant in sample(found, known) if mutant.file.startswith(tuple(files))]
    return [mutant for mutant in found if mutant.file.startswith(tuple(options.files.split(",")))]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="every mutant, not only those that the tests try")
    parser.add_argument("--room", choices=ROOMS, help="mutants of one room only")
    parser.add_argument("--files", default="", help="only files whose path below simdc/ begins like one of these")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print names and verdicts as JSON")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    rooms = [options.room] if options.room else list(ROOMS)
    folders = [folder for room in rooms for folder in ROOMS[room].tests] if options.all else HELD_BY
    known = survivors()
    tried = chosen(options, rooms, known)
    # Its import is slow, and what needs it is not tried; what imports it if it is there must not find it later.
    sys.modules["torch"] = None  # pyright: ignore[reportArgumentType]
    # As pytest has it.
    sys.path.append("examples")
    coverage = cover(cases(folders), ALL_LIMIT) if options.all else cover(cases(folders, too_slow()), SAMPLE_LIMIT)
    if not options.json:
        print(f"{len(tried)} mutants, {len(coverage.reached)} cases, {len(coverage.slow)} too slow", flush=True)
    for name in coverage.failing:
        print(f"FAILS WITHOUT A MUTANT {name}", file=sys.stderr)
    verdicts: list[tuple[Mutant, Verdict]] = []
    sandbox = Sandbox(coverage, ALL_SECONDS if options.all else SAMPLE_SECONDS, twice=options.all)
    for mutant, verdict in sandbox.judge(tried, options.workers):
        verdicts.append((mutant, verdict))
        if not verdict.killer and mutant.name not in known and not options.json:
            print(f"SURVIVES {mutant.name}", flush=True)
    if options.json:
        print(json.dumps([{"mutant": mutant.name, **verdict._asdict()} for mutant, verdict in verdicts]))
        return 0
    return report(verdicts, known, time.perf_counter() - started)


def report(verdicts: list[tuple[Mutant, Verdict]], known: Collection[str], seconds: float) -> int:
    """Counts by file, and what is explained in vain."""
    alive = [mutant for mutant, verdict in verdicts if not verdict.killer]
    for mutant, verdict in verdicts:
        if verdict.killer and mutant.name in known:
            print(f"EXPLAINED IN VAIN, killed by {verdict.killer}: {mutant.name}")
    by_file, by_survivor = (Counter(mutant.file for mutant in each) for each in ([m for m, _ in verdicts], alive))
    for file, count in sorted(by_file.items()):
        print(f"{file:40}{count:6} mutants, {by_survivor[file]:3} survive")
    unexplained = sum(mutant.name not in known for mutant in alive)
    print(
        f"{len(verdicts)} mutants, {len(verdicts) - len(alive)} killed, {len(alive) - unexplained} equivalent as "
        f"explained, {unexplained} survive; {seconds:.0f} s"
    )
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
