"""Units that make numbers short: one for a column, by the largest number in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from simdc.cost.result import Number
from simdc.named import NamedTuple

LARGEST = 100_000
"""From here on the next unit is taken."""


class Measure(NamedTuple):
    name: str
    size: float
    digits: int

    def text(self, value: Number) -> str:
        return f"{value / self.size:,.{self.digits}f}"


DRAM = (Measure("KiB", 2**13, 1), Measure("MiB", 2**23, 2), Measure("GiB", 2**33, 2))
"""Of bits."""
ENERGY = (Measure("uJ", 1e6, 1), Measure("mJ", 1e9, 2), Measure("J", 1e12, 2))
"""Of pJ."""


def unit_for(values: Iterable[Number], units: Sequence[Measure]) -> Measure:
    """The first unit in which none of them is too long, else the last."""
    # 7,227,876 KiB are 7,058.5 MiB.
    largest = max(values, default=0)
    return next((unit for unit in units if largest < LARGEST * unit.size), units[-1])
