"""What ops that move elements make of constants whose values are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simdc.frontends.joined.numbers import Numbers


def rows_at(table: Numbers, numbers: Numbers, axis: int) -> Numbers:
    """Rows along `axis` by their numbers; one beyond the ends is the last on its side."""
    return np.take(table, numbers.astype(np.int64), axis, mode="clip")


def rows_behind(table: Numbers, numbers: Numbers) -> Numbers:
    """Rows behind the first dimensions, whose places stand side by side along the last dimension of `numbers`; one
    beyond the ends is the last on its side."""
    places = np.moveaxis(numbers.astype(np.int64), -1, 0)
    return table[tuple(np.clip(at, 0, size - 1) for at, size in zip(places, table.shape, strict=False))]


def sums_so_far(data: Numbers, axis: int, *, exclusive: bool) -> Numbers:
    """Of what stands along `axis` up to each place, the element there left out if `exclusive`."""
    return np.cumsum(data, axis) - (data if exclusive else 0)


def with_border(data: Numbers, low: Sequence[int], high: Sequence[int], number: float) -> Numbers:
    """With `low` positions before and `high` behind each dimension."""
    return np.pad(data, list(zip(low, high, strict=True)), constant_values=number)
