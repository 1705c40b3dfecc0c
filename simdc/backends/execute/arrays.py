"""Arrays, and what sliding windows are to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float64]
Arrays = tuple[Array, ...]
"""Operands or results of an op."""


def pad_image(x: Array, padding: Sequence[int], fill: float = 0.0) -> Array:
    """[n, c, h, w] or [n, c, d, h, w] with a border around it; `padding` is first the sides where dimensions begin,
    then those where they end: top, left, bottom, right."""
    rank = x.ndim - 2
    return np.pad(x, ((0, 0), (0, 0), *zip(padding[:rank], padding[rank:], strict=True)), constant_values=fill)


def windows(x: Array, size: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Array:
    """What each window over a padded image sees: [n, c, oh, ow, kh, kw], of a volume [n, c, od, oh, ow, kd, kh, kw]."""
    extent = tuple((k - 1) * d + 1 for k, d in zip(size, dilation, strict=True))
    seen = sliding_window_view(x, extent, axis=tuple(range(2, x.ndim)))  # pyright: ignore[reportUnknownVariableType]
    return seen[:, :, *(slice(None, None, step) for step in (*stride, *dilation))]  # pyright: ignore[reportUnknownVariableType]


Place = tuple[int, ...]
"""Inside a window: its row and column there."""


def taps(
    size: Sequence[int], positions: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> Iterator[tuple[Place, tuple[slice, ...]]]:
    """For each place (i, j) inside a window: rows and columns of the padded image that lie there, over all positions
    of the window."""
    for place in product(*map(range, size)):
        starts = [i * apart for i, apart in zip(place, dilation, strict=True)]
        yield (
            place,
            tuple(
                slice(start, start + step * (count - 1) + 1, step)
                for start, step, count in zip(starts, stride, positions, strict=True)
            ),
        )


def crop_image(x: Array, padding: Sequence[int], size: Sequence[int]) -> Array:
    """The image of `size` inside its border."""
    return x[:, :, *(slice(before, before + length) for before, length in zip(padding, size, strict=False))]


def channelwise(values: Array, rank: int) -> Array:
    """[c] so that it goes along dimension 1 of a tensor with `rank` dimensions."""
    return values.reshape(-1, *(1,) * (rank - 2))
