"""Compares the reports of this tree with those of another revision, byte for byte but for the stamp.

    python tests/same_reports.py main
    python tests/same_reports.py v0.1.0 --machines HI3,HT3 --networks resnet50

Each example network, on each preset machine, by both models, for inference and for training. Exit code 1 and the first
lines that differ, if any do. What ends in an error is compared by its message. Fields that the machine has got since,
and keys that reports have, are named, not compared: what they change shows in the costs.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MODELS = ("exact", "simdit")
PHASES = {"inference": (), "training": ("--train", "--optimizer", "momentum")}
SHOWN_LINES = 12

Data = dict[str, Any]


def names(folder: str, suffix: str) -> list[str]:
    return sorted(path.stem for path in (ROOT / "examples" / folder).glob(f"*{suffix}"))


def write(folder: Path, networks: list[str], machines: list[str]) -> None:
    """One file for each report, by the simdc that Python finds first."""
    from simdc.cli import main

    for network, machine, model, phase in product(networks, machines, MODELS, PHASES):
        output, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            code = main([network, "--hw", machine, "--model", model, *PHASES[phase], "--format", "json"])
        # Of an error, with its place in whichever tree this is.
        text = errors.getvalue().replace(f"{Path.cwd()}/", "")
        if code == 0:
            report = json.loads(output.getvalue())
            # Version, command and inputs: they may differ.
            report.pop("provenance", None)
            text = json.dumps(report, indent=1)
        (folder / f"{network}-{machine}-{model}-{phase}").write_text(text, encoding="utf-8")


def reports_of(tree: Path, folder: Path, arguments: list[str]) -> subprocess.Popen[bytes]:
    """Write the reports of the simdc in `tree`, in a process of its own."""
    folder.mkdir()
    command = [sys.executable, __file__, "--write", str(folder), *arguments]
    return subprocess.Popen(command, cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)})


@contextlib.contextmanager
def checked_out(revision: str, folder: Path) -> Iterator[Path]:
    """The files of a revision, in a folder that git forgets again."""
    subprocess.run(["git", "worktree", "add", "--quiet", "--detach", folder, revision], cwd=ROOT, check=True)
    try:
        yield folder
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", folder], cwd=ROOT, check=True)


def differing(before: Path, now: Path) -> list[str]:
    """Say which reports differ, and where first. Gives their names."""
    found: list[str] = []
    added: set[str] = set()
    for path in sorted(now.iterdir()):
        old, new = ((folder / path.name).read_text(encoding="utf-8") for folder in (before, now))
        if old.startswith("{") and new.startswith("{"):
            new = json.dumps(known_keys(json.loads(new), json.loads(old), added), indent=1)
        if old == new:
            continue
        found.append(path.name)
        lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), "before", "now", lineterm="", n=1))
        more = len(lines) - SHOWN_LINES
        print(
            f"{path.name} differs",
            *lines[:SHOWN_LINES],
            *([f"... {more} lines more"] if more > 0 else []),
            sep="\n",
        )
    if added:
        print(f"new: {', '.join(sorted(added))}")
    return found


def known_keys(new: Any, old: Any, added: set[str], path: str = "") -> Any:
    """`new` without the keys that `old` lacks, whose names go into `added`. The version of a report's schema is old."""
    if isinstance(new, dict) and isinstance(old, dict):
        added.update(f"{path}{name}" for name in new.keys() - old.keys())
        kept = {name: known_keys(new[name], old[name], added, f"{path}{name}.") for name in new if name in old}
        return {**kept, **({"schema": old["schema"]} if not path and "schema" in old else {})}
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        return [known_keys(each, other, added, path) for each, other in zip(new, old, strict=True)]
    return new


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", nargs="?", help="what to compare with: a commit, a branch, a tag")
    parser.add_argument("--networks", default=",".join(names("networks", ".dsl")), help="default: all examples")
    parser.add_argument("--machines", default=",".join(names("hardware", ".json")), help="default: all presets")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        write(given.write, given.networks.split(","), given.machines.split(","))
        return 0
    if not given.revision:
        parser.error("name a revision to compare with, such as main")
    arguments = ["--networks", given.networks, "--machines", given.machines]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before, now = folder / "before", folder / "now"
        with checked_out(given.revision, folder / "tree") as tree:
            running = [reports_of(tree, before, arguments), reports_of(ROOT, now, arguments)]
            # Both are waited for before the tree goes.
            exits = [process.wait() for process in running]
            if any(exits):
                return 2
        found = differing(before, now)
        print(f"{len(found)} of {len(list(now.iterdir()))} reports differ")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
