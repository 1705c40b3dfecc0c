"""The geometry of sliding windows, shared by convolution and pooling."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.ir import SSAValue
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, affine
from simdc.named import NamedTuple

from .base import shape_of

ONES = DenseArrayBase.from_list(i64, (1, 1))
ONES_3D = DenseArrayBase.from_list(i64, (1, 1, 1))
MOST_BEYOND = 2**16
"""Windows along one side of an image that reach beyond it: each may be a kind of its own."""
MOST_LISTED = 2**20
"""Positions that a list with one entry for each may have."""
MOST_NESTS = 1024
"""Of a program that has one for each size of windows."""
ZEROS = DenseArrayBase.from_list(i64, (0, 0, 0, 0))
ZEROS_3D = DenseArrayBase.from_list(i64, (0, 0, 0, 0, 0, 0))
SIDES = {2: "top, left, bottom, right", 3: "front, top, left, back, bottom, right"}
"""The order of a border's entries, by the number of dimensions that a window moves along."""
NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


def image_shape(value: SSAValue, spatial: int = 2) -> tuple[int, ...]:
    """The shape of an image, or of a volume, which has `spatial` 3. Raises VerifyException for anything else."""
    shape = shape_of(value)
    if len(shape) != 2 + spatial:
        what = f"{'an image' if spatial == 2 else 'a volume'} [n, c, {', '.join(along('', spatial))}]"
        raise VerifyException(f"expected {what}, got shape {list(shape)}")
    return shape


def along(prefix: str, spatial: int) -> tuple[str, ...]:
    """The loops along depth, height and width: `oh` and `ow`, in a volume `od` before them."""
    return tuple([prefix + side for side in "dhw"[3 - spatial :]])


class Geometry(NamedTuple):
    """Of a window: steps of height and width, border at top, left, bottom and right, distance of its places. In a
    volume depth stands before height: the border is `SIDES[3]`."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]


def check_counts(geometry: Geometry, spatial: int, *pairs: Sequence[int], also: str = "") -> None:
    """Raise VerifyException unless a window along `spatial` dimensions is described in as many numbers; `pairs` are
    further fields like the stride, called `also`."""
    stride, padding, dilation = geometry
    if any(len(each) != spatial for each in (stride, dilation, *pairs)) or len(padding) != 2 * spatial:
        entries, sides = NUMBERS.get(spatial, str(spatial)), NUMBERS.get(2 * spatial, str(2 * spatial))
        what = f"stride, dilation and {also}" if also else "stride and dilation"
        raise VerifyException(f"{what} take {entries} entries, padding takes {sides} ({SIDES[spatial]})")


def window_output(
    size: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int] | None = None,
    *,
    ceil: bool = False,
) -> tuple[int, ...]:
    """Height and width of the result, depth before them in a volume; `padding` is top, left, bottom, right. With `ceil`
    a last window may reach beyond the padded image if it begins before its padding on the right or below. Raises
    VerifyException."""
    rank = len(size)
    apart = (1,) * rank if dilation is None else tuple(dilation)
    check_counts(Geometry(tuple(stride), tuple(padding), apart), rank)
    if min(stride) < 1 or min(apart) < 1 or min(padding) < 0:
        raise VerifyException("stride and dilation must be positive and padding must not be negative")
    padded = [whole + padding[i] + padding[i + rank] for i, whole in enumerate(size)]
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, apart, strict=True)]
    if any(covered > whole for covered, whole in zip(extent, padded, strict=True)):
        raise VerifyException(
            f"the result would be empty: the window covers {' x '.join(map(str, extent))} "
            f"and the padded input has {' x '.join(map(str, padded))}"
        )
    found = [(padded[i] - extent[i]) // stride[i] + 1 for i in range(rank)]
    if ceil:
        for i in range(rank):
            reaches_beyond = (padded[i] - extent[i]) % stride[i] > 0
            found[i] += reaches_beyond and found[i] * stride[i] < size[i] + padding[i]
    return tuple(found)


def window_index(stride: Sequence[int], padding: Sequence[int], dilation: Sequence[int]) -> tuple[Affine, ...]:
    """The input row and column that output (oh, ow) reads at kernel position (kh, kw); the depth first in a volume."""
    rank = len(stride)
    return tuple(
        [
            affine((position, step), (tap, apart), constant=-before)
            for position, tap, step, apart, before in zip(
                along("o", rank), along("k", rank), stride, dilation, padding[:rank], strict=True
            )
        ]
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
) -> tuple[tuple[Run, ...], ...]:
    """For the rows and the columns of windows how many of their places lie in the image, or in the padded image if
    `padding_counts`. Raises VerifyException where too many windows reach beyond it."""
    rank = len(size)

    def along_axis(axis: int) -> tuple[Run, ...]:
        first, step, reach = -padding[axis], stride[axis], (kernel[axis] - 1) * dilation[axis]
        begin, end = (-padding[axis], size[axis] + padding[axis + rank]) if padding_counts else (0, size[axis])

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

    return tuple([along_axis(axis) for axis in range(rank)])


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
