"""The ops of the dialect, one family a file, with the layers by which networks name them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules


@cache
def import_every_op() -> None:
    """Import each file of this folder, which enters what it has into the tables."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
