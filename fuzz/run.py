"""Fuzzes the text front ends: whatever the input, it must end in a result or a clean error.

    python fuzz/run.py --minutes 60 [--target dsl] [--seed 1] [--finds DIR]

Where atheris imports (`pip install simdc[fuzz]`) inputs are guided by coverage, otherwise they are mutations of seeds.
Each target gets an equal share of the time in processes of its own, for an input may take 10 s and 200 MB. Finds are
written to DIR, an input and a traceback each; the exit code is 1 if there are any.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
ROUND_SECONDS = 150
"""How long a process lives: what caches keep is not the fault of an input."""
GRACE_SECONDS = 600
"""After its time a process finishes what was found before it, which on a busy machine takes as long again."""


class Account(NamedTuple):
    """What a target was given: `results` of the inputs ended in a report, the others in a clean error."""

    seconds: float = 0
    inputs: int = 0
    results: int = 0
    slowest_s: float = 0
    peak_mb: float = 0


def fuzz(target: str, seconds: float, seed: int, engine: str, finds: Path) -> Account:
    account = Account()
    rounds = max(1, round(seconds / ROUND_SECONDS))
    share = seconds / rounds
    for number in range(rounds):
        begin = time.monotonic()
        command = [sys.executable, str(HERE / "worker.py"), target, str(finds), "--engine", engine]
        command += ["--seconds", str(share), "--seed", str(seed + number)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _, said = process.communicate(timeout=share + GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            said = process.communicate()[1] + "\nkilled: it did not end in time"
        finally:
            process.kill()
        if process.returncode:
            (finds / f"{target}-process-{number}.txt").write_text(said[-4000:])
        spent = time.monotonic() - begin
        account = added(account, spent, finds / f".{target}-{process.pid}.json")
    return account


def added(account: Account, spent: float, written: Path) -> Account:
    data = json.loads(written.read_text()) if written.exists() else {}
    written.unlink(missing_ok=True)
    return Account(
        account.seconds + spent,
        account.inputs + data.get("inputs", 0),
        account.results + data.get("results", 0),
        max(account.slowest_s, data.get("slowest_s", 0)),
        max(account.peak_mb, data.get("peak_mb", 0)),
    )


def main() -> int:
    from fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="in all (default 60)")
    parser.add_argument("--target", choices=list(TARGETS), help="one front end; all in turn without it")
    parser.add_argument("--seed", type=int, default=1, help="of the random choices (default 1)")
    parser.add_argument("--engine", choices=["atheris", "mutation"], help="default: atheris where it imports")
    parser.add_argument("--finds", type=Path, default=Path("fuzz-finds"), help="folder for finds (default fuzz-finds)")
    arguments = parser.parse_args()
    engine = arguments.engine or ("atheris" if find_spec("atheris") else "mutation")
    arguments.finds.mkdir(parents=True, exist_ok=True)
    chosen = [arguments.target] if arguments.target else list(TARGETS)
    print(f"{engine}, {arguments.minutes:g} minutes over {len(chosen)} targets, finds go to {arguments.finds}")
    print(f"{'target':12} {'minutes':>8} {'inputs':>10} {'results':>10} {'slowest [s]':>12} {'peak [MB]':>10} finds")
    for target in chosen:
        account = fuzz(target, 60 * arguments.minutes / len(chosen), arguments.seed, engine, arguments.finds)
        found = len(list(arguments.finds.glob(f"{target}-*.txt")))
        print(
            f"{target:12} {account.seconds / 60:8.1f} {account.inputs:10,} {account.results:10,} "
            f"{account.slowest_s:12.2f} {account.peak_mb:10.0f} {found}",
            flush=True,
        )
    return 1 if any(arguments.finds.glob("*.txt")) else 0


if __name__ == "__main__":
    sys.exit(main())
