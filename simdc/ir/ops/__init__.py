"""The ops of the dialect, one family a file, with the layers by which networks name them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType


@cache
def op_modules() -> tuple[ModuleType, ...]:
    """Every file of this folder, by name. Importing one enters its layers and gradient rules into the tables."""
    return tuple(import_module(found.name) for found in walk_packages(__path__, f"{__name__}."))
