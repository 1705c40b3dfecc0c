"""Builds the RTL with Verilator, once for each version of it, and runs what was built."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from simdc.backends.cache_folder import cache_folder
from simdc.errors import SimdcError

from . import array_machine, lanes_machine
from .beats import Words
from .job import RtlJob

VERILOG = Path(__file__).with_name("verilog")
TOPS = {
    "machine": (
        "memory.sv",
        "port.sv",
        "loops.sv",
        "elements.sv",
        "fold_weights.sv",
        "array.sv",
        "results.sv",
        "machine.sv",
    ),
    "lanes": ("port.sv", "loops.sv", "lane.sv", "lanes.sv"),
}
"""The files of each machine, what is used before what uses it. `machine.sv` is played by `machine.cpp`, and so on."""
HOW_TO_GET = (
    "the RTL needs Verilator 5, make and a C++ compiler: apt-get install verilator make g++ (Debian, Ubuntu), "
    "dnf install verilator make gcc-c++ (Fedora), brew install verilator (macOS)"
)
PARAMETERS = {"machine": array_machine.parameters, "lanes": lanes_machine.parameters}
WORDS_AT_A_TIME = 1 << 24
"""Schedules are given to the machine in bundles of about so many words."""


def missing_tool() -> str | None:
    """What is not there of the tools that build the RTL, if anything."""
    tools = {"verilator": ("verilator",), "make": ("make",), "a C++ compiler": ("g++", "clang++", "c++")}
    return next((tool for tool, names in tools.items() if not any(map(shutil.which, names))), None)


def built_machine(top: str, sources: Path = VERILOG) -> Path:
    """The program that plays schedules on `top`, built now unless it was before. Raises SimdcError."""
    missing = missing_tool()
    if missing is not None:
        raise SimdcError(f"--rtl: {missing} is not there; {HOW_TO_GET}")
    files = [sources / name for name in (*TOPS[top], f"{top}.cpp")]
    version = _run(["verilator", "--version"])
    sizes = [f"-G{name}={value}" for name, value in PARAMETERS[top]().items()]
    text = f"{version} {' '.join(sizes)} ".encode() + b"".join(file.read_bytes() for file in files)
    digest = sha256(text).hexdigest()[:16]
    program = _cache() / f"{top}-{digest}"
    if not program.exists():
        _build(top, sizes, files, program)
    return program


def _build(top: str, sizes: Sequence[str], files: Sequence[Path], program: Path) -> None:
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        options = ["--cc", "--exe", "--build", "-O3", "--x-assign", "fast", "--x-initial", "fast", "-Wno-fatal"]
        options += ["--top-module", top, "-Mdir", folder, "-CFLAGS", "-O1", "-MAKEFLAGS", "OPT_SLOW=-O0"]
        _run(["verilator", *options, *sizes, *map(str, files)])
        # Another process may have built the same meanwhile: the last one wins, and both are alike.
        os.replace(Path(folder) / f"V{top}", program)


def _cache() -> Path:
    """Where built machines are kept: the user's cache, or, where that cannot be written to, the folder for temporary
    files."""
    home = Path(cache_folder("rtl"))
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError:
        home = Path(tempfile.gettempdir()) / f"simdc-rtl-{os.getuid()}"
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return home


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in (done.stdout + done.stderr).splitlines() if "error" in line.lower()]
        raise SimdcError(f"--rtl: {command[0]} failed: {' '.join(errors[:3]) or done.stderr[-300:]}; {HOW_TO_GET}")
    return done.stdout


def answers(jobs: Sequence[RtlJob], program: Path) -> Iterable[Words]:
    """What the machine answers to each job, in order; all are for one machine. Raises SimdcError where it stops."""
    bundle: list[RtlJob] = []
    size = 0
    for job in jobs:
        bundle.append(job)
        size += job.words.size
        if size > WORDS_AT_A_TIME:
            yield from _answers(bundle, program)
            bundle, size = [], 0
    if bundle:
        yield from _answers(bundle, program)


def _answers(jobs: Sequence[RtlJob], program: Path) -> Iterable[Words]:
    given = b"".join(job.words.tobytes() for job in jobs)
    done = subprocess.run([program], input=given, capture_output=True, check=False)
    answer = np.frombuffer(done.stdout, dtype=np.uint32)
    if done.returncode or answer.size != sum(job.answer_words for job in jobs):
        raise SimdcError(f"--rtl: the simulated machine stopped: {done.stderr.decode(errors='replace')[-300:]}")
    at = 0
    for job in jobs:
        yield answer[at : at + job.answer_words]
        at += job.answer_words
