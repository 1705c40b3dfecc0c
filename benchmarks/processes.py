"""Rows that are whole processes, and the trees of simdc that they run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import simdc

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(simdc.__file__).parents[1]
"""Where the simdc lies that this Python imports: beside this folder, or installed with a compiled core."""
MAXRSS_PER_MIB = 2**20 if sys.platform == "darwin" else 2**10
"""The peak of a child's memory is told in bytes on macOS and in KiB elsewhere."""
XDSL_ONLY = [sys.executable, "-c", "import xdsl.parser, xdsl.printer, xdsl.passes"]
COMMAND = [sys.executable, "-m", "simdc", str(ROOT / "examples/networks/resnet50.dsl"), "--hw", "HI3", "--emit-cost"]
TRAINING = [*COMMAND, "--batch", "32", "--train"]


class Process(NamedTuple):
    """A whole process, whether it finds bytecode files, and whether the network was lowered before. The goal is a
    multiple of the row `xdsl`, or MiB where the row is of memory."""

    title: str
    command: list[str]
    bytecode: bool = True
    seen: bool = False
    goal: float | None = None
    unit: str = "s"


PROCESSES = {
    "xdsl": Process("importing xDSL, nothing else", XDSL_ONLY),
    "cold": Process("the command on ResNet-50", COMMAND, goal=1.5),
    "cold_peak": Process("the same, peak of memory", COMMAND, goal=60, unit="MiB"),
    "cold_train": Process("the same, training step", TRAINING),
    "cold_source": Process("the command, no bytecode files", COMMAND, bytecode=False),
    "seen": Process("the command on a network that it lowered before", COMMAND, seen=True, goal=0.6),
    "seen_train": Process("the same, training step", TRAINING, seen=True),
}


class Tree(NamedTuple):
    """A version of simdc, the folder in which its bytecode files are kept, and whether its core runs as it stands."""

    title: str
    folder: Path
    bytecode: str
    plain: bool

    def environment(self, *, bytecode: bool, seen: bool = False) -> dict[str, str]:
        own = {
            "PYTHONPATH": str(self.folder),
            "SIMDC_PLAIN": "1" if self.plain else "",
            "SIMDC_NO_CACHE": "" if seen else "1",
            "XDG_CACHE_HOME": f"{self.bytecode}-cache",
        }
        kept = {"PYTHONPYCACHEPREFIX": self.bytecode} if bytecode else {"PYTHONDONTWRITEBYTECODE": "1"}
        given = {
            name: value
            for name, value in os.environ.items()
            if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
        }
        return {**given, **own, **kept}

    def inside(self, script: str, row: str) -> float:
        """What `script` measures of a row in a process of this tree."""
        done = subprocess.run(
            [sys.executable, script, "--inside", row],
            cwd=self.folder,
            env=self.environment(bytecode=True),
            capture_output=True,
            text=True,
            check=True,
        )
        return float(done.stdout)

    def whole(self, process: Process) -> float:
        """Seconds of processor time of the process, or MiB of memory."""
        environment = self.environment(bytecode=process.bytecode, seen=process.seen)
        with subprocess.Popen(process.command, cwd=self.folder, env=environment, stdout=subprocess.DEVNULL) as child:
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, process.command)
        return usage.ru_maxrss / MAXRSS_PER_MIB if process.unit == "MiB" else usage.ru_utime + usage.ru_stime
