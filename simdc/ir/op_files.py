"""The files of `simdc/ir/ops`, found by looking there: a new one needs no entry anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType

from . import ops
from .base import LayerOp


def op_modules() -> Iterator[ModuleType]:
    """Imports every file with ops, by name, those of a folder after the folder's own."""
    for found in walk_packages(ops.__path__, f"{ops.__name__}."):
        yield import_module(found.name)


def ops_of(module: ModuleType) -> Iterator[type[LayerOp]]:
    """The ops that a file defines, in its order. What only other ops derive from has no name."""
    for value in vars(module).values():
        is_own = isinstance(value, type) and value.__module__ == module.__name__
        if is_own and issubclass(value, LayerOp) and hasattr(value, "name"):
            yield value
