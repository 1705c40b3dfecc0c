"""Convolutions as contractions: channels in groups, and images with zeros between their elements.

The zeros are data: stored, moved and multiplied. Three pixels with stride 2 are five, `x 0 y 0 z`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import prop_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Contraction, Loop, Operand, affine

from .base import LayerOp, operand, shape_of, width_bits
from .window import NUMBERS, ONES, ZEROS, Geometry, along, check_counts


class WindowedOp(LayerOp):
    """A convolution or a gradient of one: the window's geometry, and channels in groups."""

    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS)
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=ONES)
    groups = prop_def(IntegerAttr.constr(i64), default_value=IntegerAttr(1, i64))

    @property
    def geometry(self) -> Geometry:
        return Geometry(self.stride.get_values(), self.padding.get_values(), self.dilation.get_values())

    @property
    def group_count(self) -> int:
        return self.groups.value.data

    def convolution(
        self,
        kind: str,
        bounds: dict[str, int],
        operands: tuple[Operand, Operand, Operand],
        bias: Operand | None = None,
        macs: int | None = None,
    ) -> Contraction:
        """`operands` are ifmap, weight and psum with the group in a dimension of its own where there are groups;
        `bounds` are those of one group. `macs` may be more than the loops run through, where windows lie in the border
        altogether."""
        outermost = {"g": self.group_count} if self.group_count > 1 else {}
        loops = tuple(Loop(name, bound) for name, bound in (outermost | bounds).items())
        if macs is not None:
            macs = min(macs, prod([loop.bound for loop in loops]))
        return Contraction(kind, loops, *operands, width_bits(self.results[0]), bias, macs=macs)

    def grouped(self, whole: Operand, axis: int) -> Operand:
        """The same tensor with its channel dimension split into (group, channel of the group): 6 channels in 3 groups
        are 3 x 2, and channel 5 is number 1 of group 2."""
        groups, shape, index = self.group_count, whole.shape, whole.index
        if groups == 1:
            return whole
        return whole._replace(
            shape=(*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :]),
            index=(*index[:axis], affine("g"), *index[axis:]),
        )

    def spread_convolution(
        self,
        kind: str,
        image: SSAValue,
        weight: SSAValue,
        result: SSAValue,
        psum_bits: int,
        bias: SSAValue | None = None,
    ) -> Contraction:
        """A convolution with stride 1 of the zero-dilated `image` [n, ic, h, w] with the kernel [ic, oc/groups, kh, kw]
        turned by half; the stride is what dilates. Useful are the products of image elements, as many as the
        convolution has that this is the transpose of."""
        n, channels, *size = shape_of(image)
        _, out_channels, *window = shape_of(weight)
        rank, (stride, padding, dilation) = len(size), self.geometry
        positions, taps = along("o", rank), along("k", rank)
        # Output row 0 begins kh - 1 (dilated) rows above the image; a border of `top` rows has been cut off.
        places = [
            affine(position, (tap, apart), constant=before - apart * (width - 1))
            for position, tap, apart, before, width in zip(
                positions, taps, dilation, padding[:rank], window, strict=True
            )
        ]
        spread = [(length - 1) * step + 1 for length, step in zip(size, stride, strict=True)]
        ifmap = Operand("ifmap", width_bits(image), (n, channels, *spread), (affine("n"), affine("ic"), *places))
        kernel = operand("weight", weight, ("ic", "oc", *taps))
        psum = operand("psum", result, ("n", "oc", *positions), psum_bits)
        offset = None if bias is None else self.grouped(operand("bias", bias, ("oc",)), 0)
        bounds = {"oc": out_channels, "ic": channels // self.group_count, **dict(zip(taps, window, strict=True))}
        bounds |= {"n": n, **dict(zip(positions, shape_of(result)[2:], strict=True))}
        split = (self.grouped(ifmap, 1), self.grouped(kernel, 0), self.grouped(psum, 1))
        return self.convolution(kind, bounds, split, offset, prod((n, channels, *size, out_channels, *window)))


def check_rank(spatial: int, *values: SSAValue) -> None:
    """Raise VerifyException unless the input and the weight of a convolution have all dimensions."""
    if any(len(shape_of(value)) != 2 + spatial for value in values):
        raise VerifyException(f"input and weight must have {NUMBERS[2 + spatial]} dimensions")


def spread_output(
    size: Sequence[int], kernel: Sequence[int], geometry: Geometry, output_padding: Sequence[int]
) -> tuple[int, ...]:
    """Height and width of a transposed convolution, depth before them in a volume. Raises VerifyException."""
    stride, padding, dilation = geometry
    rank = len(size)
    check_counts(geometry, rank, output_padding, also="output padding")
    if min(stride) < 1 or min(dilation) < 1 or min(padding) < 0 or min(output_padding) < 0:
        raise VerifyException("stride and dilation must be positive and paddings must not be negative")
    if any(extra >= step for extra, step in zip(output_padding, stride, strict=True)):
        raise VerifyException(f"output padding {list(output_padding)} must be smaller than the stride {list(stride)}")
    # 3 rows with stride 2 spread over 5; a window of 3 adds 2 rows, a border of 1 on both sides cuts 2 off: 5 rows.
    found = [
        (size[i] - 1) * stride[i]
        + dilation[i] * (kernel[i] - 1)
        + 1
        - padding[i]
        - padding[i + rank]
        + output_padding[i]
        for i in range(rank)
    ]
    if min(found) < 1:
        raise VerifyException(f"the result would be empty: padding cuts {list(padding)} off and leaves {found}")
    return tuple(found)
