"""The geometry of sliding windows, shared by convolution and pooling."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Affine, affine

ONES = DenseArrayBase.from_list(i64, (1, 1))
ZEROS = DenseArrayBase.from_list(i64, (0, 0, 0, 0))


def window_output(
    size: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int] = (1, 1),
) -> tuple[int, int]:
    """Height and width of the result; `padding` is top, left, bottom, right. Raises VerifyException."""
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
    return (padded[0] - extent[0]) // stride[0] + 1, (padded[1] - extent[1]) // stride[1] + 1


def window_index(
    stride: Sequence[int], padding: Sequence[int], dilation: Sequence[int] = (1, 1)
) -> tuple[Affine, Affine]:
    """The input row and column that output (oh, ow) reads at kernel position (kh, kw)."""
    return (
        affine(("oh", stride[0]), ("kh", dilation[0]), constant=-padding[0]),
        affine(("ow", stride[1]), ("kw", dilation[1]), constant=-padding[1]),
    )
