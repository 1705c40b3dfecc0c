"""Packages that are installed for the length of a test: a module and the metadata that lists its entry points."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest

from simdc import plugins
from simdc.ir.gradient import RULES
from simdc.ir.layer_table import layer_table
from simdc.ir.layers import LAYERS


def install(folder: Path, name: str, entry_points: Mapping[str, Mapping[str, str]], **modules: str) -> None:
    """Write a distribution `name` 1.5 into `folder`, with Python text for each of `modules`."""
    metadata = folder / f"{name.replace('-', '_')}-1.5.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n", encoding="utf-8")
    lines: list[str] = []
    for group, points in entry_points.items():
        lines += [f"[{group}]", *(f"{point} = {value}" for point, value in points.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text, encoding="utf-8")


@contextmanager
def visible(folder: Path) -> Iterator[None]:
    """Python and simdc see what is installed in `folder`, and forget it afterwards."""
    # What is built in is entered before, and stays.
    layer_table()
    import_module("simdc.passes.derive_training")
    tables = (LAYERS, RULES)
    before = [dict(table) for table in tables]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        plugins.rescan()
        try:
            yield
        finally:
            patch.undo()
            plugins.rescan()
            for name, module in list(sys.modules.items()):
                if (getattr(module, "__file__", None) or "").startswith(str(folder)):
                    del sys.modules[name]
            for table, entries in zip(tables, before, strict=True):
                table.clear()
                table.update(entries)
