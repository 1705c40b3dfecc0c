"""Which cases call which functions: a mutant is tried by the cases that reach it, the quickest first."""

from __future__ import annotations

import cProfile
import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from itertools import accumulate
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple, NoReturn

import pytest

import simdc
from simdc.ir.base import result_types
from tests.mutations.cases import Case

PACKAGE = Path(simdc.__file__).parent
Function = tuple[str, str]
"""File relative to the package, qualified name: ("cost/axis.py", "Axis.cut")."""


class TooSlow(BaseException):
    """A case takes longer than a case may that shall run for many mutants."""


class Reached(NamedTuple):
    """A case, its CPU seconds, and the functions of the package that it calls."""

    case: Case
    seconds: float
    functions: frozenset[Function]


class Coverage(NamedTuple):
    """`slow` and `failing` are the names of cases that are left out."""

    reached: list[Reached]
    slow: list[str]
    failing: list[str]

    def calling(self, file: str, function: str) -> list[Reached]:
        return [each for each in self.reached if (file, function) in each.functions]

    def looking_at(self, file: str) -> list[Reached]:
        """Those that call anything in the file."""
        return [each for each in self.reached if any(there == file for there, _ in each.functions)]


def quickest(reached: list[Reached], seconds: float) -> list[Reached]:
    """As many as that CPU time allows, the quickest first."""
    ordered = sorted(reached, key=lambda each: each.seconds)
    ends = accumulate(each.seconds for each in ordered)
    return [each for each, end in zip(ordered, ends, strict=True) if end <= seconds]


def function_of(code: CodeType) -> Function | None:
    """The outermost function around some code; None outside the package."""
    return _function(code.co_filename, code.co_qualname)


@cache
def _function(file: str, name: str) -> Function | None:
    path = Path(file)
    return (path.relative_to(PACKAGE).as_posix(), name.partition(".<locals>")[0]) if PACKAGE in path.parents else None


def cover(cases: Iterable[Case], limit: float) -> Coverage:
    """Run every case, as long as `limit` seconds of CPU time. Half of them run in a process of their own."""
    every = list(cases)
    there, here = every[::2], every[1::2]
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _cover_for(writer, there, limit)
    os.close(writer)
    found = _cover(here, limit)
    with os.fdopen(reader, "rb") as pipe:
        reached, slow, failing, modules = pickle.load(pipe)
    os.waitpid(child, 0)
    # What was imported there is imported here, where mutants are put in the place of what is in memory.
    for name in modules:
        with suppress(ImportError):
            import_module(name)
    found.reached.extend(Reached(there[number], *rest) for number, *rest in reached)
    return Coverage(found.reached, found.slow + slow, found.failing + failing)


def _cover_for(writer: int, cases: list[Case], limit: float) -> NoReturn:
    """Hands on what is found, by the numbers of cases, which cannot be sent, and which modules are imported then."""
    try:
        found = _cover(cases, limit)
        numbers = {id(case): number for number, case in enumerate(cases)}
        reached = [(numbers[id(each.case)], each.seconds, each.functions) for each in found.reached]
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump((reached, found.slow, found.failing, list(sys.modules)), pipe)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _cover(cases: Iterable[Case], limit: float) -> Coverage:
    signal.signal(signal.SIGPROF, _give_up)
    found = Coverage([], [], [])
    for case in cases:
        # Each finds out by itself what ops give: a mutant may stand in that.
        result_types.forget()
        profile = cProfile.Profile(builtins=False, subcalls=False)
        started = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, limit)
        try:
            profile.runcall(case.run)
        except TooSlow:
            found.slow.append(case.name)
            continue
        except pytest.skip.Exception:
            continue
        except (Exception, SystemExit, pytest.fail.Exception) as error:
            found.failing.append(f"{case.name}: {type(error).__name__}: {error}"[:200])
            continue
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        taken = time.process_time() - started
        found.reached.append(Reached(case, taken, frozenset(_functions(profile))))
    return found


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlow


def _functions(profile: cProfile.Profile) -> Iterator[Function]:
    for entry in profile.getstats():
        if isinstance(entry.code, CodeType) and (function := function_of(entry.code)) is not None:
            yield function
