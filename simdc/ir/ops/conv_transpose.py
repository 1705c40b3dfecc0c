"""Transposed convolution: a contraction over the input with zeros between its elements."""

from __future__ import annotations

from typing import Annotated, ClassVar

from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Contraction
from simdc.ir.attributes import Unit
from simdc.ir.base import TENSOR, shape_of
from simdc.ir.builder import ModuleBuilder
from simdc.ir.convolution import WindowedOp, check_rank, spread_output
from simdc.ir.gradient import Backward, give_input, give_weight, rule_for
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import image, layer
from simdc.ir.options import Border, Flag, Freeze, Margins, Pair, Positive
from simdc.ir.window import ONES, ZEROS

from .conv import Conv2DOp, Conv2DWeightGradOp, ConvGradOp, ConvolutionOp
from .reduce import give_bias

NO_OUTPUT_PADDING = DenseArrayBase.from_list(i64, (0, 0))


class TransposedConvolutionOp(WindowedOp):
    """A transposed convolution of images or of volumes; `KIND` and `SPATIAL` as those of a convolution."""

    UNIT: ClassVar = Unit.SYSTOLIC
    ROLES: ClassVar = ("ifmap", "weight", "bias")
    KIND: ClassVar[str] = "conv_transpose2d"
    SPATIAL: ClassVar[int] = 2

    input = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    # The first two again: text has the properties of a class before those of its base.
    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS)
    output_padding = prop_def(DenseArrayBase.constr(i64), default_value=NO_OUTPUT_PADDING)
    result = result_def(TENSOR)

    def result_shape(self) -> tuple[int, ...]:
        check_rank(self.SPATIAL, self.input, self.weight)
        n, channels, *size = shape_of(self.input)
        in_channels, out_channels, *kernel = shape_of(self.weight)
        groups = self.group_count
        if groups < 1 or channels != in_channels or channels % groups:
            raise VerifyException(
                f"input has {channels} channels and the weight takes {in_channels}: "
                f"they do not go together with groups = {groups}"
            )
        if self.bias is not None and shape_of(self.bias) != (out_channels * groups,):
            raise VerifyException(f"bias has shape {list(shape_of(self.bias))}, expected [{out_channels * groups}]")
        out = spread_output(size, kernel, self.geometry, self.output_padding.get_values())
        return (n, out_channels * groups, *out)

    def kernel(self) -> Contraction:
        psum_bits = self.accumulator_bits
        return self.spread_convolution(self.KIND, self.input, self.weight, self.result, psum_bits, self.bias)


@irdl_op_definition
class ConvTranspose2DOp(TransposedConvolutionOp):
    """`result[n, oc, s*h + d*kh - p, s*w + d*kw - p] += weight[ic, oc, kh, kw] * input[n, ic, h, w]`, and a bias [oc]

    input [n, ic, h, w], weight [ic, oc/groups, kh, kw]; `padding` is top, left, bottom, right, cut off the result;
    `output_padding` adds rows below and columns on the right. The height is
    `(h - 1)*s + d*(kh - 1) + 1 - top - bottom + output_padding`.
    """

    name = "simdc.conv_transpose2d"


def give_transposed_gradients(
    op: TransposedConvolutionOp, back: Backward, convolution: type[ConvolutionOp], by_weight: type[ConvGradOp]
) -> None:
    """The input's gradient is the convolution that it is the transpose of. For the weight's, the result's gradient
    stands in the place of that convolution's input, the input in that of its gradient."""
    name, upstream = op.layer.data, back.upstream(op.result)
    window = {"stride": op.stride, "padding": op.padding, "dilation": op.dilation, "groups": op.groups}
    if back.needs(op.input):
        give_input(back, op.input, convolution(f"{name}.grad_input", upstream, op.weight, **window))
    if back.needs(op.weight):
        size, kind = shape_of(op.weight)[2:], op.weight.type
        weight = by_weight(f"{name}.grad_weight", upstream, op.input, size=size, result=kind, **window)
        give_weight(back, op.weight, weight)
    give_bias(back, op.bias, f"{name}.grad_bias", upstream)


@rule_for(ConvTranspose2DOp)
def conv_transpose_gradient(op: ConvTranspose2DOp, back: Backward) -> None:
    give_transposed_gradients(op, back, Conv2DOp, Conv2DWeightGradOp)


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
