"""The same input gives the same bytes, whatever the hash seed of the process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

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
