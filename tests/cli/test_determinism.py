"""The same input gives the same bytes, whatever the hash seed of the process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from simdc.cost.result import add_up

RUN = "import sys; from simdc.cli import main; sys.exit(main(sys.argv[1:]))"
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


def output(seed: str, *arguments: str) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", RUN, "alexnet", "--hw", "HI3", *arguments]
    result = subprocess.run(command, capture_output=True, env=environment, timeout=120, check=True)
    return result.stdout + result.stderr


@pytest.mark.parametrize("case", CASES)
def test_hash_seeds_change_nothing(case: str) -> None:
    first, *others = (output(seed, *CASES[case]) for seed in ("0", "1", "4242"))
    assert len(first) > 500
    assert others == [first, first]


def test_sums_are_rounded_alike_by_every_python() -> None:
    """Addition by addition; from 3.12 on `sum` keeps what is lost and would answer 1."""
    assert add_up([1e16, 1.0, -1e16]) == 0.0
    assert add_up([2**64, 1, -(2**64)]) == 1
    assert type(add_up([])) is int
