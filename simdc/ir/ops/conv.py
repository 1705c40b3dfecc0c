"""Convolution and fully connected layers: the contractions that run on the systolic array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, StringAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, opt_operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from simdc.cost.kernel import Contraction, Loop, Operand, affine
from simdc.ir.attributes import Unit
from simdc.ir.base import TENSOR, LayerOp, make_tensor_type, operand, shape_of, tensor_type, width_bits
from simdc.ir.builder import ModuleBuilder
from simdc.ir.layer_error import LayerError
from simdc.ir.layers import image, layer
from simdc.ir.options import Border, Flag, Freeze, Pair, Positive
from simdc.ir.window import ONES, ZEROS, window_index, window_output

from .free import FlattenOp


@irdl_op_definition
class Conv2DOp(LayerOp):
    """`result[n, oc, oh, ow] = bias[oc] + sum(weight[oc, ic, kh, kw] * input[n, ic, s*oh + d*kh - p, s*ow + d*kw - p])`

    input [n, c, h, w], weight [oc, c/groups, kh, kw], bias [oc]; `padding` is top, left, bottom, right. With groups,
    output channel oc reads the c/groups input channels of its own group only.
    """

    name = "simdc.conv2d"
    UNIT: ClassVar = Unit.CONV
    ROLES: ClassVar = ("ifmap", "weight", "bias")

    input = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    stride = prop_def(DenseArrayBase.constr(i64), default_value=ONES)
    padding = prop_def(DenseArrayBase.constr(i64), default_value=ZEROS)
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
        dilation: Sequence[int] = (1, 1),
        groups: int = 1,
    ):
        n, _, *size = shape_of(input)
        out_channels, _, *kernel = shape_of(weight)
        out = window_output(size, kernel, stride, padding, dilation)
        IRDLOperation.__init__(
            self,
            operands=[input, weight, bias],
            result_types=[make_tensor_type(tensor_type(input).element_type, (n, out_channels, *out))],
            properties={
                "layer": StringAttr(layer),
                "stride": DenseArrayBase.from_list(i64, stride),
                "padding": DenseArrayBase.from_list(i64, padding),
                "dilation": DenseArrayBase.from_list(i64, dilation),
                "groups": IntegerAttr(groups, i64),
            },
        )

    def result_shape(self) -> tuple[int, ...]:
        if len(shape_of(self.input)) != 4 or len(shape_of(self.weight)) != 4:
            raise VerifyException("input and weight must have four dimensions")
        n, channels, *size = shape_of(self.input)
        out_channels, in_channels, *kernel = shape_of(self.weight)
        groups = self.groups.value.data
        if groups < 1 or out_channels % groups or channels != in_channels * groups:
            raise VerifyException(
                f"input has {channels} channels and the weight {out_channels} x {in_channels}: "
                f"they do not go together with groups = {groups}"
            )
        if self.bias is not None and shape_of(self.bias) != (out_channels,):
            raise VerifyException(f"bias has shape {list(shape_of(self.bias))}, expected [{out_channels}]")
        stride, padding, dilation = (field.get_values() for field in (self.stride, self.padding, self.dilation))
        return (n, out_channels, *window_output(size, kernel, stride, padding, dilation))

    def kernel(self) -> Contraction:
        n = shape_of(self.input)[0]
        _, out_channels, oh, ow = shape_of(self.result)
        _, in_channels, kh, kw = shape_of(self.weight)
        groups = self.groups.value.data
        rows, columns = window_index(self.stride.get_values(), self.padding.get_values(), self.dilation.get_values())
        bounds = {"oc": out_channels // groups, "ic": in_channels, "kh": kh, "kw": kw, "n": n, "oh": oh, "ow": ow}
        ifmap = operand("ifmap", self.input, ("n", "ic", rows, columns))
        weight = operand("weight", self.weight, ("oc", "ic", "kh", "kw"))
        bias = None if self.bias is None else operand("bias", self.bias, ("oc",))
        psum = operand("psum", self.result, ("n", "oc", "oh", "ow"), self.accumulator_bits)
        if groups > 1:
            bounds = {"g": groups, **bounds}
            ifmap, psum = _grouped(ifmap, 1, groups), _grouped(psum, 1, groups)
            weight = _grouped(weight, 0, groups)
            bias = None if bias is None else _grouped(bias, 0, groups)
        loops = tuple(Loop(name, bound) for name, bound in bounds.items())
        return Contraction("conv2d", loops, ifmap, weight, psum, width_bits(self.result), bias)


def _grouped(whole: Operand, axis: int, groups: int) -> Operand:
    """The same tensor with its channel dimension split into (group, channel of the group)."""
    shape, index = whole.shape, whole.index
    split = (groups, shape[axis] // groups)
    return Operand(
        whole.name,
        whole.bits,
        (*shape[:axis], *split, *shape[axis + 1 :]),
        (*index[:axis], affine("g"), *index[axis:]),
    )


@irdl_op_definition
class LinearOp(LayerOp):
    """`result[n, oc] = bias[oc] + sum(input[n, ic] * weight[oc, ic])`: input [n, ic], weight [oc, ic], bias [oc]."""

    name = "simdc.linear"
    UNIT: ClassVar = Unit.CONV
    ROLES: ClassVar = ("ifmap", "weight", "bias")

    input = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, layer: str, input: SSAValue, weight: SSAValue, bias: SSAValue | None = None):
        result = make_tensor_type(tensor_type(input).element_type, (shape_of(input)[0], shape_of(weight)[0]))
        IRDLOperation.__init__(
            self, operands=[input, weight, bias], result_types=[result], properties={"layer": StringAttr(layer)}
        )

    def result_shape(self) -> tuple[int, ...]:
        (n, features), (out_features, in_features) = _matrix(self.input), _matrix(self.weight)
        if features != in_features:
            raise VerifyException(f"input has {features} features, the weight expects {in_features}")
        if self.bias is not None and shape_of(self.bias) != (out_features,):
            raise VerifyException(f"bias has shape {list(shape_of(self.bias))}, expected [{out_features}]")
        return (n, out_features)

    def kernel(self) -> Contraction:
        (n, out_features), in_features = shape_of(self.result), shape_of(self.input)[1]
        psum = operand("psum", self.result, ("n", "oc"), self.accumulator_bits)
        return Contraction(
            "linear",
            (Loop("oc", out_features), Loop("ic", in_features), Loop("n", n)),
            operand("ifmap", self.input, ("n", "ic")),
            operand("weight", self.weight, ("oc", "ic")),
            psum,
            ofmap_bits=width_bits(self.result),
            bias=None if self.bias is None else operand("bias", self.bias, ("oc",)),
        )


def _matrix(value: SSAValue) -> tuple[int, int]:
    shape = shape_of(value)
    if len(shape) != 2:
        raise VerifyException(f"expected two dimensions, got shape {list(shape)}")
    return shape[0], shape[1]


@layer
def conv(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    channels: Annotated[Positive, "of the result"],
    kernel: Pair,
    stride: Pair = (1, 1),
    pad: Border = (0, 0, 0, 0),
    dilation: Pair = (1, 1),
    groups: Positive = 1,
    bias: Flag = False,
    freeze: Freeze = False,
) -> SSAValue:
    """Convolution."""
    weight_shape = (channels, max(1, image(x)[1] // groups), *kernel)
    weight = net.parameter(name, "weight", weight_shape, frozen=freeze)
    offset = net.parameter(name, "bias", (channels,), frozen=freeze) if bias else None
    op = Conv2DOp(name, x, weight, offset, stride=stride, padding=pad, dilation=dilation, groups=groups)
    return net.append(op, name)


@layer
def fc(
    net: ModuleBuilder,
    name: str,
    x: SSAValue,
    *,
    features: Annotated[Positive, "of the result"],
    bias: Flag = True,
    freeze: Freeze = False,
) -> SSAValue:
    """A fully connected layer of `[n, features]`; an input of 1x1 pixels is flattened for it."""
    shape = shape_of(x)
    if len(shape) == 4 and shape[2:] == (1, 1):
        x = net.append(FlattenOp(f"{name}.flatten", x), f"{name}.flatten")
    elif len(shape) != 2:
        raise LayerError(f"fc needs [n, features], its input has shape {list(shape)}; put flatten before it")
    weight = net.parameter(name, "weight", (features, shape[1]), frozen=freeze)
    offset = net.parameter(name, "bias", (features,), frozen=freeze) if bias else None
    return net.append(LinearOp(name, x, weight, offset), name)
