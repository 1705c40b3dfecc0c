"""Runs checks against `simdc.cost` with one module's source replaced, in a forked process that is thrown away.

Everything that the checks need beside our own code stays loaded from the parent; `simdc` and `tests` are imported anew,
so that every module sees the mutated one.
"""

from __future__ import annotations

import importlib.util
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType
from typing import NamedTuple

import pytest

from tests.mutations.mutation import COST

CPU_SECONDS = 20
"""Several times what all checks take together; a busy machine must not make a mutant look killed."""

MEMORY_BYTES = 3 << 30
Find = Callable[[str], Callable[[], object]]
"""From the name of a check to the check."""


class Verdict(NamedTuple):
    """`killer` is the check that failed, empty if none did; `why` the last line of its failure."""

    killer: str
    why: str = ""
    seconds: float = 0.0


class Replaced(MetaPathFinder, SourceFileLoader):
    """Finds one module under another source."""

    def __init__(self, module: str, file: str, source: str):
        super().__init__(module, str(COST / file))
        self.module, self.source = module, source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.module:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.source, self.path, "exec", dont_inherit=True)


def forget_our_modules() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("simdc", "tests")]:
        del sys.modules[name]


def run_checks(names: Sequence[str], find: Find) -> Verdict:
    """The first of the checks that fails, here and now."""
    for name in names:
        try:
            find(name)()
        except (Exception, pytest.fail.Exception) as error:
            return Verdict(name, f"{type(error).__name__}: {error}".splitlines()[0][:160])
    return Verdict("")


class Task(NamedTuple):
    """A module, its file and what its source shall be; `checks` in the order in which to try them."""

    module: str
    file: str
    source: str
    checks: Sequence[str]


class Trial(NamedTuple):
    number: int
    answer: int
    started: float


def judge(tasks: Iterable[Task], find: Find, workers: int) -> list[Verdict]:
    """The verdict on each task, `workers` at a time. A check that hangs or eats memory has failed as well."""
    verdicts: dict[int, Verdict] = {}
    running: dict[int, Trial] = {}
    waiting = enumerate(tasks)
    more = True
    while more or running:
        while more and len(running) < workers:
            following = next(waiting, None)
            more = following is not None
            if following is not None:
                child, answer = _fork(following[1], find)
                running[child] = Trial(following[0], answer, time.perf_counter())
        if running:
            child, status = os.wait()
            trial = running.pop(child)
            verdicts[trial.number] = _verdict(trial, status)
    return [verdicts[number] for number in sorted(verdicts)]


def _verdict(trial: Trial, status: int) -> Verdict:
    with os.fdopen(trial.answer, "rb") as pipe:
        killer, _, why = pipe.read().decode(errors="replace").partition("\n")
    if os.WIFSIGNALED(status):
        killer, why = "hang", f"ended by signal {os.WTERMSIG(status)}"
    return Verdict(killer, why, time.perf_counter() - trial.started)


def _fork(task: Task, find: Find) -> tuple[int, int]:
    """The process that tries the task, and where it will have written the failing check and the reason."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    try:
        sys.dont_write_bytecode = True
        sys.setrecursionlimit(2000)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        forget_our_modules()
        sys.meta_path.insert(0, Replaced(task.module, task.file, task.source))
        verdict = run_checks(task.checks, find)
        os.write(writer, f"{verdict.killer}\n{verdict.why}".encode()[:4000])
    except BaseException:
        os.write(writer, f"sandbox\n{traceback.format_exc()[-300:]}".encode())
    finally:
        os._exit(0)
