"""Settings for every test, and the collector of golden files: IR text before and after a pipeline of passes.

// RUN: simdc-fold-batch-norm,simdc-assign-widths{rule=program-order}
// HW: HI3                        (a preset, or a file beside this one, when the input names no machine itself;
                                   left out of the result)
builtin.module { ... }
// -----
builtin.module { ... }            (expected; `pytest --update-golden` writes what the pipeline gives)
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from difflib import unified_diff
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser
from xdsl.printer import Printer

from simdc.frontends.hardware_file import load_machine
from simdc.ir.context import HARDWARE, set_hardware
from simdc.passes.pipeline import make_context, parse_pipeline, run_pipeline

# How long one example takes says nothing on a shared machine, and a run must say the same as the one before it:
# tests/oracles/random_cases.py and fuzz/run.py are there to try what nobody has tried.
settings.register_profile(
    "simdc",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
settings.load_profile("simdc")

# What a run finds must not depend on the one before it: only tests of the cache use one, each its own.
os.environ["SIMDC_NO_CACHE"] = "1"

# JAX runs here what it compiled once: to compile it well takes twice as long as to compile it.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")

SEPARATOR = "// -----\n"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected part of golden .mlir files")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.File | None:
    return GoldenFile.from_parent(parent, path=file_path) if file_path.suffix == ".mlir" else None


class GoldenMismatch(Exception):
    """What the pipeline gives is not what the file expects."""


class GoldenFile(pytest.File):
    def collect(self) -> Iterable[pytest.Item]:
        yield GoldenCase.from_parent(self, name=self.path.stem)


class GoldenCase(pytest.Item):
    def runtest(self) -> None:
        text = self.path.read_text(encoding="utf-8")
        given, _, expected = text.partition(SEPARATOR)
        result = transformed(given, self.path.parent)
        if printed(parsed(result)) != result:
            raise GoldenMismatch("the result does not parse back to itself")
        result = without_digests(result)
        if self.config.getoption("--update-golden"):
            self.path.write_text(given + SEPARATOR + result, encoding="utf-8")
        elif result != expected:
            lines = unified_diff(expected.splitlines(), result.splitlines(), "expected", "result", lineterm="", n=1)
            raise GoldenMismatch("\n".join(lines))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        return str(excinfo.value) if excinfo.errisinstance(GoldenMismatch) else str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name


def transformed(given: str, folder: Path) -> str:
    """The input of a golden file in some folder after its pipeline."""
    header = dict(re.findall(r"^// (RUN|HW): (\S.*?) *$", given, re.MULTILINE))
    module = parsed(given)
    if "HW" in header:
        beside = folder / header["HW"]
        set_hardware(module, load_machine(str(beside) if beside.is_file() else header["HW"]))
    run_pipeline(module, parse_pipeline(header["RUN"]))
    if "HW" in header:
        del module.attributes[HARDWARE]
    return printed(module)


def without_digests(text: str) -> str:
    """Digests of kernels and machines change with every field that these get."""
    return re.sub(r'"[0-9a-f]{8}"', '"..."', text)


def without_places(report: str) -> str:
    """A JSON report without the places in files that its layers come from."""
    data = json.loads(report)
    for layer in data["layers"]:
        layer.pop("source", None)
    return json.dumps(data)


def parsed(text: str) -> ModuleOp:
    return Parser(make_context(), text).parse_module()


def printed(module: ModuleOp) -> str:
    stream = StringIO()
    Printer(stream).print_op(module)
    return stream.getvalue() + "\n"
