"""The core's functions in forms for tests: with every place of a row looked at, and compiled from the tree as it is."""

from __future__ import annotations

import sys
from pathlib import Path

from typing_extensions import override

import simdc.cost.flat
from simdc.cost.flat import core

ROOT = Path(__file__).resolve().parents[2]


class Checked(list[int]):
    """A row that no place outside is read from or written to: compiled, nobody looks."""

    @override
    def __getitem__(self, at):  # pyright: ignore
        assert type(at) is not int or at >= 0
        return super().__getitem__(at)

    @override
    def __setitem__(self, at, value):  # pyright: ignore
        assert type(at) is not int or at >= 0
        super().__setitem__(at, value)


CHECKED = core.PLAIN._replace(name="checked", row=Checked, zeros=lambda many: Checked([0] * many))


def built_in(folder: Path) -> core.CoreForm:
    """The compiled form of what stands in the tree now: somebody's own build, else one that is made there."""
    sys.path.insert(0, str(ROOT))
    from compile_core import build, built

    if built(ROOT):
        form = core.compiled_form()
        assert form is not None
        return form
    kept = list(simdc.cost.flat.__path__)
    known = {name: module for name, module in sys.modules.items() if name.startswith("simdc.cost.flat.")}
    build(folder)
    for name in ("compiled", "_flat"):
        sys.modules.pop(f"simdc.cost.flat.{name}", None)
    simdc.cost.flat.__path__[:] = [str(folder), *kept]
    form = core.compiled_form()
    simdc.cost.flat.__path__[:] = kept
    sys.modules.update(known)
    sys.path.pop(0)
    assert form is not None
    return form
