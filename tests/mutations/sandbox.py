"""Tries one mutant in a forked process that is thrown away.

A mutant inside a function is compiled and put in the place of the function's code, so that nothing is imported anew.
One whose code runs at import only, and, where time allows, one that survives as code alone, is tried with `simdc` and
`tests` imported anew: then every table that was made at import is the mutant's.
"""

from __future__ import annotations

import ast
import functools
import gc
import importlib.util
import os
import resource
import signal
import sys
import traceback
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, FunctionType, ModuleType
from typing import NamedTuple

import pytest

from simdc.ir.base import result_types
from tests.mutations.answers import ANSWERS
from tests.mutations.cases import Case, cases_of
from tests.mutations.coverage import PACKAGE, Coverage, Function, Reached, function_of, quickest
from tests.mutations.operators import Mutant

PATIENCE = 5
"""A case that takes that many times its own CPU seconds, and two seconds more, hangs: the mutant is killed."""
MEMORY_BYTES = 3 << 30


class Verdict(NamedTuple):
    """`killer` is the case that failed, empty if none did; `why` the first line of its failure."""

    killer: str
    why: str = ""


class Sandbox:
    """What the trials share: the cases, and every function object by where its code stands."""

    def __init__(self, coverage: Coverage, seconds: float, *, twice: bool) -> None:
        """A mutant gets cases of that many CPU seconds, and `twice` says whether what survives is imported anew.

        Forgets what simdc remembers: no mutant may be answered from memory, and to forget in each child would copy
        the pages of what is freed."""
        self.coverage, self._seconds, self._twice = coverage, seconds, twice
        self._functions: defaultdict[Function, list[FunctionType]] = defaultdict(list)
        for each in gc.get_objects():
            if isinstance(each, FunctionType) and "<locals>" not in each.__code__.co_qualname:
                where = function_of(each.__code__)
                if where is not None:
                    self._functions[where].append(each)
            elif isinstance(each, functools._lru_cache_wrapper):  # pyright: ignore[reportPrivateUsage]
                each.cache_clear()
        result_types.forget()
        gc.freeze()

    def judge(self, mutants: Iterable[Mutant], workers: int) -> Iterator[tuple[Mutant, Verdict]]:
        """The verdict on each, as they come, `workers` at a time."""
        running: dict[int, tuple[Mutant, int]] = {}
        waiting = iter(mutants)
        while True:
            while len(running) < workers and (mutant := next(waiting, None)) is not None:
                child, answer = self._fork(mutant)
                running[child] = mutant, answer
            if not running:
                return
            child, status = os.wait()
            mutant, answer = running.pop(child)
            yield mutant, _verdict(answer, status)

    def _fork(self, mutant: Mutant) -> tuple[int, int]:
        """The process that tries the mutant, and where it will have written the failing case and the reason."""
        reader, writer = os.pipe()
        child = os.fork()
        if child:
            os.close(writer)
            return child, reader
        try:
            _bound()
            verdict = self._try(mutant)
            os.write(writer, f"{verdict.killer}\n{verdict.why}".encode()[:4000])
        except BaseException:
            os.write(writer, f"sandbox\n{traceback.format_exc()[-300:]}".encode())
        finally:
            os._exit(0)

    def _try(self, mutant: Mutant) -> Verdict:
        source = (PACKAGE / mutant.file).read_text(encoding="utf-8")
        tree = mutant.tree(source)
        calling = quickest(self.coverage.calling(mutant.file, mutant.function), self._seconds)
        if calling and not mutant.at_import and self._replace(mutant, tree):
            verdict = run([(each, each.case) for each in calling])
            if verdict.killer or not self._twice:
                return verdict
        import_anew(mutant.file, tree)
        looking = quickest(self.coverage.looking_at(mutant.file), self._seconds)
        return run(_found_again(calling or looking))

    def _replace(self, mutant: Mutant, tree: ast.Module) -> bool:
        """Whether the mutant's code could be put in the place of what is in memory."""
        code = _code(compile(tree, str(PACKAGE / mutant.file), "exec", dont_inherit=True), mutant.function)
        functions = self._functions[mutant.file, mutant.function]
        if code is None or not functions or any(each.__code__.co_freevars != code.co_freevars for each in functions):
            return False
        for function in functions:
            function.__code__ = code
        return True


def _code(module: CodeType, function: str) -> CodeType | None:
    """The code of a function in that of its module, if there is one of the name only."""
    found = [module]
    for part in function.split("."):
        found = [
            code for outer in found for code in outer.co_consts if isinstance(code, CodeType) if code.co_name == part
        ]
    return found[0] if len(found) == 1 else None


def _found_again(reached: Iterable[Reached]) -> Iterator[tuple[Reached, Case]]:
    """The same cases of modules that are imported anew."""
    known: dict[str, dict[str, Case]] = {}
    for each in reached:
        module = each.case.name.partition("::")[0]
        if module == ANSWERS:
            # They are bytes, and become kernels and machines of the classes in force.
            yield each, each.case
            continue
        if module not in known:
            known[module] = {case.name: case for case in cases_of(module)}
        if each.case.name not in known[module]:
            raise LookupError(f"{each.case.name} is gone")
        yield each, known[module][each.case.name]


def run(cases: Iterable[tuple[Reached, Case]]) -> Verdict:
    """The first of the cases that fails, here and now. An import that fails counts for the case it is made for."""
    name = "import"
    try:
        for reached, case in cases:
            name = case.name
            signal.setitimer(signal.ITIMER_VIRTUAL, 2 + PATIENCE * reached.seconds)
            case.run()
    except (Exception, SystemExit, pytest.fail.Exception) as error:
        return Verdict(name, f"{type(error).__name__}: {error}".splitlines()[0][:160])
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return Verdict("")


class Replaced(MetaPathFinder, SourceFileLoader):
    """Finds one module under another source."""

    def __init__(self, module: str, file: str, tree: ast.Module) -> None:
        super().__init__(module, str(PACKAGE / file))
        self.module, self.tree = module, tree

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.module:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.tree, self.path, "exec", dont_inherit=True)


def import_anew(file: str, tree: ast.Module) -> None:
    """Forget all of ours: it is imported again with the tree in the place of a file."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("simdc", "tests")]:
        del sys.modules[name]
    parts = ("simdc", *file.removesuffix(".py").split("/"))
    sys.meta_path.insert(0, Replaced(".".join(part for part in parts if part != "__init__"), file, tree))


def _bound() -> None:
    """Nothing written, no more memory than is decent. Time is bounded for each case."""
    sys.dont_write_bytecode = True
    gc.disable()
    sys.setrecursionlimit(2000)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _verdict(answer: int, status: int) -> Verdict:
    with os.fdopen(answer, "rb") as pipe:
        killer, _, why = pipe.read().decode(errors="replace").partition("\n")
    if os.WIFSIGNALED(status):
        return Verdict("hang", f"ended by signal {os.WTERMSIG(status)}")
    return Verdict(killer, why)
