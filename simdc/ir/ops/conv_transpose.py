"""Transposed convolution: a contraction over the input with zeros between its elements.

The zeros are data, as in the gradient of a convolution with respect to its input, which is the same computation:
stored, moved and multiplied.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Annotated, ClassVar

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, StringAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, opt_operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Contraction, Loop, Operand, affine
from simdc.ir.attributes import Unit
from simdc.ir.base import TENSOR, LayerOp, make_tensor_type, shape_of, tensor_type, width_bits
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import image, layer
from simdc.ir.options import Border, Flag, Freeze, Margins, Pair, Positive
from simdc.ir.window import ONES, ZEROS

NO_OUTPUT_PADDING = DenseArrayBase.from_list(i64, (0, 0))


@irdl_op_definition
class ConvTranspose2DOp(LayerOp):
    """`result[n, oc, s*h + d*kh - p, s*w + d*kw - p] += weight[ic, oc, kh, kw] * input[n, ic, h, w]`, and a bias [oc]

    input [n, ic, h, w], weight [ic, oc/groups, kh, kw]; `padding` is top, left, bottom, right, cut off the result;
    `output_padding` adds rows below and columns on the right. The height is
    `(h - 1)*s + d*(kh - 1) + 1 - top - bottom + output_padding`.
    """

    name = "simdc.conv_transpose2d"
    UNIT: ClassVar = Unit.CONV
    ROLES: ClassVar = ("ifmap", "weight", "bias")

    input = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS)
    output_padding = prop_def(DenseArrayBase.constr(i64), default_value=NO_OUTPUT_PADDING)
    dilation = prop_def(DenseArrayBase.constr(i64), default_value=ONES)
    groups = prop_def(IntegerAttr.constr(i64), default_value=IntegerAttr(1, i64))
    result = result_def(TENSOR)

    def __init__(
        self,
        layer: str,
        input: SSAValue,
        weight: SSAValue,
        bias: SSAValue | None = None,
        *,
        stride: Sequence[int] = (1, 1),
        padding: Sequence[int] = (0, 0, 0, 0),
        output_padding: Sequence[int] = (0, 0),
        dilation: Sequence[int] = (1, 1),
        groups: int = 1,
    ):
        n, _, *size = shape_of(input)
        _, channels, *kernel = shape_of(weight)
        out = spread_output(size, kernel, stride, padding, output_padding, dilation)
        IRDLOperation.__init__(
            self,
            operands=[input, weight, bias],
            result_types=[make_tensor_type(tensor_type(input).element_type, (n, channels * groups, *out))],
            properties={
                "layer": StringAttr(layer),
                "stride": DenseArrayBase.from_list(i64, stride),
                "padding": DenseArrayBase.from_list(i64, padding),
                "output_padding": DenseArrayBase.from_list(i64, output_padding),
                "dilation": DenseArrayBase.from_list(i64, dilation),
                "groups": IntegerAttr(groups, i64),
            },
        )

    def result_shape(self) -> tuple[int, ...]:
        if len(shape_of(self.input)) != 4 or len(shape_of(self.weight)) != 4:
            raise VerifyException("input and weight must have four dimensions")
        n, channels, *size = shape_of(self.input)
        in_channels, out_channels, *kernel = shape_of(self.weight)
        groups = self.groups.value.data
        if groups < 1 or channels != in_channels or channels % groups:
            raise VerifyException(
                f"input has {channels} channels and the weight takes {in_channels}: "
                f"they do not go together with groups = {groups}"
            )
        if self.bias is not None and shape_of(self.bias) != (out_channels * groups,):
            raise VerifyException(f"bias has shape {list(shape_of(self.bias))}, expected [{out_channels * groups}]")
        fields = (self.stride, self.padding, self.output_padding, self.dilation)
        out = spread_output(size, kernel, *(field.get_values() for field in fields))
        return (n, out_channels * groups, *out)

    def kernel(self) -> Contraction:
        return spread_contraction(
            "conv_transpose2d", self.input, self.weight, self.bias, self.result,
            stride=self.stride.get_values(), padding=self.padding.get_values(), dilation=self.dilation.get_values(),
            groups=self.groups.value.data, psum_bits=self.accumulator_bits,
        )  # fmt: skip


def spread_output(
    size: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    output_padding: Sequence[int],
    dilation: Sequence[int],
) -> tuple[int, int]:
    """Height and width of the result. Raises VerifyException."""
    if (len(stride), len(padding), len(dilation), len(output_padding)) != (2, 4, 2, 2):
        raise VerifyException(
            "stride, dilation and output padding take two entries, padding takes four (top, left, bottom, right)"
        )
    if min(stride) < 1 or min(dilation) < 1 or min(padding) < 0 or min(output_padding) < 0:
        raise VerifyException("stride and dilation must be positive and paddings must not be negative")
    if any(extra >= step for extra, step in zip(output_padding, stride, strict=True)):
        raise VerifyException(f"output padding {list(output_padding)} must be smaller than the stride {list(stride)}")
    height, width = (
        (size[i] - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 - padding[i] - padding[i + 2] + output_padding[i]
        for i in (0, 1)
    )
    if height < 1 or width < 1:
        raise VerifyException(
            f"the result would be empty: padding cuts {list(padding)} off and leaves {[height, width]}"
        )
    return height, width


def spread_contraction(
    kind: str,
    image: SSAValue,
    weight: SSAValue,
    bias: SSAValue | None,
    result: SSAValue,
    *,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    groups: int,
    psum_bits: int,
) -> Contraction:
    """A convolution with stride 1 of the zero-dilated `image` [n, ic, h, w] with the kernel [ic, oc/groups, kh, kw]
    turned by half; `stride` is what dilates. Useful are the products of image elements, as many as the convolution has
    that this is the transpose of: more than the loops run through where windows lie in its border altogether."""
    n, channels, h, w = shape_of(image)
    _, out_channels, kh, kw = shape_of(weight)
    height, width = shape_of(result)[2:]
    in_channels = channels // groups
    (top, left, *_), (dh, dw) = padding, dilation
    g = (affine("g"),) if groups > 1 else ()
    split = (groups,) if groups > 1 else ()
    rows = affine("oh", ("kh", dh), constant=top - dh * (kh - 1))
    columns = affine("ow", ("kw", dw), constant=left - dw * (kw - 1))
    ifmap = Operand(
        "ifmap",
        width_bits(image),
        (n, *split, in_channels, (h - 1) * stride[0] + 1, (w - 1) * stride[1] + 1),
        (affine("n"), *g, affine("ic"), rows, columns),
    )
    kernel = Operand(
        "weight",
        width_bits(weight),
        (*split, in_channels, out_channels, kh, kw),
        (*g, affine("ic"), affine("oc"), affine("kh"), affine("kw")),
    )
    psum = Operand(
        "psum",
        psum_bits,
        (n, *split, out_channels, height, width),
        (affine("n"), *g, affine("oc"), affine("oh"), affine("ow")),
    )
    offset = None if bias is None else Operand("bias", width_bits(bias), (*split, out_channels), (*g, affine("oc")))
    bounds = {"g": groups} if groups > 1 else {}
    bounds |= {"oc": out_channels, "ic": in_channels, "kh": kh, "kw": kw, "n": n, "oh": height, "ow": width}
    macs = min(n * channels * h * w * out_channels * kh * kw, prod(bounds.values()))
    loops = tuple(Loop(name, bound) for name, bound in bounds.items())
    return Contraction(kind, loops, ifmap, kernel, psum, width_bits(result), offset, macs=macs)


@layer
def conv_transpose(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    channels: Annotated[Positive, "of the result"],
    kernel: Pair,
    stride: Pair = (1, 1),
    pad: Annotated[Border, "cut off"] = (0, 0, 0, 0),
    output_pad: Annotated[Margins, "added below and on the right"] = (0, 0),
    dilation: Pair = (1, 1),
    groups: Positive = 1,
    bias: Flag = False,
    freeze: Freeze = False,
) -> SSAValue:
    """Transposed convolution."""
    in_channels = image(x)[1]
    if channels % groups:
        raise LayerError(f"{channels} channels cannot be made in {groups} groups", "groups")
    weight = net.parameter(name, "weight", (in_channels, channels // groups, *kernel), frozen=freeze)
    offset = net.parameter(name, "bias", (channels,), frozen=freeze) if bias else None
    op = ConvTranspose2DOp(
        name,
        x,
        weight,
        offset,
        stride=stride,
        padding=pad,
        output_padding=output_pad,
        dilation=dilation,
        groups=groups,
    )
    return net.append(op, name)
