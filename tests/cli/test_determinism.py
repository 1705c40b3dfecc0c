"""The same input gives the same bytes, whatever the hash seed of the process."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from simdc.cost.result import add_up

RUN = """
import json, sys
from simdc.cli import main
for arguments in json.loads(sys.argv[1]):
    print(main(["alexnet", "--hw", "HI3", *arguments]), "is the exit code", flush=True)
    print(sys.argv[2], flush=True)
"""
CASES = {
    "table": ("--layers",),
    "json": ("--format", "json"),
    "csv": ("--format", "csv"),
    "ir": ("--emit-ir",),
    "training ir": ("--train", "--optimizer", "adamw", "--master-weights", "--input-grad", "--emit-ir"),
    "training table": ("--train", "--batch", "4"),
    "training json": ("--train", "--format", "json"),
    "simdit": ("--model", "simdit", "--format", "json"),
}


def outputs(seed: str) -> list[str]:
    """Of every case, all in one process."""
    environment, rule = {**os.environ, "PYTHONHASHSEED": seed}, "-" * 70
    command = [sys.executable, "-c", RUN, json.dumps(list(CASES.values())), rule]
    printed = subprocess.check_output(command, stderr=subprocess.STDOUT, env=environment, timeout=120, text=True)
    *found, end = printed.split(f"{rule}\n")
    assert end == ""
    return found


def test_hash_seeds_change_nothing() -> None:
    first, *others = (dict(zip(CASES, outputs(seed), strict=True)) for seed in ("0", "1", "4242"))
    assert all(len(text) > 500 and text.endswith("0 is the exit code\n") for text in first.values())
    for other in others:
        assert [case for case in CASES if other[case] != first[case]] == []


def test_sums_are_rounded_alike_by_every_python() -> None:
    """Addition by addition; from 3.12 on `sum` keeps what is lost and would answer 1."""
    assert add_up([1e16, 1.0, -1e16]) == 0.0
    assert add_up([2**64, 1, -(2**64)]) == 1
    assert type(add_up([])) is int
