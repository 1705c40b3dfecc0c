"""Points of a unit as a sparse table, so that what depends on sizes alone is worked out once for each size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from simdc.named import NamedTuple

from . import dependence
from .space import Value


class PointGrid(NamedTuple):
    """Points as a sparse table. A row is a setting of the fields that a greedy tiling depends on (array, buffers) and
    of bandwidths that are not all whole, a column one of all other fields (bandwidths, prices); point i stands at
    (`row[i]`, `column[i]`). `rows` and `columns` have the values by path. A 128 KiB buffer at 64 and at 128 bit/cycle
    and a 256 KiB one at 64 are points (0, 0), (0, 1) and (1, 0)."""

    rows: dict[str, NDArray[np.generic]]
    columns: dict[str, NDArray[np.generic]]
    row: NDArray[np.int64]
    column: NDArray[np.int64]

    @classmethod
    def of(cls, columns: Mapping[str, NDArray[np.generic]], count: int, separable: bool) -> PointGrid:
        tilings = {path: each for path, each in columns.items() if not separable or _by_row(path, each)}
        others = {path: values for path, values in columns.items() if path not in tilings}
        rows, row = _distinct(tilings, count)
        cells, column = _distinct(others, count)
        return cls(rows, cells, row, column)

    def distinct(self) -> tuple[PointGrid, NDArray[np.int64]]:
        """Each point once, and where every point of this grid is among them."""
        # Of 5 columns, row 2 and column 3 are pair 13.
        pairs = self.row * self.shape[1] + self.column
        _, first, inverse = np.unique(pairs, return_index=True, return_inverse=True)
        return self._replace(row=self.row[first], column=self.column[first]), inverse.reshape(-1)

    def fields(self, point: int) -> dict[str, Value]:
        """What makes the machine of a point."""
        row, column = self.row[point], self.column[point]
        fields = {path: plain(values[row]) for path, values in self.rows.items()}
        return fields | {path: plain(values[column]) for path, values in self.columns.items()}

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.row.max()) + 1, int(self.column.max()) + 1


def _by_row(path: str, values: NDArray[np.generic]) -> bool:
    # Arrays of floats would round a bandwidth that is not whole: 1,024 bits at 102.4 may take 10 or 11 cycles.
    return dependence.shapes_tilings(path) or (dependence.is_rate(path) and not np.issubdtype(values.dtype, np.integer))


def _distinct(
    columns: dict[str, NDArray[np.generic]], count: int
) -> tuple[dict[str, NDArray[np.generic]], NDArray[np.int64]]:
    """The distinct rows of the table, and for each row of it which one it is."""
    key = np.zeros(count, np.int64)
    for values in columns.values():
        distinct, inverse = np.unique(values, return_inverse=True)
        # Renumbered after every column, so that keys stay below the square of the count.
        key = np.unique(key * len(distinct) + inverse.reshape(-1), return_inverse=True)[1].reshape(-1)
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    return {path: values[first] for path, values in columns.items()}, inverse.reshape(-1)


def plain(value: Any) -> Value:
    """A number of numpy's as one of Python's."""
    return cast("Value", value.item())
