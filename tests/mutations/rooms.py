"""Which files are mutated, which tests can tell, and which mutants the tests try on every run."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.mutations.coverage import PACKAGE
from tests.mutations.operators import Mutant, mutants


class Room(NamedTuple):
    """`tests` are the folders whose cases are tried; answers of the oracles belong to `cost`."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


ROOMS = {
    "cost": Room(("cost/",), ("cost", "ir/ops")),
    "ir": Room(("ir/",), ("ir", "backends/execute", "passes")),
    "passes": Room(("passes/",), ("passes", "ir", "backends/execute")),
    "backends": Room(("backends/",), ("backends", "passes", "cli")),
    "frontends": Room(("frontends/",), ("frontends", "trials")),
    "diagnosis": Room(("diagnosis/",), ("diagnosis",)),
    "explore": Room(("explore/",), ("explore",)),
    "commands": Room(
        ("commands/", "api.py", "cli.py", "errors.py", "opt.py", "plugins.py", "streams.py", "visible.py"),
        ("cli", "commands", "test_opt.py", "test_plugins.py", "test_visible.py"),
    ),
}

# Functions that are mutated on every run, and how often each: by the beginning of the file. What
# wires plug-ins is tested with installed ones, by tests that are too slow.
HELD = {
    "cost/exact/": 2, "cost/capacity.py": 2, "cost/grid.py": 2, "cost/search/relaxed.py": 2,
    "cost/model": 0, "cost/plugin_model.py": 0, "cost/": 1, "passes/assign_widths.py": 2, "passes/": 1,
    "backends/report/memory.py": 2,
}  # fmt: skip
HELD_BY = (
    "cost", "passes/test_assign_widths.py", "passes/test_derive_training.py", "passes/test_gradient_sums.py",
    "passes/test_pipeline.py", "passes/test_readers_decide_widths.py", "passes/test_search_tiling.py",
    "passes/test_tidy.py", "passes/test_training_loss.py", "passes/test_fuse_chains.py", "passes/test_choose_form.py",
    "passes/test_fold_views.py", "passes/test_turned_heads.py", "passes/test_fold_scores.py",
    "passes/test_fuse_attention.py", "passes/test_from_file.py", "commands/test_judge.py",
    "passes/test_mappings.py", "frontends/test_hardware_file.py", "frontends/test_hardware_schema.py",
    "frontends/test_machine_sheet.py", "explore/test_units.py",
    "ir/ops", "backends/report/test_training_report.py", "backends/execute/test_kernels_compute.py",
)  # fmt: skip
"""The tests that are tried on these."""

# What ops say of themselves to the cost models, wherever it stands in ir/.
KERNELS = ("kernel", "program", "_program", "operands")
SAMPLED = (*HELD, "ir/ops/")
TOO_SLOW = Path(__file__).with_name("too_slow.txt")


def too_slow() -> set[str]:
    """Tests of which a row, or all rows together, take longer than a test of the sample may. They are named, not timed:
    what kills a mutant must do so on a busy machine, too. `--all` tries them."""
    return set(TOO_SLOW.read_text(encoding="utf-8").split())


def mutants_of(files: Collection[str]) -> Iterator[Mutant]:
    """Every mutant of the files that begin like one of these."""
    for path in sorted(PACKAGE.rglob("*.py")):
        file = path.relative_to(PACKAGE).as_posix()
        if file.startswith(tuple(files)):
            yield from mutants(file, path.read_text(encoding="utf-8"))


def sample(found: Collection[Mutant], known: Collection[str]) -> list[Mutant]:
    """Of each function that is held, as many mutants as `HELD` says: those whose names have the lowest hashes, so that
    an edit elsewhere draws no other mutant. Known survivors are not tried again."""
    by_function: defaultdict[tuple[str, str], list[Mutant]] = defaultdict(list)
    for mutant in found:
        if not mutant.at_import:
            by_function[mutant.file, mutant.function].append(mutant)
    chosen: list[Mutant] = []
    for where, each in by_function.items():
        chosen += sorted(each, key=_hash)[: _times(*where)]
    return [mutant for mutant in chosen if mutant.name not in known]


def _times(file: str, function: str) -> int:
    if file.startswith("ir/ops/"):
        return int(function.endswith(KERNELS))
    return next((times for start, times in HELD.items() if file.startswith(start)), 0)


def _hash(mutant: Mutant) -> bytes:
    return hashlib.sha256(mutant.name.encode()).digest()
