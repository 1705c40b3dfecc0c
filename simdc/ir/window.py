"""The geometry of sliding windows, shared by convolution and pooling."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, affine

from .base import shape_of

ONES = DenseArrayBase.from_list(i64, (1, 1))
MOST_BEYOND = 2**16
"""Windows along one side of an image that reach beyond it: each may be a kind of its own."""
MOST_LISTED = 2**20
"""Positions that a list with one entry for each may have."""
MOST_NESTS = 1024
"""Of a program that has one for each size of windows."""
ZEROS = DenseArrayBase.from_list(i64, (0, 0, 0, 0))


def image_shape(value: SSAValue) -> tuple[int, ...]:
    """The shape of an image. Raises VerifyException for anything else."""
    shape = shape_of(value)
    if len(shape) != 4:
        raise VerifyException(f"expected an image [n, c, h, w], got shape {list(shape)}")
    return shape


class Geometry(NamedTuple):
    """Of a window: steps of height and width, border at top, left, bottom and right, distance of its places."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]


def window_output(
    size: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int] = (1, 1),
    *,
    ceil: bool = False,
) -> tuple[int, int]:
    """Height and width of the result; `padding` is top, left, bottom, right. With `ceil` a last window may reach beyond
    the padded image if it begins before its padding on the right or below. Raises VerifyException."""
    if (len(stride), len(padding), len(dilation)) != (2, 4, 2):
        raise VerifyException("stride and dilation take two entries, padding takes four (top, left, bottom, right)")
    if min(stride) < 1 or min(dilation) < 1 or min(padding) < 0:
        raise VerifyException("stride and dilation must be positive and padding must not be negative")
    padded = (size[0] + padding[0] + padding[2], size[1] + padding[1] + padding[3])
    extent = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    if extent[0] > padded[0] or extent[1] > padded[1]:
        raise VerifyException(
            f"the result would be empty: the window covers {extent[0]} x {extent[1]} "
            f"and the padded input has {padded[0]} x {padded[1]}"
        )
    found = [(padded[i] - extent[i]) // stride[i] + 1 for i in (0, 1)]
    if ceil:
        for i in (0, 1):
            reaches_beyond = (padded[i] - extent[i]) % stride[i] > 0
            found[i] += reaches_beyond and found[i] * stride[i] < size[i] + padding[i]
    return found[0], found[1]


def window_index(
    stride: Sequence[int], padding: Sequence[int], dilation: Sequence[int] = (1, 1)
) -> tuple[Affine, Affine]:
    """The input row and column that output (oh, ow) reads at kernel position (kh, kw)."""
    return (
        affine(("oh", stride[0]), ("kh", dilation[0]), constant=-padding[0]),
        affine(("ow", stride[1]), ("kw", dilation[1]), constant=-padding[1]),
    )


class Run(NamedTuple):
    """Neighbouring positions with one value."""

    value: int
    length: int


def window_runs(
    size: Sequence[int],
    positions: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    *,
    padding_counts: bool,
) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """For the rows and the columns of windows how many of their places lie in the image, or in the padded image if
    `padding_counts`. Raises VerifyException where too many windows reach beyond it."""

    def along(axis: int) -> tuple[Run, ...]:
        first, step, reach = -padding[axis], stride[axis], (kernel[axis] - 1) * dilation[axis]
        begin, end = (-padding[axis], size[axis] + padding[axis + 2]) if padding_counts else (0, size[axis])

        def places(position: int) -> int:
            start = first + position * step
            low = max(0, -((start - begin) // dilation[axis]))
            return max(0, min(kernel[axis], (end - 1 - start) // dilation[axis] + 1) - low)

        # Windows [low, high) lie inside altogether.
        low = min(positions[axis], max(0, -((first - begin) // step)))
        high = max(low, min(positions[axis], (end - 1 - reach - first) // step + 1))
        if positions[axis] - (high - low) > MOST_BEYOND:
            raise VerifyException(f"more than {MOST_BEYOND} rows or columns of windows reach beyond the image")
        runs: list[Run] = []
        for value, length in (
            *((places(position), 1) for position in range(low)),
            (kernel[axis], high - low),
            *((places(position), 1) for position in range(high, positions[axis])),
        ):
            if runs and runs[-1].value == value:
                length += runs.pop().length
            if length:
                runs.append(Run(value, length))
        return tuple(runs)

    return along(0), along(1)


def window_counts(runs: Sequence[Run]) -> tuple[int, ...]:
    """The value at each position. Raises VerifyException where they are too many to be listed."""
    if sum(run.length for run in runs) > MOST_LISTED:
        raise VerifyException(f"windows of several sizes at more than {MOST_LISTED} rows or columns are not supported")
    return tuple([value for value, length in runs for _ in range(length)])


class Stretch(NamedTuple):
    """Neighbouring positions alike: the loop over them, the first, how many, and the value that they share."""

    loop: str
    first: int
    length: int
    value: int


def runs_of(values: Sequence[int]) -> tuple[Run, ...]:
    return tuple([Run(value, sum(1 for _ in same)) for value, same in groupby(values)])


@lru_cache(maxsize=256)
def stretches(loop: str, runs: tuple[Run, ...]) -> tuple[Stretch, ...]:
    """Runs with their places. The longest have the loop called `loop`, the others one with their length behind it."""
    found: list[Stretch] = []
    first, longest = 0, max(run.length for run in runs)
    for value, length in runs:
        found.append(Stretch(loop if length == longest else f"{loop}{length}", first, length, value))
        first += length
    return tuple(found)
