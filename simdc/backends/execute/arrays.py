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
    """[n, c, h, w] with a border around it; `padding` is top, left, bottom, right."""
    top, left, bottom, right = padding
    return np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)


def windows(x: Array, size: Sequence[int], stride: Sequence[int], dilation: Sequence[int] = (1, 1)) -> Array:
    """What each window over a padded image sees: [n, c, oh, ow, kh, kw]."""
    extent = tuple((k - 1) * d + 1 for k, d in zip(size, dilation, strict=True))
    seen = sliding_window_view(x, extent, axis=(2, 3))  # pyright: ignore[reportUnknownVariableType]
    return seen[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]  # pyright: ignore[reportUnknownVariableType]


def taps(
    size: Sequence[int], positions: Sequence[int], stride: Sequence[int], dilation: Sequence[int] = (1, 1)
) -> Iterator[tuple[tuple[int, int], tuple[slice, slice]]]:
    """For each place (i, j) inside a window: rows and columns of the padded image that lie there, over all positions
    of the window."""
    for i, j in product(range(size[0]), range(size[1])):
        starts = (i * dilation[0], j * dilation[1])
        rows, columns = (
            slice(start, start + step * (count - 1) + 1, step)
            for start, step, count in zip(starts, stride, positions, strict=True)
        )
        yield (i, j), (rows, columns)


def crop_image(x: Array, padding: Sequence[int], size: Sequence[int]) -> Array:
    """The image of `size` inside its border."""
    top, left = padding[:2]
    return x[:, :, top : top + size[0], left : left + size[1]]


def channelwise(values: Array, rank: int) -> Array:
    """[c] so that it goes along dimension 1 of a tensor with `rank` dimensions."""
    return values.reshape(-1, *(1,) * (rank - 2))
