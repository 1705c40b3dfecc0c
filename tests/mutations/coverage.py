"""Which cases call which functions: a mutant is tried by the cases that reach it, the quickest first."""

from __future__ import annotations

import cProfile
import signal
import time
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

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
    try:
        file = Path(code.co_filename).relative_to(PACKAGE).as_posix()
    except ValueError:
        return None
    return file, code.co_qualname.partition(".<locals>")[0]


def cover(cases: Iterable[Case], limit: float) -> Coverage:
    """Run every case, as long as `limit` seconds of CPU time."""
    signal.signal(signal.SIGPROF, _give_up)
    found = Coverage([], [], [])
    for case in cases:
        # Each finds out by itself what ops give: a mutant may stand in that.
        result_types.forget()
        profile = cProfile.Profile(builtins=False)
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
