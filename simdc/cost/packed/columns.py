"""Costs of many layers as a few whose numbers are arrays. Needs numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from simdc.cost.flat import costs
from simdc.cost.result import Busy, Cost, Cycles, DramBits, SramBits
from simdc.cost.together import CostColumns

LARGEST = 2**53
"""Up to here every whole number is a float."""


def cost_columns(results: Sequence[int], layers: Sequence[tuple[int, bool, int]]) -> list[CostColumns]:
    """Of layers by number, whether they ran on the systolic array, and where their costs begin in `results`, as
    `flat/costs.py` has them."""
    found: list[CostColumns] = []
    for on_systolic in (True, False):
        chosen = [(number, at) for number, on_array, at in layers if on_array == on_systolic]
        if chosen:
            rows = _rows(results, [at for _, at in chosen])
            found.append(CostColumns([number for number, _ in chosen], _cost(rows.T), on_systolic))
    return found


def _rows(results: Sequence[int], starts: Sequence[int]) -> Any:
    try:
        every: Any = np.asarray(results, np.int64)
    except OverflowError:
        every = np.array(results, object)
    rows = every[np.array(starts)[:, None] + np.arange(costs.COST)]
    return rows.astype(float if rows.max() < LARGEST else object)


def _cost(row: Any) -> Cost:
    dram, sram = row[costs.COST_DRAM : costs.COST_SRAM], row[costs.COST_SRAM : costs.COST_EXECUTED]
    return Cost(Cycles(*row[: costs.COST_DRAM]), DramBits(*dram), SramBits(*sram), (), Busy(*row[costs.COST_BUSY :]))
