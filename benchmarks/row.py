"""A row of the table of docs/performance.md that is measured from inside a process."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Row(NamedTuple):
    """`measure` gives seconds, or MiB. Goals are of the compiled core and of plain Python: MiB, or seconds on a machine
    on which the fixed work takes 64 ms."""

    title: str
    measure: Callable[[], float]
    goal: float | None = None
    goal_plain: float | None = None
    unit: str = "s"
